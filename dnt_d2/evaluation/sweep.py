"""One setting at several values: what becomes of the tubes' AP (sec. 5.2: "insensitive" to alpha from 10% to 100%)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tabulate import tabulate

from .report import sweep_png


@dataclass(frozen=True)
class Sweep:
    """What one key does.

    Attributes:
        key: of the config.
        values: as they were given.
        ap50: the tubes' mean AP50 at each, in percent.
        base: that of the settings as they are.
        frame: that of single frames.
    """

    key: str
    values: list[str]
    ap50: list[float]
    base: float
    frame: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return vars(self)


def read_sweep(content: Mapping[str, Any], sweeps: Mapping[str, Sequence[str]]) -> list[Sweep]:
    """Find the results of a sweep in a report whose kinds are named by :func:`.settings.sweep_linkings`.

    Raises:
        ValueError: the report has no tubes.
    """
    if "tube" not in content["kinds"]:
        raise ValueError("there are no tubes to compare: no video of the run is finished, or none can be linked")
    means = [content["AP50"][kind]["mean"] for kind in content["kinds"][2:]]
    found, start = [], 0
    for key, values in sweeps.items():
        part = means[start : start + len(values)]
        start += len(values)
        found.append(Sweep(key, list(values), part, content["AP50"]["tube"]["mean"], content["AP50"]["frame"]["mean"]))
    return found


def sweep_text(sweeps: Sequence[Sweep]) -> str:
    """A table for each key."""
    parts = []
    for sweep in sweeps:
        rows = [[value, f"{ap:.2f}"] for value, ap in zip(sweep.values, sweep.ap50, strict=True)]
        rows.append(["as it is", f"{sweep.base:.2f}"])
        rows.append(["single frames", f"{sweep.frame:.2f}"])
        align = ("left", "right")
        parts.append(tabulate(rows, [sweep.key, "AP50"], tablefmt="pipe", colalign=align, disable_numparse=True))
    return "\n\n".join(parts)


def write_sweep(sweep: Sweep, path: str | os.PathLike[str]) -> None:
    """Draw AP against the values, and what single frames have.

    Args:
        sweep: of numbers.
        path: ends in .png, .svg or .pdf.

    Raises:
        ModuleNotFoundError: without matplotlib.
        ValueError: another suffix, or values that are no numbers.
    """
    try:
        values = [float(value) for value in sweep.values]
    except ValueError:
        raise ValueError(f"{os.fspath(path)}: {sweep.key} has values that are no numbers: no picture of it") from None
    lines = {"single frames": [sweep.frame] * len(values), "tubes": sweep.ap50}
    sweep_png(path, values, lines, sweep.key)
