"""What the lists of a tree name: the data sets in it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from ..layout import find_folder, list_lines
from ..made_lists import CLASS_LISTS, make_list
from .findings import ERROR, WARNING, Finding, found

MAKE_LISTS = "write the missing ones with --make-lists, or unpack the archive of the lists"


@dataclass
class ListedSet:
    """Videos or stills that are used together.

    Attributes:
        part: "VID" or "DET".
        name: "train", "val" ...: of its list; of the lists by class, "train (by class)".
        folders: below ``Data/<part>``: a video or a folder of stills, with the images listed of it; None for all.
    """

    part: str
    name: str
    folders: dict[str, list[str] | None] = field(default_factory=dict)

    @property
    def is_training(self) -> bool:
        """Whether its name says so."""
        return self.name.startswith("train")


def read_sets(root: str) -> tuple[list[ListedSet], list[Finding]]:
    """All data sets of a tree, and what is wrong with its lists. Lists of tests, which have no annotations, are left
    alone."""
    sets: list[ListedSet] = []
    findings: list[Finding] = []
    for x in chain(_video_sets(root, "VID"), _still_sets(root, "DET")):
        if isinstance(x, Finding):
            findings.append(x)
        else:
            sets.append(x)
    return sets, findings


def _video_sets(root: str, part: str) -> Iterator[ListedSet | Finding]:
    present = _lists_there(root, part)
    by_class = [name for name in CLASS_LISTS if name in present]
    absent = [f"{root}/ImageSets/VID/{name}.txt" for name in CLASS_LISTS if name not in present]
    if by_class:
        yield from found(ERROR, "lists of training videos by class missing while others are there", absent, MAKE_LISTS)
        yield from _read(root, part, "train (by class)", by_class)
    elif "train" not in present:
        yield from _made(root, part, "train", ERROR)
    others = [name for name in present if name not in CLASS_LISTS]
    if not any(name.startswith("val") for name in others):
        yield from _made(root, part, "val", WARNING)
    for name in others:
        yield from _read(root, part, name, [name])


def _still_sets(root: str, part: str) -> Iterator[ListedSet | Finding]:
    present = _lists_there(root, part)
    for name in ("train", "val"):
        if name in present:
            yield from _read(root, part, name, [name])
        elif name == "train" or os.path.isdir(f"{root}/Data/DET/{name}"):
            yield from _made(root, part, name, WARNING)


def _lists_there(root: str, part: str) -> list[str]:
    try:
        files = sorted(os.listdir(f"{root}/ImageSets/{part}"))
    except OSError:
        return []
    return [name[:-4] for name in files if name.endswith(".txt") and not name.startswith("test")]


def _made(root: str, part: str, name: str, severity: str) -> Iterator[ListedSet | Finding]:
    """The set of a list that isn't there, from its folder."""
    paths = make_list(root, part, name)
    missing = f"{root}/ImageSets/{part}/{name}.txt"
    if not paths:
        what = f"{part} {name}: neither lists nor images"
        remedy = {
            "VID": "unpack the archive of the videos; the layout is in datasets/README.md",
            "DET": "unpack DET, or train on videos alone: DATASETS.TRAIN without the stills",
        }
        yield Finding(severity, what, 1, f"{missing}, {root}/Data/{part}/{name}", remedy[part])
        return
    yield Finding(WARNING, f"{part} {name}: no list; its folder is taken", 1, missing, MAKE_LISTS)
    result = ListedSet(part, name)
    for path in paths:
        _add(result, path, whole=part == "VID")
    yield result


class _List(NamedTuple):
    """A list as it was read.

    Attributes:
        file: its path.
        paths: of its entries, below ``Data/<part>``.
        wrong, twice: lines that are no entries, and entries that are there again; with the file.
        leads_somewhere: whether something that it names is there.
        whole: whether it is of whole videos.
    """

    file: str
    paths: list[str]
    wrong: list[str]
    twice: list[str]
    leads_somewhere: bool
    whole: bool


def _read_list(root: str, part: str, name: str) -> _List:
    file = f"{root}/ImageSets/{part}/{name}.txt"
    try:
        lines = list(list_lines(file))
    except (OSError, ValueError) as error:  # the latter names the file
        said = str(error) if isinstance(error, ValueError) else f"{file}: {error}"
        return _List(file, [], [said], [], leads_somewhere=False, whole=False)
    wrong = [f"{file}:{number}: {entry!r}" for number, entry in lines if isinstance(entry, str)]
    paths = [entry[0] for _, entry in lines if not isinstance(entry, str)]
    some = paths[:: max(1, len(paths) // 200)]  # a list may have a million lines
    places = (find_folder(root, part, name, path) for path in some)
    below = next((place for place in places if place is not None), None)
    folder = f"{name.split('_')[0]}/" if below is None else below
    whole = part == "VID" and any(os.path.isdir(f"{root}/Data/VID/{folder}{path}") for path in some)
    twice = [f"{file}: {path}" for path, times in Counter(paths).items() for _ in range(times - 1)]
    return _List(file, [folder + path for path in paths], wrong, twice, below is not None, whole)


def _read(root: str, part: str, name: str, lists: list[str]) -> Iterator[ListedSet | Finding]:
    result, read = ListedSet(part, name), [_read_list(root, part, item) for item in lists]
    for x in read:
        for path in x.paths:
            _add(result, path, whole=x.whole)
    wrong = [line for x in read for line in x.wrong]
    if wrong and not any(x.leads_somewhere for x in read) and not name.startswith(("train", "val")):
        yield from found(WARNING, f"{part} {name}: lines of a list of another kind", wrong, "none: it is not used")
        return
    yield from found(ERROR, f"{part} {name}: lines that are not '<path> <number>'", wrong, "correct the list")
    twice = [entry for x in read for entry in x.twice]
    yield from found(WARNING, f"{part} {name}: entries listed twice", twice, "take them out; they count once")
    if part == "VID":
        yield from _mixed_kinds(name, [x for x in read if x.leads_somewhere])
    yield result


def _mixed_kinds(name: str, lists: list[_List]) -> Iterator[Finding]:
    kinds = {x.whole: x.file for x in lists}
    if len(kinds) == 2:
        what, example = f"VID {name}: some lists are of videos, others of frames", f"{kinds[True]}, {kinds[False]}"
        yield Finding(ERROR, what, 1, example, "let all of them list videos, or all of them frames")


def _add(result: ListedSet, path: str, *, whole: bool) -> None:
    if whole:
        result.folders[path] = None
        return
    folder, _, name = path.rpartition("/")
    names = result.folders.setdefault(folder, [])
    if names is not None:
        names.append(name)
