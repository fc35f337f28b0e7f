"""What was done to a program on purpose, and what became of its work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

POINTS = ("distributed", "interruption", "data", "numbers", "hostile", "fuzzing", "systems")
"""Kinds of faults, in the order of the page. Of each, the module of this name has ``run``, a :data:`Part`."""


@dataclass(frozen=True)
class Fault:
    """One kind of fault, injected once or many times.

    Attributes:
        point: one of :data:`POINTS`.
        what: was done, in a few words.
        expected: what counts as survived, in a few words: the definition that ``survived`` was counted by.
        injected: how many times.
        survived: how many times it ended as expected.
        lost: work that was lost for good, in ``unit``; what is done again by itself, with the same result, is not.
        unit: "iterations", "videos", "frames", "files", "inputs".
        seconds: that all of it took.
        details: whatever else a reader may want, as JSON.
    """

    point: str
    what: str
    expected: str
    injected: int
    survived: int
    lost: int
    unit: str
    seconds: float
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether all went as expected, and nothing was lost."""
        return self.injected > 0 and self.survived == self.injected and self.lost == 0


@dataclass(frozen=True)
class Work:
    """Where and how much.

    Attributes:
        folder: an empty one, for whatever a part writes.
        seed: of every random choice; the same seed does the same.
        amount: share of the full numbers of faults, above 0; 1 is what the page shows.
    """

    folder: Path
    seed: int = 0
    amount: float = 1.0

    def scaled(self, count: int, least: int = 1) -> int:
        """This share of a number, at least ``least``."""
        return max(least, round(count * self.amount))


Part = Callable[[Work], Iterator[Fault]]
"""Injects the faults of one point, and yields one :class:`Fault` for each kind as soon as it is counted."""
