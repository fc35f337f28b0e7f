"""How the study draws: on white paper, in the colours and letters of the reports, a dot for each seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..evaluation.report.drawing import FONT_SIZE, plotting
from ..evaluation.report.theme import LIGHT, series
from ..whole_file import whole_file

MARKERS = ("o", "s", "^", "D", "v")
"""One for each kind of results: they are told apart without colours, too."""


def save(path: Path, draw: Callable[[type], Any]) -> Path:
    """Draw a figure and write it as PNG, all or nothing.

    Args:
        path: of the file.
        draw: makes the figure from matplotlib's class of it.

    Raises:
        ModuleNotFoundError: without matplotlib.
    """
    with plotting() as figure_class:
        figure = draw(figure_class)
        with whole_file(path, sync=False) as file:
            figure.savefig(file, format="png", dpi=144, facecolor=LIGHT["card"])
    return path


def style(place: int) -> dict[str, Any]:
    """Marker and colour of the so-manieth kind of results."""
    return {"marker": MARKERS[place % len(MARKERS)], "color": LIGHT[series(place)]}


def add_legend(axes: Any, columns: int = 4, shift: float = 0.0) -> None:
    """Above the axes, from the left; shifted so far to the left, in units of the axes' width."""
    place = {"loc": "lower left", "bbox_to_anchor": (-shift, 1.0), "ncols": columns, "borderaxespad": 0.3}
    small = {"fontsize": FONT_SIZE - 0.5, "handlelength": 1.3, "columnspacing": 1.2, "handletextpad": 0.5}
    axes.legend(frameon=False, labelcolor=LIGHT["ink"], **small, **place)


def write(axes: Any, text: str, at: tuple[float, float], shift: tuple[float, float] = (0, 0), **more: Any) -> None:
    """Letters at a place of the data, shifted by points."""
    usual = {"textcoords": "offset points", "va": "center", "size": FONT_SIZE - 1, "color": LIGHT["ink"]}
    axes.annotate(text, at, shift, **(usual | more))


def title(axes: Any, text: str) -> None:
    """What a part of a picture shows, above it."""
    axes.set_title(text, loc="left", fontsize=FONT_SIZE, color=LIGHT["ink"], pad=8)


def name_rows(axes: Any, names: Sequence[str]) -> None:
    """Rows from above to below, each with its name on the left."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", labelcolor=LIGHT["ink"])
