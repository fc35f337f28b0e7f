"""Precision against recall: the mean of the classes, and every class by itself."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...geometry import FloatArray
from .drawing import FONT_SIZE, add_axes, new_figure, plotting, to_svg
from .facts import Content, as_text, contest, number, readable
from .theme import STAND_INS, series

GRID: FloatArray = np.linspace(0, 1, 101)


def mean_curve(content: Content, kind: str) -> FloatArray:
    """(101,) precision at recall 0, 0.01, ... 1, the mean of the classes that have objects; NaN without any.

    Past the end of its curve the precision of a class is 0, so that the area below the mean is the mean AP.
    """
    known = [not math.isnan(number(value)) for value in content["AP50"][kind]["per_class"]]
    curves = [curve for curve, is_known in zip(content["curves"][kind], known, strict=True) if is_known]
    if not curves:
        return np.full(len(GRID), np.nan)
    return np.mean([_on_grid(curve) for curve in curves], axis=0)


def _on_grid(curve: Any) -> FloatArray:
    if not curve["recall"]:
        return np.zeros(len(GRID))
    # A hair is added, as recalls are rounded: 0.29 of the curve must not fall behind that of the grid.
    precision = np.interp(GRID, curve["recall"], curve["precision"])
    return np.where(curve["recall"][-1] + 1e-6 >= GRID, precision, 0.0)


def mean_svg(content: Content) -> str:
    """The mean curve of every kind that has curves, with its AP50."""
    with plotting() as figure_class:
        figure = new_figure(figure_class, 420, 290)
        axes = add_axes(figure, STAND_INS, left=42, right=12, top=10, bottom=40, grid="both")
        spoken = []
        for i, kind in enumerate(content["kinds"]):
            if kind not in content["curves"]:
                continue
            ap = as_text(number(content["AP50"][kind]["mean"]), 1)
            spoken.append(f"{content['titles'][kind]} {ap}")
            axes.plot(
                GRID,
                mean_curve(content, kind),
                color=STAND_INS[series(i)],
                linewidth=2.2,
                label=spoken[-1],
                gid=f"kind-{i}",
            )
        _shade_gain(axes, content)
        axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
        axes.set_xticks(np.arange(0, 1.01, 0.2))
        axes.set_yticks(np.arange(0, 1.01, 0.2))
        if spoken:
            axes.legend(
                loc="lower left", frameon=False, labelcolor=STAND_INS["ink"], fontsize=FONT_SIZE, handlelength=1.4
            )
        return to_svg(figure, "pr-mean", f"Mean precision-recall curves; AP50: {', '.join(spoken)}")


def _shade_gain(axes: Any, content: Content) -> None:
    """The area that the results against each other differ by."""
    kinds = contest(content)
    if all(kind in content["curves"] for kind in kinds):
        before, after = (mean_curve(content, str(kind)) for kind in kinds)
        color = STAND_INS[series(content["kinds"].index(kinds[1]))]
        axes.fill_between(GRID, before, after, color=color, alpha=0.13, linewidth=0)


def class_svg(content: Content, index: int) -> str:
    """The curves of one class, without words: the page puts them below.

    Args:
        content: of the report.
        index: of the class.
    """
    with plotting() as figure_class:
        figure = new_figure(figure_class, 150, 104)
        axes = add_axes(figure, STAND_INS, left=1, right=1, top=1, bottom=1, grid="both")
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.03), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
        axes.tick_params(labelbottom=False, labelleft=False)
        spoken = []
        for i, kind in enumerate(content["kinds"]):
            if kind not in content["curves"]:
                continue
            curve = content["curves"][kind][index]
            axes.plot(curve["recall"], curve["precision"], color=STAND_INS[series(i)], linewidth=1.8, gid=f"kind-{i}")
            spoken.append(f"{content['titles'][kind]} {as_text(number(content['AP50'][kind]['per_class'][index]), 1)}")
        name = readable(content["classes"][index])
        return to_svg(figure, f"pr-{index}", f"Precision-recall curves of {name}; AP50: {', '.join(spoken)}")
