"""AP against a setting: what the paper says of alpha (sec. 4: insensitive from 10% to 100%), measured."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...whole_file import whole_file
from .drawing import FONT_SIZE, add_axes, new_figure, plotting, to_svg
from .facts import as_text, number
from .theme import LIGHT, STAND_INS, series

Series = Mapping[str, Sequence[float | None]]


def sweep_svg(values: Sequence[float], lines: Series, x_label: str, name: str = "sweep") -> str:
    """A piece of SVG for a page, in its colours.

    Args:
        values: (V,) of the setting, in any order.
        lines: from the title of a line to its (V,) AP in percent; None and NaN are gaps.
        x_label: name of the setting.
        name: unique in the page.

    Raises:
        ModuleNotFoundError: without matplotlib.
        ValueError: a line is not as long as the values.
    """
    _check(values, lines)
    with plotting() as figure_class:
        figure = _draw(figure_class, values, lines, x_label, STAND_INS)
        return to_svg(figure, name, f"AP50 against {x_label}: {'; '.join(_spoken(*line) for line in lines.items())}")


def sweep_png(path: str | os.PathLike[str], values: Sequence[float], lines: Series, x_label: str) -> None:
    """The same as a file on white paper; its suffix says which kind: png, svg or pdf.

    Raises:
        ModuleNotFoundError: without matplotlib.
        ValueError: another suffix, or a line that is not as long as the values.
    """
    suffix = Path(path).suffix[1:].lower()
    if suffix not in ("png", "svg", "pdf"):
        raise ValueError(f"{path}: give a file name that ends in png, svg or pdf")
    _check(values, lines)
    with plotting() as figure_class:
        figure = _draw(figure_class, values, lines, x_label, LIGHT)
        with whole_file(path, sync=False) as file:
            figure.savefig(file, format=suffix, dpi=216, facecolor=LIGHT["card"])


def _check(values: Sequence[float], lines: Series) -> None:
    for title, line in lines.items():
        if len(line) != len(values):
            raise ValueError(f"{title}: {len(line)} AP for {len(values)} values of the setting")


def _spoken(title: str, line: Sequence[float | None]) -> str:
    return f"{title} {', '.join(as_text(number(value), 1) for value in line)}"


def _draw(figure_class: type, values: Sequence[float], lines: Series, x_label: str, paint: Mapping[str, str]) -> Any:
    figure = new_figure(figure_class, 420, 270)
    axes = add_axes(figure, paint, left=46, right=46, top=30, bottom=42)
    order = np.argsort(np.asarray(values, float), kind="stable")
    x = np.asarray(values, float)[order]
    for i, (title, line) in enumerate(lines.items()):
        y = np.array([number(value) for value in line], float)[order]
        axes.plot(x, y, "o-", color=paint[series(i)], linewidth=2, markersize=5, label=title)
        known = np.flatnonzero(~np.isnan(y))
        if len(known):
            at = {"textcoords": "offset points", "va": "center", "size": FONT_SIZE - 0.5, "color": paint["ink"]}
            axes.annotate(f"{y[known[-1]]:.1f}", (x[known[-1]], y[known[-1]]), (8, 0), **at)
    axes.set(xlabel=x_label, ylabel="AP50")
    if len(x):
        axes.set_xticks(x if len(x) <= 11 else x[:: -(-len(x) // 11)])
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    _frame_values(axes, lines)
    if lines:
        place = {"loc": "lower left", "bbox_to_anchor": (-0.02, 1.0), "ncols": 3, "borderaxespad": 0.3}
        small = {"fontsize": FONT_SIZE - 0.5, "handlelength": 1.3, "columnspacing": 1.2}
        axes.legend(frameon=False, labelcolor=paint["ink"], **small, **place)
    return figure


def _frame_values(axes: Any, lines: Series) -> None:
    """At least five points of AP are shown, so that noise doesn't look like a slope."""
    known = [number(value) for line in lines.values() for value in line if not np.isnan(number(value))]
    if not known:
        axes.set_ylim(0, 100)
        return
    middle, half = (max(known) + min(known)) / 2, max((max(known) - min(known)) * 0.58, 2.5)
    axes.set_ylim(middle - half, middle + half)
