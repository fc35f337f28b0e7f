"""What a stage of the benchmark finds, in a form that goes to JSON and back, and that the page is made from."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..evaluation.tables import write_json
from .timing import Timing


@dataclass(frozen=True)
class Figure:
    """The time of one thing, and the least that it could take on this machine.

    Attributes:
        what: in words, with its size.
        seconds, low, high: the median and the quartiles of the rounds.
        floor: seconds of its arithmetic or its bytes alone; None where nobody has counted them.
        floor_of: what the floor is, in words.
        extra_bytes: the most memory it held at once beyond its inputs, its result included; None if unknown.
    """

    what: str
    seconds: float
    low: float
    high: float
    floor: float | None = None
    floor_of: str = ""
    extra_bytes: int | None = None

    @staticmethod
    def of(
        what: str, timing: Timing, *, floor: float | None = None, floor_of: str = "", extra_bytes: int | None = None
    ) -> Figure:
        """From a timing."""
        return Figure(what, timing.median, *timing.spread, floor, floor_of, extra_bytes)


@dataclass(frozen=True)
class Comparison:
    """Two ways to do the same, timed in turns (A B A B).

    Attributes:
        what: is done.
        before, after: the two ways, in words.
        before_seconds, after_seconds: medians.
        faster, low, high: before / after: median and quartiles of the rounds' ratios.
    """

    what: str
    before: str
    after: str
    before_seconds: float
    after_seconds: float
    faster: float
    low: float
    high: float

    @staticmethod
    def of(what: str, before: str, after: str, timings: Mapping[str, Timing]) -> Comparison:
        """From two timings of :func:`dnt_d2.benchmark.timing.take_turns`, which have these names."""
        a, b = timings[before], timings[after]
        return Comparison(what, before, after, a.median, b.median, *a.times_longer_than(b))


@dataclass(frozen=True)
class Limit:
    """What this project has set itself, and what was reached.

    Attributes:
        what: in words.
        figure, limit: at most so much is allowed.
        unit: of both: "x", "s", "ms", "GiB".
    """

    what: str
    figure: float
    limit: float
    unit: str

    @property
    def met(self) -> bool:
        return self.figure <= self.limit


@dataclass(frozen=True)
class Scaling:
    """What doubling one size does to time and memory.

    Attributes:
        what: is done.
        of: the size that is doubled.
        sizes: ascending.
        seconds: for each.
        extra_bytes: for each; None if unknown.
        stated: how it should grow: "linear", or why not.
    """

    what: str
    of: str
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]
    extra_bytes: tuple[int | None, ...]
    stated: str = "linear"


@dataclass(frozen=True)
class Table:
    """Anything else that is worth a table: where the time goes, say.

    Attributes:
        title: a sentence.
        headers: one per column.
        rows: cells as text or numbers.
    """

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass
class Stage:
    """One stage of the benchmark.

    Attributes:
        name: on the command line.
        setting: what all of it has in common: device, sizes, threads.
        facts: the command, the seed, and what :func:`dnt_d2.provenance.provenance` says.
        notes: what a reader has to know.
    """

    name: str
    setting: str
    facts: dict[str, Any] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    scaling: list[Scaling] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def content(self) -> dict[str, Any]:
        """For JSON: the facts, then all else under its own name."""
        limits = [{**asdict(limit), "met": limit.met} for limit in self.limits]
        return {**self.facts, **{k: v for k, v in asdict(self).items() if k != "facts"}, "limits": limits}

    def write(self, path: str | os.PathLike[str]) -> None:
        """To a JSON file, which appears whole or not at all."""
        write_json(path, self.content())

    @staticmethod
    def read(path: str | os.PathLike[str]) -> Stage:
        """What :meth:`write` wrote.

        Raises:
            ValueError: the file is no stage of the benchmark.
        """
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        try:
            return Stage(
                content.pop("name"),
                content.pop("setting"),
                figures=[Figure(**row) for row in content.pop("figures")],
                comparisons=[Comparison(**row) for row in content.pop("comparisons")],
                limits=[Limit(**{k: v for k, v in row.items() if k != "met"}) for row in content.pop("limits")],
                scaling=[Scaling(**_with_tuples(row)) for row in content.pop("scaling")],
                tables=[Table(**_with_tuples(row)) for row in content.pop("tables")],
                notes=content.pop("notes"),
                facts=content,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path}: not a file that tools/benchmark.py wrote ({error!r})") from error


def _with_tuples(row: dict[str, Any]) -> dict[str, Any]:
    return {key: _tuple(value) if isinstance(value, list) else value for key, value in row.items()}


def _tuple(value: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(_tuple(item) if isinstance(item, list) else item for item in value)
