"""Checks of what is there: videos, frames, images, annotations, by name and size alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tqdm import tqdm

from ..layout import IMAGE_EXTENSION
from ..listing import Listing, list_files
from ..xml_cache import XML
from .findings import ERROR, WARNING, Finding, found
from .sets import ListedSet

AGAIN = "unpack the archive again"


@dataclass
class Folder:
    """A video, or a folder of stills.

    Attributes:
        part, path: "VID" or "DET", and the path below ``Data/<part>``.
        images, annotations: what is in it.
        strays: other files.
        wanted: the names of listed images; of a video of which all frames are listed, None.
    """

    part: str
    path: str
    images: Listing
    annotations: Listing
    strays: list[str]
    wanted: set[str] | None

    @property
    def needs_annotations(self) -> bool:
        """For the negatives of ILSVRC2013 none were published."""
        return "_train_extra" not in self.path


def look_at_folders(root: str, sets: Sequence[ListedSet]) -> list[Folder]:
    """List every folder that a list names, once."""
    wanted: dict[tuple[str, str], set[str] | None] = {}
    for listed in sets:
        for path, names in listed.folders.items():
            before = wanted.setdefault((listed.part, path), set())
            wanted[listed.part, path] = None if names is None or before is None else before | set(names)
    bar = tqdm(wanted.items(), desc="folders", unit="", delay=1, disable=None)
    return [_look(root, part, path, names) for (part, path), names in bar]


def _look(root: str, part: str, path: str, wanted: set[str] | None) -> Folder:
    data, annotations = f"{root}/Data/{part}/{path}", f"{root}/Annotations/{part}/{path}"
    images, strays = _list(data, IMAGE_EXTENSION)
    xml, more_strays = _list(annotations, XML)
    return Folder(part, path, images, xml, strays + more_strays, wanted)


def _list(folder: str, extension: str) -> tuple[Listing, list[str]]:
    """The files of one kind, and the paths of others; of a folder that can't be read, none."""
    try:
        others = [name for name in sorted(os.listdir(folder)) if not name.endswith(extension)]
        return list_files(folder, extension), [f"{folder}/{x}" for x in others if not os.path.isdir(f"{folder}/{x}")]
    except OSError:
        return Listing([], [], []), []


def check_folders(root: str, folders: Sequence[Folder]) -> Iterator[Finding]:
    """All checks of this file."""
    videos = [folder for folder in folders if folder.part == "VID"]
    yield from _missing_videos(root, videos)
    yield from _missing_files(root, folders)
    yield from _numbers(root, videos)
    yield from _empty_images(root, folders)
    strays = [path for folder in folders for path in folder.strays]
    yield from found(WARNING, "files that belong to nothing", strays, "remove them; they are not read")


def _missing_videos(root: str, videos: Sequence[Folder]) -> Iterator[Finding]:
    for top, attribute, what in (("Data", "images", "frames"), ("Annotations", "annotations", "annotations")):
        gone = [f"{root}/{top}/VID/{v.path}" for v in videos if not getattr(v, attribute).names]
        yield from found(ERROR, f"listed videos without {what}", gone, f"{AGAIN}, or take them out of the list")


def _missing_files(root: str, folders: Sequence[Folder]) -> Iterator[Finding]:
    images: list[str] = []
    annotations: list[str] = []
    for folder in folders:
        there, described = set(folder.images.names), set(folder.annotations.names)
        needed = set(folder.wanted or ())
        if folder.part == "VID":
            if not there or not described:  # is a finding of its own
                continue
            needed |= there | described
        images += [f"{root}/Data/{folder.part}/{folder.path}/{x}{IMAGE_EXTENSION}" for x in sorted(needed - there)]
        if folder.needs_annotations:
            place = f"{root}/Annotations/{folder.part}/{folder.path}"
            annotations += [f"{place}/{x}{XML}" for x in sorted(needed - described)]
    yield from found(ERROR, "images missing that are listed or annotated", images, AGAIN)
    remedy = f"{AGAIN}; an image without objects needs an XML without <object>"
    yield from found(ERROR, "annotations missing", annotations, remedy)


def _numbers(root: str, videos: Sequence[Folder]) -> Iterator[Finding]:
    odd: list[str] = []
    gaps: list[str] = []
    for video in videos:
        names = set(video.images.names) | set(video.annotations.names)
        place = f"{root}/Data/VID/{video.path}"
        odd += [f"{place}/{name}" for name in sorted(names) if not name.isdecimal()]
        numbers = sorted(int(name) for name in names if name.isdecimal())
        gaps += [
            f"{place}: no frames {before + 1} to {after - 1}"
            for before, after in pairwise(numbers)
            if after > before + 1
        ]
    yield from found(ERROR, "frames whose names are no numbers", odd, f"rename them: 000000{IMAGE_EXTENSION}, ...")
    yield from found(ERROR, "gaps in the numbers of frames", gaps, f"{AGAIN}, or number frames without gaps")


def _empty_images(root: str, folders: Sequence[Folder]) -> Iterator[Finding]:
    empty = [
        f"{root}/Data/{folder.part}/{folder.path}/{name}{IMAGE_EXTENSION}"
        for folder in folders
        for name, size in zip(folder.images.names, folder.images.byte_size, strict=True)
        if size <= 0
    ]
    yield from found(ERROR, "images that are empty, or links to nowhere", empty, AGAIN)


def check_unlisted(root: str, sets: Sequence[ListedSet], on_disk: Sequence[str]) -> Iterator[Finding]:
    """Videos on the disk (paths below ``Data/VID``) that no list names."""
    listed = {path for x in sets if x.part == "VID" for path in x.folders}
    unlisted = [f"{root}/Data/VID/{path}" for path in on_disk if path not in listed]
    yield from found(WARNING, "videos that no list names", unlisted, "list them if you want them to be used")


def check_shared(root: str, sets: Sequence[ListedSet], folders: Sequence[Folder]) -> Iterator[Finding]:
    """Videos that are trained and validated on, also where they lie in different folders: the same are those whose own
    name, and whose images by name and size, are the same. (A camera's name may well be that of many videos.)"""
    images = {folder.path: folder.images for folder in folders if folder.part == "VID"}
    paths: dict[bool, set[str]] = {True: set(), False: set()}
    for listed in sets:
        if listed.part == "VID" and listed.name.startswith(("train", "val")):
            paths[listed.is_training].update(listed.folders)
    validated: dict[str, list[str]] = {}
    for path in sorted(paths[False]):
        validated.setdefault(os.path.basename(path), []).append(path)
    shared = [
        f"{root}/Data/VID/{path} and {other}"
        for path in sorted(paths[True])
        for other in validated.get(os.path.basename(path), [])
        if path == other or _same_files(images[path], images[other])
    ]
    yield from found(ERROR, "videos in both training and validation", shared, "take them out of one of the lists")


def _same_files(a: Listing, b: Listing) -> bool:
    return bool(a.names) and a.names == b.names and a.byte_size == b.byte_size
