"""Which XML there are, and whether they changed: folders are listed again only if they changed themselves."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .file_states import Job, States
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
    parts = [part for part in parts if part.folders] or [XmlFolders.of({})]
    if len(parts) == 1:
        return parts[0]
    columns = ("mtime_ns", "byte_size", "stamps")
    return XmlFolders(
        [folder for part in parts for folder in part.folders],
        np.concatenate([part.count for part in parts]),
        join_texts([part.names for part in parts]),
        *(np.concatenate([getattr(part, key) for part in parts]) for key in columns),
    )


class FolderLook:
    """A look into folders: what is known of one that has not changed, else what is in it.

    Attributes:
        known: those that need not be listed if they haven't changed, as they were.
        knows_all: whether these are all.
        jobs: whose states tell whether they changed, for :class:`dnt_d2.data.file_states.StateReader`.
    """

    def __init__(self, root: str, part: str, folders: Sequence[str], shelf: Shelf) -> None:
        """
        Args:
            root, part: of the tree.
            folders: below ``Annotations/<part>``.
            shelf: with what is known about them.
        """
        self.root, self.part, self.folders = root, part, folders
        # Of videos it must be known, too, that images and XML are the same.
        reliable = np.all(shelf.stamps[:, : 4 if part == "VID" else 2] >= 0, axis=1).tolist()
        places = [shelf.folders[folder] for folder in folders if folder in shelf.folders]
        self.known = on_shelf(shelf, np.array([place for place in places if reliable[place]], np.int64))
        self.knows_all = len(self.known.folders) == len(folders)
        self.jobs = list(_jobs(f"{root}/Annotations/{part}/", self.known))
        if part == "VID":
            self.jobs += [(os.fsencode(f"{root}/Data/{part}/{folder}"), b"", 0) for folder in self.known.folders]

    def found(self, states: States) -> XmlFolders:
        """The XML there are.

        Args:
            states: of ``jobs``.
        """
        known = self.known
        own, images = np.split(states.folders, [len(known.folders)])
        stamps = np.hstack([own, images if self.part == "VID" else np.full_like(own, -1)])
        now = replace(known, mtime_ns=states.mtime_ns, byte_size=states.byte_size)
        same = now.take(np.flatnonzero((stamps == known.stamps).all(axis=1)))
        found = join_folders([same, _list_anew(self.root, self.part, self.folders, same)])
        place = {folder: i for i, folder in enumerate(found.folders)}
        return found.take(np.array([place[folder] for folder in self.folders], np.int64))


def _jobs(top: str, files: XmlFolders) -> Iterator[Job]:
    block, extension, count = files.names.block.tobytes(), XML.encode(), files.count
    start, end = np.zeros_like(count), np.zeros_like(count)  # of the run of names of each folder
    some = np.flatnonzero(count)
    start[some] = files.names.start[files.starts[some]]
    end[some] = files.names.end[files.starts[some] + count[some] - 1]
    for folder, a, b, n in zip(files.folders, start.tolist(), end.tolist(), count.tolist(), strict=True):
        names = block[a:b].replace(b"/", extension + b"/") + extension if n else b""
        yield os.fsencode(top + folder), names, n


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
