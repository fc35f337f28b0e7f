"""Which XML there are, and whether they changed: folders are listed again only if they changed themselves."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .file_states import Job, StateReader
from .layout import has_all_images
from .listing import Listing, list_files
from .stat_files import stat_folder
from .texts import Texts, join_texts
from .xml_shelf import Shelf
from .xml_table import Ints, runs

XML = ".xml"

# A folder that changed so shortly before it was listed may change again without another time of change.
_TICK_NS = 2_000_000_000


@dataclass
class XmlFolders:
    """F folders with N XML files in all.

    Attributes:
        folders: their paths below ``Annotations/<part>``.
        count: (F,) files of each.
        names: (N,) without extension, sorted within a folder.
        mtime_ns, byte_size: (N,) of each file; -1 for one that is there in name only.
        stamps: (F, 4): when the folder changed, when its entry did (ns, of :func:`dnt_d2.data.stat_files.stat_folder`),
            and the same of the folder of images, before all was listed. -1 stands for a time that can't be relied on;
            of images also where they are not those of the XML, numbered without gaps.
    """

    folders: list[str]
    count: Ints
    names: Texts
    mtime_ns: Ints
    byte_size: Ints
    stamps: Ints

    @property
    def starts(self) -> Ints:
        """(F,) the first file of each folder."""
        return np.cumsum(self.count) - self.count

    @classmethod
    def of(cls, listings: Mapping[str, Listing], stamps: Sequence[Sequence[int]] = ()) -> XmlFolders:
        """Folders that were listed; without ``stamps`` they are listed again next time, too."""
        each = listings.values()
        return cls(
            list(listings),
            np.array([len(listing.names) for listing in each], np.int64),
            Texts.of([name for listing in each for name in listing.names]),
            np.array([time for listing in each for time in listing.mtime_ns], np.int64),
            np.array([size for listing in each for size in listing.byte_size], np.int64),
            np.array(stamps, np.int64) if stamps else np.full((len(listings), 4), -1, np.int64),
        )

    def take(self, places: Ints) -> XmlFolders:
        """These folders, in this order."""
        if np.array_equal(places, np.arange(len(self.folders))):
            return self
        rows = runs(self.starts[places], self.count[places])
        return XmlFolders(
            [self.folders[place] for place in places.tolist()],
            self.count[places],
            self.names.take(rows),
            self.mtime_ns[rows],
            self.byte_size[rows],
            self.stamps[places],
        )


def join_folders(parts: Sequence[XmlFolders]) -> XmlFolders:
    """All folders, part by part."""
    if len(parts) == 1:
        return parts[0]
    parts = parts or [XmlFolders.of({})]
    columns = ("mtime_ns", "byte_size", "stamps")
    return XmlFolders(
        [folder for part in parts for folder in part.folders],
        np.concatenate([part.count for part in parts]),
        join_texts([part.names for part in parts]),
        *(np.concatenate([getattr(part, key) for part in parts]) for key in columns),
    )


def look_into_folders(
    root: str, part: str, groups: Sequence[tuple[Sequence[str], Shelf]], reader: StateReader
) -> list[XmlFolders]:
    """The XML of some folders: those known of a folder that has not changed, else those that are in it.

    Args:
        root, part: of the tree.
        groups: folders below ``Annotations/<part>``, and the shelf with what is known about them.
        reader: of the states of folders and files.
    """
    known = [_known(shelf, folders, part) for folders, shelf in groups]
    jobs = [job for (_, shelf), places in zip(groups, known, strict=True) for job in _jobs(root, part, shelf, places)]
    images = [
        (os.fsencode(f"{root}/Data/{part}/{folder}"), b"", 0) for folder in _names(groups, known) if part == "VID"
    ]
    states = reader.read([*jobs, *images])
    is_folder = np.zeros(len(states) - len(images), bool)
    is_folder[np.cumsum([0, *(1 + count for _, _, count in jobs)])[:-1]] = True
    own, files = states[: len(is_folder)][is_folder], states[: len(is_folder)][~is_folder]
    stamps = np.hstack([own, states[len(is_folder) :] if images else np.full_like(own, -1)])
    result: list[XmlFolders] = []
    for (folders, shelf), places in zip(groups, known, strict=True):
        before = on_shelf(shelf, np.array(places, np.int64))
        of_these, stamps = stamps[: len(places)], stamps[len(places) :]
        before.mtime_ns, before.byte_size = files[: len(before.names)].T
        files = files[len(before.names) :]
        same = before.take(np.flatnonzero((of_these == before.stamps).all(axis=1)))
        result.append(_in_order(folders, same, _list_anew(root, part, folders, same)))
    return result


def _known(shelf: Shelf, folders: Sequence[str], part: str) -> list[int]:
    """The places on the shelf of those folders that need not be listed if they haven't changed."""
    reliable = np.all(shelf.stamps[:, : 4 if part == "VID" else 2] >= 0, axis=1).tolist()
    places = (shelf.folders.get(folder) for folder in folders)
    return [place for place in places if place is not None and reliable[place]]


def _names(groups: Sequence[tuple[Sequence[str], Shelf]], places: Sequence[Sequence[int]]) -> Iterator[str]:
    for (_, shelf), some in zip(groups, places, strict=True):
        folders = list(shelf.folders)
        yield from (folders[place] for place in some)


def _jobs(root: str, part: str, shelf: Shelf, places: Sequence[int]) -> Iterator[Job]:
    folders, files = list(shelf.folders), shelf.files
    edges = shelf.ends.tolist()
    block, start, end = files.block.tobytes(), files.start.tolist(), files.end.tolist()
    top, extension = os.fsencode(f"{root}/Annotations/{part}/"), XML.encode()
    for place in places:
        first, last = edges[place], edges[place + 1]
        folder = top + os.fsencode(folders[place])
        if last > first:
            names = block[start[first] : end[last - 1]].replace(b"/", extension + b"/") + extension
            yield folder, names, last - first
        else:
            yield folder, b"", 0


def on_shelf(shelf: Shelf, places: Ints) -> XmlFolders:
    """What is known about some folders; the states of the files are those of the last reading."""
    table, count = shelf.table, np.diff(shelf.ends)
    return XmlFolders(list(shelf.folders), count, shelf.files, table.mtime_ns, table.byte_size, shelf.stamps).take(
        places
    )


def _list_anew(root: str, part: str, folders: Sequence[str], known: XmlFolders) -> XmlFolders:
    """The folders that are not among the known."""
    listings: dict[str, Listing] = {}
    stamps: list[tuple[int, ...]] = []
    done = set(known.folders)
    for folder in folders:
        if folder in done:
            continue
        own, images = (os.fsencode(f"{root}/{top}/{part}/{folder}") for top in ("Annotations", "Data"))
        # Before the listing: a change after this moment gives the folder another stamp.
        limit = time.time_ns() - _TICK_NS
        stamp, image_stamp = stat_folder(own), stat_folder(images)
        listing = list_files(os.fsdecode(own), XML)
        listings[folder] = listing
        if part != "VID" or max(image_stamp) > limit or not has_all_images(os.fsdecode(images), listing.names):
            image_stamp = (-1, -1)
        stamps.append((*(stamp if max(stamp) < limit else (-1, -1)), *image_stamp))
    return XmlFolders.of(listings, stamps)


def _in_order(folders: Sequence[str], *parts: XmlFolders) -> XmlFolders:
    found = join_folders([part for part in parts if part.folders])
    place = {folder: i for i, folder in enumerate(found.folders)}
    return found.take(np.array([place[folder] for folder in folders], np.int64))
