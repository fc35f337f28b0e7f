"""Point "numbers": NaN, overflow and degenerate input, in training and in testing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from . import numbers_half, numbers_shapes, numbers_training
from .record import Fault, Work


def run(work: Work) -> Iterator[Fault]:
    """Half precision, shapes, and spoiled trainings, each in a folder of its own."""
    for part in (numbers_half, numbers_shapes, numbers_training):
        folder = work.folder / part.__name__.rpartition(".")[2]
        folder.mkdir()
        yield from part.run(replace(work, folder=folder))
