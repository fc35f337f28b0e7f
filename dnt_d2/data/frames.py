"""From lists and folders to frames: which images there are, and where in the table of XML each one stands."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from ..faults import Leniency
from .annotations import Repairs, UnknownClass, read_annotation
from .frame_dicts import FrameDicts
from .layout import frame_names
from .remaining_frames import MISSING_ANNOTATION, Remaining, chosen_frames, remaining_frames
from .table_annotations import table_annotations, whole_numbers
from .texts import Texts
from .xml_folders import XML, XmlFolders
from .xml_table import Ints, XmlTable

WRONG_ANNOTATION, UNKNOWN_CLASS = "wrong annotation", "unknown class"


@dataclass(frozen=True, eq=False)
class Frames:
    """N frames.

    Attributes:
        folders: (F,) below ``Data/<part>``.
        folder: (N,) the place of each frame's folder among them.
        row: (N,) in the table of all XML of these folders, folder by folder.
        name: (N,) of its image and its XML, without extension.
        image_id: (N,) as listed; None where there is none.
        video_id, frame_index, video_length: (N,) as in dataset dicts.
    """

    folders: list[str]
    folder: Ints
    row: Ints
    name: Texts
    image_id: Ints
    video_id: Ints
    frame_index: Ints
    video_length: Ints


def video_frames(
    root: str,
    videos: Mapping[str, Mapping[str, int | None]],
    found: XmlFolders,
    lenient: Leniency | None = None,
) -> Frames:
    """The listed frames of videos, video by video and in order.

    Args:
        root: of the tree.
        videos: from :func:`dnt_d2.data.layout.listed_videos`.
        found: the XML of each video, in the same order.
        lenient: passes over what is missing, see :func:`.remaining_frames.remaining_frames`; None makes it an error.

    Raises:
        FileNotFoundError, ValueError: as :func:`dnt_d2.data.layout.frame_names`; or a listed frame is missing.
    """
    complete = np.all(found.stamps[:, 2:] >= 0, axis=1).tolist()
    starts, counts = found.starts.tolist(), found.count.tolist()
    numbers = np.arange(max(counts, default=0))
    if all(complete) and not any(videos.values()):
        return _all_frames(list(videos), found)
    places: list[Ints] = []
    rows: list[Ints] = []
    ids: list[int | None] = []
    lengths: list[int] = []
    for i, (video, wanted) in enumerate(videos.items()):
        place = order = numbers[: counts[i]]
        length = counts[i]
        if wanted or not complete[i]:
            known = found.names.part(starts[i], starts[i] + counts[i])
            names, places_of, length = _found(root, video, known, complete[i], not wanted, lenient)
            order = order if names == known else _places(names, known)
            if wanted:
                # A video that is gone counts once, not frame by frame.
                chosen = chosen_frames(names, wanted if names else (), root, video, lenient)
                ids += [wanted[names[k]] for k in chosen.tolist()]
                places_of, order = places_of[chosen], order[chosen]
            place = places_of
        ids += [] if wanted else [None] * len(place)
        places.append(place)
        rows.append(order)
        lengths.append(length)
    count = np.array([len(place) for place in places], np.int64)
    video_id = np.repeat(np.arange(len(places)), count)
    row = _join(rows) + found.starts[video_id]
    return Frames(
        list(videos),
        video_id,
        row,
        found.names.take(row),
        whole_numbers(ids),
        video_id,
        _join(places),
        np.array(lengths, np.int64)[video_id],
    )


def _all_frames(videos: list[str], found: XmlFolders) -> Frames:
    """Of whole videos about which all is known: at once, since a start waits for it."""
    rows = np.arange(len(found.names))
    video_id = np.repeat(np.arange(len(videos)), found.count)
    ids = np.full(len(rows), None)
    return Frames(
        videos, video_id, rows, found.names, ids, video_id, rows - found.starts[video_id], found.count[video_id]
    )


def _places(names: Sequence[str], known: Sequence[str]) -> Ints:
    place = {name: k for k, name in enumerate(known)}
    return np.array([place[name] for name in names], np.int64)


def _found(root: str, video: str, known: list[str], complete: bool, count: bool, lenient: Leniency | None) -> Remaining:
    """The frames of one video."""
    if lenient is not None and not complete:
        return remaining_frames(root, video, known, lenient, count=count)
    names = known if complete else frame_names(root, video, known)
    return Remaining(names, np.arange(len(names)), len(names))


def still_frames(
    root: str, paths: Mapping[str, int | None], found: XmlFolders, lenient: Leniency | None = None
) -> Frames:
    """Listed stills that have an annotation; those of ``ILSVRC2013_train_extra<n>`` need none.

    Args:
        root: of the tree.
        paths: of the images, below ``Data/DET`` and without extension, with their ids.
        found: the XML of each of their folders.
        lenient: passes over stills without an annotation, to train on; None makes them an error.

    Raises:
        FileNotFoundError: an annotation is missing.
    """
    folder = np.repeat(np.arange(len(found.folders)), found.count)
    prefixes = [os.path.join(folder, "") if folder else "" for folder in found.folders]
    names = found.names.part(0, len(found.names))
    row = {prefixes[k] + name: i for i, (k, name) in enumerate(zip(folder.tolist(), names, strict=True))}
    for path in paths.keys() - row.keys():
        if "_train_extra" not in path:
            _need_annotation(f"{root}/Annotations/DET/{path}{XML}", lenient)
    rows = np.array([row[path] for path in paths if path in row], np.int64)
    ids = [number for path, number in paths.items() if path in row]
    return Frames(
        found.folders,
        folder[rows],
        rows,
        found.names.take(rows),
        whole_numbers(ids),
        np.arange(len(rows)),
        np.zeros(len(rows), np.int64),
        np.ones(len(rows), np.int64),
    )


def _need_annotation(path: str, lenient: Leniency | None) -> None:
    try:
        read_annotation(path, {}, Repairs(), still=True)  # says what is missing
    except FileNotFoundError as error:
        if lenient is None or lenient.testing:
            raise
        lenient.pass_over(MISSING_ANNOTATION, path, error)


def make_dicts(
    root: str,
    part: str,
    frames: Frames,
    table: XmlTable,
    classes: Mapping[str, int],
    repairs: Repairs,
    lenient: Leniency | None = None,
) -> FrameDicts:
    """The dataset dict of each frame.

    Args:
        root: of the tree.
        part: "VID" or "DET"; see ``still`` in :func:`dnt_d2.data.annotations.read_annotation`.
        frames: with their rows in the table.
        table: from :func:`dnt_d2.data.xml_cache.read_folders`.
        classes, repairs: as in :func:`dnt_d2.data.annotations.read_annotation`.
        lenient: passes over frames whose annotation is wrong, to train on: they are left out. None makes it an error.

    Raises:
        ValueError: an annotation is wrong; the message names the file.
    """

    def path(n: int) -> str:
        return f"{root}/Annotations/{part}/{os.path.join(frames.folders[int(frames.folder[n])], frames.name[n])}{XML}"

    wrong: list[int] = []

    def leave_out(n: int, error: Exception) -> None:
        assert lenient is not None
        wrong.append(n)
        lenient.pass_over(UNKNOWN_CLASS if isinstance(error, UnknownClass) else WRONG_ANNOTATION, path(n), error)

    to_train = lenient is not None and not lenient.testing
    annotations = table_annotations(
        table.take(frames.row), path, classes, repairs, still=part == "DET", failed=leave_out if to_train else None
    )
    dicts = FrameDicts(
        [f"{root}/Data/{part}/{os.path.join(folder, '')}" for folder in frames.folders],
        frames.folder,
        frames.name,
        frames.image_id,
        frames.video_id,
        frames.frame_index,
        frames.video_length,
        annotations,
    )
    return dicts.take(np.delete(np.arange(len(dicts)), wrong)) if wrong else dicts


def _join(columns: Sequence[Ints]) -> Ints:
    return np.concatenate([np.empty(0, np.int64), *columns])


@contextmanager
def no_collection() -> Iterator[None]:
    """Without the collector of cycles: it would look through millions of new dicts, again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
