"""Results as text for people, and as JSON for programs."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

from tabulate import tabulate

from ..whole_file import whole_file


def per_class_table(
    class_names: Sequence[str], columns: Mapping[str, Sequence[float]], counts: Mapping[str, Sequence[int]]
) -> str:
    """A table with one line per class, and the mean below.

    Args:
        class_names: C names.
        columns: heading to C values in percent; NaN, which is shown as "-", takes no part in the mean.
        counts: heading to C numbers, shown left of the values; their sum is in the last line.

    Returns:
        The table in Markdown, without a line break at its end.
    """
    rows: list[list[str | int]] = []
    for i, name in enumerate(class_names):
        rows.append([name, *(int(c[i]) for c in counts.values()), *(_percent(v[i]) for v in columns.values())])
    totals = [int(sum(c)) for c in counts.values()]
    rows.append(["mean", *totals, *(_percent(mean_of_known(v)) for v in columns.values())])
    headers = ["class", *counts, *columns]
    align = ["left"] + ["right"] * (len(headers) - 1)
    return tabulate(rows, headers=headers, tablefmt="pipe", colalign=align, disable_numparse=True)


def mean_of_known(values: Sequence[float]) -> float:
    """The mean of the numbers that are not NaN; NaN without any."""
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def write_json(path: str | os.PathLike[str], content: Mapping[str, Any]) -> None:
    """Write results as JSON, NaN as null, under a temporary name first: nobody ever sees half a file.

    Args:
        path: where; missing folders are made, an older file is replaced.
        content: dicts, lists, strings and numbers of Python.
    """
    text = json.dumps(_without_nan(content), indent=1, allow_nan=False)
    with whole_file(path) as file:
        file.write(f"{text}\n".encode())


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"
