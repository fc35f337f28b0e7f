"""A part of the study: a piece of work with one JSON file; and the one that most are of, training a network."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .commands import Workshop, passes, train
from .design import Training, recipes, trainings
from .measure import measure_run

Content = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """A piece of work with one JSON file.

    Attributes:
        name: of the file.
        group: one of :data:`GROUPS`.
        recipe: what decides its results; another one makes them anew.
        work: does it.
    """

    name: str
    group: str
    recipe: Mapping[str, Any]
    work: Callable[[], Content]


GROUPS = ("core", "ablations", "reasons")


class Trainings:
    """All trainings of the study with their recipes, and the work of each."""

    def __init__(self, shop: Workshop) -> None:
        self.shop, self.known = shop, trainings(shop.root)
        self.recipes = recipes(shop.root, self.known)

    def train(self, training: Training) -> float:
        """Train a network, after the one that it goes on from, or find both trained; the minutes of its own."""
        if training.start:
            train(self.shop, self.known[training.start], self.recipes[training.start])
        return train(self.shop, training, self.recipes[training.name])

    def part(
        self, training: Training, group: str, datasets: tuple[str, ...], *, what: str = "", moves: bool = False
    ) -> Part:
        """Train it and test it.

        Args:
            training: one of those of the study.
            group: of the part.
            datasets: to test it on.
            what: in words, for a table.
            moves: whether its track head is measured as well.
        """

        def work() -> Content:
            minutes, start = self.train(training), time.monotonic()
            runs = passes(self.shop, training, datasets)
            results = {name: measure_run(run, no_motion=not training.tracks) for name, run in runs.items()}
            content: Content = {"seed": training.seed, "results": results}
            content |= {"what": what} if what else {}
            content |= moved(self.shop, training, datasets) if moves else {}
            return content | {"minutes": {"training": minutes, "evaluation": since(start)}}

        return Part(training.name, group, self.recipes[training.name], work)


def moved(shop: Workshop, training: Training, datasets: tuple[str, ...]) -> Content:
    """How well the head of a finished training regresses motion."""
    from .move_pass import moves_of

    return moves_of(shop, training, datasets)


def since(start: float) -> float:
    """Minutes, to two digits, since a time of ``time.monotonic``."""
    return round((time.monotonic() - start) / 60, 2)
