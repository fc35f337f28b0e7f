"""Which release of ImageNet VID a tree is, and whether it is all there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from .counts import SetCounts
from .findings import ERROR, NOTE, WARNING, Finding
from .sets import ListedSet

# Videos, frames, boxes (unknown for training) of ILSVRC2015.
_EXPECTED = {"train": (3862, 1_122_397, 0), "val": (555, 176_126, 273_505)}

_VAL_BOXES = (
    *(26387, 7968, 9780, 8854, 9862, 6313, 26690, 11365, 20237, 11629, 11934, 9092, 7593, 5476, 7939),
    *(2840, 5972, 10654, 1139, 5898, 1149, 4405, 6393, 12088, 2614, 13095, 5761, 6089, 7379, 6910),
)
"""Of each class, in class order."""


def name_release(root: str, sets: Sequence[ListedSet]) -> str:
    """What the tree is, going by a file of ours and by the names of its videos."""
    if os.path.isfile(f"{root}/minivid.json"):
        return "MiniVID"
    names = [path for listed in sets if listed.part == "VID" for path in listed.folders]
    for release in ("ILSVRC2017", "ILSVRC2015"):
        if any(f"{release}_" in name for name in names):
            return release
    return "layout of ILSVRC2015, names of its own"


def check_root(root: str) -> Iterator[Finding]:
    """Whether this is the folder that holds Data, Annotations and ImageSets."""
    if os.path.isdir(f"{root}/Data"):
        return
    inner = [name for name in sorted(os.listdir(root)) if os.path.isdir(f"{root}/{name}/Data")]
    remedy = "give the folder that holds Data, Annotations and ImageSets"
    if inner:
        remedy += f": {root}/{inner[0]}?"
    elif os.path.isdir(f"{root}/../Data"):
        remedy += f": {os.path.abspath(f'{root}/..')}?"
    yield Finding(ERROR, "no folder Data", 1, root, remedy)


def check_release(root: str, release: str, counts: Sequence[SetCounts]) -> Iterator[Finding]:
    """Whether it is the release that published numbers are of, and complete.

    A tree that has videos of ILSVRC2015, but less than half of them, is taken for a part on purpose.
    """
    if release == "ILSVRC2017":
        remedy = "take ILSVRC2015 to compare with published numbers; its lists do not fit other releases"
        yield Finding(WARNING, "release 2017 instead of 2015", 1, root, remedy)
    if release != "ILSVRC2015":
        return
    for count in counts:
        name = count.name.split(" ")[0]
        if count.part == "VID" and name in _EXPECTED and count.official:
            yield from _compare(count, name)


def _compare(count: SetCounts, name: str) -> Iterator[Finding]:
    videos, frames, boxes = _EXPECTED[name]
    if 2 * count.videos < videos:
        what = f"VID {name}: a part of ILSVRC2015, {count.videos} of {videos} videos"
        yield Finding(NOTE, what, 1, count.example, "none, if you want no more")
        return
    remedy = "unpack the archives again, and the lists of the same release"
    pairs = [("videos", count.videos, videos), ("frames", count.images, frames)]
    if boxes and count.boxes is not None:
        pairs.append(("boxes", sum(count.boxes), boxes))
    for what, there, expected in pairs:
        if there != expected:
            text = f"VID {name}: {there} {what}, ILSVRC2015 has {expected}"
            yield Finding(ERROR, text, abs(there - expected), count.example, remedy)
    if name == "val" and count.boxes is not None and len(count.boxes) == len(_VAL_BOXES):
        wrong = [i for i, (there, n) in enumerate(zip(count.boxes, _VAL_BOXES, strict=True)) if there != n]
        if wrong:
            example = f"class {wrong[0]}: {count.boxes[wrong[0]]} boxes, not {_VAL_BOXES[wrong[0]]}"
            what = "VID val: classes with another number of boxes than in ILSVRC2015"
            yield Finding(ERROR, what, len(wrong), example, remedy)
