"""The claims as a forest: each difference with its interval, for each seed and together, beside a line at 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..evaluation.report.drawing import FONT_SIZE, add_axes, new_figure
from ..evaluation.report.theme import LIGHT
from .canvas import name_rows, title, write
from .cells import signed
from .results import Study
from .tables import SETS

_WIDTH, _LEFT, _TOP, _BOTTOM, _PANEL, _GAP = 760, 200, 34, 58, 240, 50
_ROW = 40
_STEP = 0.19
"""From one seed of a claim to the next, in rows."""


def draw_claims(figure_class: type, study: Study, part: str = "claims") -> Any:
    """A panel for each set, a row for each claim: seeds above as dots, all together below as a square."""
    by_set = {dataset: study.get(part, "claims", dataset) or [] for dataset in SETS}
    names = list(dict.fromkeys(claim["name"] for claims in by_set.values() for claim in claims))
    figure = new_figure(figure_class, _WIDTH, _TOP + _BOTTOM + _ROW * max(len(names), 1))
    panels = []
    for place, (dataset, claims) in enumerate(by_set.items()):
        left = _LEFT + place * (_PANEL + _GAP)
        right = _WIDTH - left - _PANEL
        axes = add_axes(figure, LIGHT, left=left, right=right, top=_TOP, bottom=_BOTTOM, grid="x")
        axes.axvline(0, color=LIGHT["ink"], linewidth=1)
        for claim in claims:
            _draw_claim(axes, names.index(claim["name"]), claim)
        name_rows(axes, names)
        if place:
            axes.tick_params(axis="y", labelleft=False)
        title(axes, SETS[dataset])
        axes.set_xlabel("difference in AP50, points")
        panels.append(axes)
    limits = [limit for axes in panels for limit in axes.get_xlim()]
    for axes in panels:
        axes.set_xlim(min(limits), max(limits))
    words = (
        "grey: seeds; black: all seeds together (filled: the interval of every seed is above 0); lines: 95% intervals"
    )
    figure.text(12 / _WIDTH, 0.02, words, size=FONT_SIZE - 1.5, color=LIGHT["quiet"])
    return figure


def _draw_claim(axes: Any, row: int, claim: Mapping[str, Any]) -> None:
    seeds: Sequence[Mapping[str, float | None]] = claim["seeds"]
    first = row - _STEP * len(seeds) / 2
    for i, one in enumerate(seeds):
        _draw_interval(axes, first + i * _STEP, one, color=LIGHT["series-0"], linewidth=1.2, marker="o", size=3.5)
    together, below = claim["together"], first + len(seeds) * _STEP
    filled = LIGHT["ink"] if claim["holds"] else LIGHT["card"]
    _draw_interval(axes, below, together, color=LIGHT["ink"], linewidth=2.4, marker="s", size=6.5, fill=filled)
    if together["difference"] is not None:
        write(axes, signed(together["difference"]), (1.01, below), xycoords=("axes fraction", "data"))


def _draw_interval(
    axes: Any, y: float, of: Mapping[str, float | None], *, color: str, linewidth: float, marker: str, size: float,
    fill: str | None = None,
) -> None:  # fmt: skip
    if of["difference"] is None:
        return
    axes.plot([of["low"], of["high"]], [y, y], color=color, linewidth=linewidth, solid_capstyle="butt")
    look = {"markerfacecolor": fill or color, "markeredgecolor": color}
    axes.plot([of["difference"]], [y], marker=marker, markersize=size, **look)
