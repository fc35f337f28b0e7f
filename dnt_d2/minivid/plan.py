"""Which classes meet in which video, and where its files go: drawn for a whole split at once, so that it is even."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .settings import MiniVIDSettings
from .sprites import Split

STREAMS = {"train": 1, "val_seen": 2, "val_novel": 3, "stills": 4}
TRAIN_FOLDER, STILL_FOLDER = "ILSVRC2015_VID_train_0000", "ILSVRC2014_train_0000"


@dataclass(frozen=True)
class Plan:
    """One video or still.

    Attributes:
        split: "train", "val_seen", "val_novel" or "stills".
        number: in its split, from 0.
        folder: of a video, below `Data/VID/train` or `Data/VID/val`; the name of a still, below `Data/DET/train`.
        classes: of its objects; the index is the track id.
    """

    split: str
    number: int
    folder: str
    classes: tuple[str, ...]


def generator(seed: int, stream: str, number: int) -> np.random.Generator:
    """The generator of one video or still; they are independent of each other, and of who paints which."""
    return np.random.default_rng([seed, STREAMS[stream], number])


def pictures_of(stream: str) -> Split:
    """The split of the picture source from which a stream is painted."""
    return "val_seen" if stream == "val_seen" else "val_novel" if stream == "val_novel" else "train"


def plan_stream(stream: str, classes: Sequence[str], settings: MiniVIDSettings) -> list[Plan]:
    """Plan all videos of a split, or all stills.

    The first object of each goes round all classes, in a new order each round; so do the others. A fixed share of the
    videos, spread evenly, holds two of its first class.
    """
    count = settings.stills if stream == "stills" else settings.videos(pictures_of(stream))
    if count and not classes:
        raise ValueError(
            f"MiniVID: the picture source has no cut-outs for {stream}: choose other classes, or none of these"
        )
    rng = np.random.default_rng([settings.seed, 0, STREAMS[stream]])  # no stream is 0: no item draws the same
    first, others = _rounds(classes, rng), _rounds(classes, rng)
    weights = np.array(settings.objects_weights) / sum(settings.objects_weights)
    plans = []
    for number in range(count):
        cast = [next(first)]
        objects = 1 + int(rng.choice(4, p=weights))
        if int((number + 1) * settings.twins_share) > int(number * settings.twins_share):
            cast, objects = cast * 2, max(objects, 2)
        cast += [next(others) for _ in range(objects - len(cast))]
        plans.append(Plan(stream, number, _folder(stream, number, settings), tuple(cast)))
    return plans


def _rounds(classes: Sequence[str], rng: np.random.Generator) -> Iterator[str]:
    while True:
        for index in rng.permutation(len(classes)):
            yield classes[index]


def _folder(stream: str, number: int, settings: MiniVIDSettings) -> str:
    if stream == "stills":
        return f"{STILL_FOLDER}/ILSVRC2014_train_{number:08d}"
    if stream == "train":
        return f"{TRAIN_FOLDER}/ILSVRC2015_train_{number:08d}"
    return f"ILSVRC2015_val_{number + (settings.val_seen_videos if stream == 'val_novel' else 0):08d}"
