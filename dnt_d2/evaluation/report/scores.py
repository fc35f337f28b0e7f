"""How well scores part right boxes from wrong ones, before linking and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .drawing import FONT_SIZE, add_axes, new_figure, plotting, to_svg
from .facts import Content
from .theme import STAND_INS

TITLES = {"before": "scores of single frames", "after": "re-scored by their tubes"}


def separation(counts: Mapping[str, Sequence[float]]) -> float:
    """How often a right box has a higher score than a wrong one, in [0, 1]; boxes of one bin count one half.

    Args:
        counts: ``right`` and ``wrong``, (B,) numbers of boxes from the lowest scores to the highest.

    Returns:
        The area under the ROC curve of the histogram; NaN where there are no right or no wrong boxes.
    """
    right, wrong = np.asarray(counts["right"], float), np.asarray(counts["wrong"], float)
    pairs = right.sum() * wrong.sum()
    if not pairs:
        return float("nan")
    below = np.cumsum(wrong) - wrong
    return float((right * (below + wrong / 2)).sum() / pairs)


def scores_svg(content: Content) -> str:
    """Two histograms, of right boxes and of wrong ones; the number of boxes is on a log scale.

    Args:
        content: of the report; its scores must not be missing.
    """
    block = content["scores"]
    stages = [stage for stage in TITLES if stage in block]
    top = max([1.0, *(max(values, default=0) for stage in stages for values in block[stage].values())])
    with plotting() as figure_class:
        figure = new_figure(figure_class, 420, 290)
        share = 250 / max(len(stages), 1)  # of the height, above the axis of scores
        for row, stage in enumerate(stages):
            below = 40 + (len(stages) - 1 - row) * share
            axes = add_axes(figure, STAND_INS, left=48, right=10, top=290 - below - share + 30, bottom=below)
            _draw_stage(axes, block["edges"], block[stage], TITLES[stage], top)
            if row == 0:
                _add_legend(axes)
            axes.tick_params(labelbottom=row == len(stages) - 1)
            if row == len(stages) - 1:
                axes.set_xlabel("score")
        spoken = ", ".join(f"{TITLES[stage]} {separation(block[stage]):.3f}" for stage in stages)
        return to_svg(figure, "scores", f"Histograms of scores of right and wrong boxes; area under ROC: {spoken}")


def _draw_stage(
    axes: Any, edges: Sequence[float], counts: Mapping[str, Sequence[float]], title: str, top: float
) -> None:
    for name in ("wrong", "right"):
        # Empty bins stand on the axis: a log scale has no zero.
        values = np.maximum(np.asarray(counts[name], float), 0.5)
        color = STAND_INS[name]
        axes.stairs(values, edges, baseline=0.5, fill=True, color=color, alpha=0.22)
        axes.stairs(values, edges, baseline=None, color=color, linewidth=1.7, label=name)
    axes.set_yscale("log")
    axes.set(xlim=(edges[0], edges[-1]), ylim=(0.7, 2 * top))
    axes.minorticks_off()
    exponents = range(0, int(np.log10(2 * top)) + 1, 2 if top > 2000 else 1)
    axes.set_yticks([10.0**e for e in exponents], [f"{10**e:,}" for e in exponents])
    axes.set_title(title, loc="left", size=FONT_SIZE, color=STAND_INS["ink"], pad=6)


def _add_legend(axes: Any) -> None:
    handles, labels = axes.get_legend_handles_labels()
    above = {"loc": "lower right", "bbox_to_anchor": (1.01, 0.97), "ncols": 2, "borderaxespad": 0, "columnspacing": 1.2}
    small = {"fontsize": FONT_SIZE - 1, "handlelength": 1.1, "handletextpad": 0.4}
    axes.legend(handles[::-1], labels[::-1], frameon=False, labelcolor=STAND_INS["ink"], **small, **above)
