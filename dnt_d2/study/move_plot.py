"""Error of the predicted move by displacement, against "no motion" and template matching, with the reach of d."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from ..evaluation.report.drawing import FONT_SIZE, add_axes, new_figure, plotting
from ..evaluation.report.theme import LIGHT, series
from ..whole_file import whole_file
from .move_summary import EDGES, Summary
from .moves import HEAD, STAY, TEMPLATE

LEAST_BOXES = 10
"""A bin with fewer isn't drawn: it says nothing yet."""
_HEADS = ("D", "^", "v", "P")
"""Markers: heads are told apart without colours, too."""
_BASELINES = {STAY: ("series-0", "o-"), TEMPLATE: ("series-2", "s--")}


def draw_moves(
    path: str | os.PathLike[str], heads: Mapping[str, Summary], marks: Mapping[str, float], title: str = ""
) -> None:
    """Draw the mean of 1 - IoU by displacement.

    "No motion" and template matching are those of the first head: they are the same for all on the same boxes. Below
    stand the boxes of each bin.

    Args:
        path: of the picture; png, svg or pdf.
        heads: from the name of a head to what :func:`.move_summary.summarise_moves` says of it.
        marks: from the name of a correlated map to how far it looks, px (:func:`.move_measurement.correlation_reach`).
        title: what is moved, and how far apart the frames are.

    Raises:
        ModuleNotFoundError: without matplotlib.
        ValueError: another suffix.
    """
    suffix = Path(path).suffix[1:].lower()
    if suffix not in ("png", "svg", "pdf"):
        raise ValueError(f"{path}: give a file name that ends in png, svg or pdf")
    with plotting() as figure_class:
        figure = _draw(figure_class, heads, marks, title)
        with whole_file(path, sync=False) as file:
            figure.savefig(file, format=suffix, dpi=216, facecolor=LIGHT["card"])


def curve(summary: Summary, method: str) -> tuple[list[float], list[float]]:
    """Mean displacement (px) and mean IoU error of the bins with enough boxes."""
    bins = [b for b in summary["bins"] if b["boxes"] >= LEAST_BOXES]
    return [b["displacement_px"] for b in bins], [b["iou_error"][method] for b in bins]


def _draw(figure_class: type, heads: Mapping[str, Summary], marks: Mapping[str, float], title: str) -> Any:
    figure = new_figure(figure_class, 520, 320)
    axes = add_axes(figure, LIGHT, left=46, right=16, top=62, bottom=58)
    first = next(iter(heads.values()), None)
    for method, (color, style) in _BASELINES.items():
        known = ([], []) if first is None else curve(first, method)
        axes.plot(*known, style, color=LIGHT[color], linewidth=1.6, markersize=4, label=method)
    colors = [series(i) for i in range(1, 6) if series(i) != _BASELINES[TEMPLATE][0]]
    for i, (name, summary) in enumerate(heads.items()):
        color = LIGHT[colors[i % len(colors)]]
        look = {"marker": _HEADS[i % len(_HEADS)], "linewidth": 2, "markersize": 6}
        axes.plot(*curve(summary, HEAD), color=color, label=name, **look)
    axes.set_xscale("log")
    axes.set(xlim=(0.9, 130), ylim=(0, 1), ylabel="mean of 1 - IoU")
    axes.set_xlabel("displacement of the centre between the frames, px at the network's input", labelpad=16)
    axes.set_xticks(EDGES[1:-1], [f"{edge:g}" for edge in EDGES[1:-1]])
    axes.minorticks_off()
    _mark_reach(axes, marks)
    if first is not None:
        _count_boxes(axes, first)
    place = {"loc": "lower left", "bbox_to_anchor": (-0.02, 1.0), "ncols": 3, "borderaxespad": 0.3}
    small = {"fontsize": FONT_SIZE - 0.5, "handlelength": 1.6, "columnspacing": 1.2, "labelspacing": 0.2}
    axes.legend(frameon=False, labelcolor=LIGHT["ink"], **small, **place)
    figure.text(10 / 520, 1 - 16 / 320, title, color=LIGHT["ink"], size=FONT_SIZE)
    return figure


def _mark_reach(axes: Any, marks: Mapping[str, float]) -> None:
    """A line at each distance beyond which a map sees nothing; its name is low, where far moves leave room."""
    for px, names in groupby(sorted(marks, key=lambda name: (marks[name], name)), key=lambda name: marks[name]):
        axes.axvline(px, color=LIGHT["quiet"], linewidth=1, linestyle=":")
        at = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "ha": "right", "va": "bottom"}
        text = f"reach of {', '.join(names)}"
        axes.annotate(text, (px, 0), (-2, 4), rotation=90, color=LIGHT["quiet"], size=FONT_SIZE - 2, **at)


def _count_boxes(axes: Any, summary: Summary) -> None:
    """Under each bin, how many boxes it holds."""
    at = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "va": "top"}
    small = {"color": LIGHT["quiet"], "size": FONT_SIZE - 2}
    axes.annotate("boxes", (axes.get_xlim()[0], 0), (-4, -18), ha="right", **at, **small)
    for b in summary["bins"]:
        left, right = max(b["low"], 1), b["high"] or 2 * b["low"]
        axes.annotate(f"{b['boxes']:,}", ((left * right) ** 0.5, 0), (0, -18), ha="center", **at, **small)
