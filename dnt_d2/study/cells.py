"""From numbers to the cells of the study's tables, and from cells to Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tabulate import tabulate

from .design import SEEDS
from .results import Study, Values

MISSING = "-"
MINUS = "−"
_OF_MANY = re.compile(r"^(seed)\d+|^(ablation_)\w+")


def number(value: float | None, digits: int = 1) -> str:
    """With so many decimals; "-" where it is not known."""
    return MISSING if value is None else f"{_round(value, digits):,.{digits}f}".replace("-", MINUS)


def signed(value: float | None, digits: int = 1) -> str:
    """The same with its sign."""
    return MISSING if value is None else f"{_round(value, digits):+,.{digits}f}".replace("-", MINUS)


def with_spread(values: Values, digits: int = 1) -> str:
    """The mean over seeds, and half of their range."""
    if values.spread is None:
        return number(values.mean, digits)
    return f"{number(values.mean, digits)} ± {number(values.spread, digits)}"


def with_seeds(values: Values, digits: int = 1) -> str:
    """The same, and then each seed."""
    if values.spread is None:
        return number(values.mean, digits)
    return f"{with_spread(values, digits)} ({', '.join(number(value, digits) for value in values.seeds)})"


def signed_with_seeds(values: Values, digits: int = 1) -> str:
    """The mean of differences over seeds, and then each."""
    return f"{signed(values.mean, digits)} ({', '.join(signed(value, digits) for value in values.seeds)})"


def change(value: float | None, base: float | None, digits: int = 1) -> str:
    """A number, and how far it is from another."""
    if value is None or base is None or value == base:
        return number(value, digits)
    return f"{number(value, digits)} ({signed(value - base, digits)})"


def interval(low: float | None, high: float | None, digits: int = 1) -> str:
    """From a low end to a high one, both signed."""
    return f"{signed(low, digits)} to {signed(high, digits)}"


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """A table in Markdown, with a line break at its end; the first columns, so many, are words."""
    align = ["left"] * left + ["right"] * (len(headers) - left)
    return tabulate(rows, headers, tablefmt="pipe", colalign=align if rows else None, disable_numparse=True) + "\n"


def source(study: Study, names: Sequence[str], folder: str) -> str:
    """Where the numbers of a table come from: command, days, machines, seeds, files.

    Args:
        study: that it was made from.
        names: the parts that it shows, whether they are there or not.
        folder: of the JSON files, as a link from the page.
    """
    there = study.present(names)
    if not there:
        return "(Not measured yet.)\n"
    commands, days, machines = (_facts(study, there, key) for key in ("command", "date", "machine"))
    words = [f"`{command}`" for command in commands] + [" to ".join(dict.fromkeys((days[0], days[-1])))] + machines
    seeds = _seeds(study, there)
    words += [f"seed{'s' * (len(seeds) > 1)} {', '.join(seeds)}"] if seeds else []
    missing = len(names) - len(there)
    left = f"; {missing} of {len(names)} parts are not there yet" if missing else ""
    return f"({', '.join(words)}; {_files(there, folder)}{left}.)\n"


def _facts(study: Study, names: Sequence[str], key: str) -> list[str]:
    """What parts say under a key, in order."""
    found = {study.get(name, key) for name in names} - {None}
    return sorted(map(str, found)) or ["?"]


def _seeds(study: Study, names: Sequence[str]) -> list[str]:
    """The seeds of parts. One that tells none has all of them in it: beside it a few would mislead."""
    told = [study.get(name, "seed") for name in names]
    known = sorted({str(seed) for seed in told if seed is not None})
    return known if None not in told or len(known) == len(SEEDS) else []


def _files(names: Sequence[str], folder: str) -> str:
    if len(names) == 1:
        return f"[{names[0]}.json]({folder}/{names[0]}.json)"
    kinds = dict.fromkeys(_OF_MANY.sub(r"\1\2*", name) for name in names)
    return f"{', '.join(f'`{kind}.json`' for kind in kinds)} in [{folder}]({folder})"


def _round(value: float, digits: int) -> float:
    """Without a negative zero."""
    return round(value, digits) + 0.0
