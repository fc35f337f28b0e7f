"""AP as bars and dots: class by class, and by speed and size."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .drawing import FONT_SIZE, add_axes, new_figure, plotting, to_svg
from .facts import Content, as_text, contest, gains, number, readable, signed
from .theme import STAND_INS, series

_ROW = 19.5  # height of a class
_MAX_BARS = 4  # in a group; of more kinds only those that stand against each other are drawn


def class_order(content: Content) -> list[int]:
    """The classes by gain, or with one kind by AP, the highest first; those without objects last."""
    keys = gains(content)
    if contest(content)[1] is None:
        keys = [number(value) for value in content["AP50"][content["kinds"][0]]["per_class"]]
    return sorted(range(len(keys)), key=lambda i: (math.isnan(keys[i]), -keys[i] if not math.isnan(keys[i]) else 0, i))


def classes_svg(content: Content) -> str:
    """A row per class: where its AP50 is in single frames and in tubes, and what lies between."""
    first, second = contest(content)
    order, kinds = class_order(content), [kind for kind in (first, second) if kind is not None]
    colors = [STAND_INS[series(content["kinds"].index(kind))] for kind in kinds]
    with plotting() as figure_class:
        figure = new_figure(figure_class, 420, 66 + _ROW * max(len(order), 1))
        axes = add_axes(figure, STAND_INS, left=112, right=52, top=36, bottom=26, grid="x")
        axes.set_ylim(max(len(order), 1) - 0.5, -0.5)
        axes.set_xlim(*_limits([content["AP50"][kind]["per_class"] for kind in kinds]))
        axes.set_yticks(range(len(order)), [readable(content["classes"][i]) for i in order])
        axes.tick_params(axis="y", labelcolor=STAND_INS["ink"], labelsize=FONT_SIZE - 0.5)
        axes.set_xlabel("AP50", labelpad=1)
        for row, i in enumerate(order):
            _draw_class(axes, row, [number(content["AP50"][kind]["per_class"][i]) for kind in kinds], colors)
        for kind, color in zip(kinds, colors, strict=True):
            axes.plot([], [], "o", color=color, markersize=6.5, label=content["titles"][kind])
        place = {"loc": "lower left", "bbox_to_anchor": (-0.02, 1.0), "ncols": 2, "borderaxespad": 0.3}
        axes.legend(frameon=False, labelcolor=STAND_INS["ink"], fontsize=FONT_SIZE, handletextpad=0.2, **place)
        if second is not None:
            style = {"ha": "right", "va": "bottom", "color": STAND_INS["quiet"], "size": FONT_SIZE - 1}
            axes.annotate("gain", (1, 1), (46, 6), xycoords="axes fraction", textcoords="offset points", **style)
        return to_svg(figure, "ap-classes", "AP50 of every class; the numbers stand in the table of the classes")


def _limits(columns: list[list[Any]]) -> tuple[float, float]:
    """From a ten below the lowest AP to 100."""
    known = [number(value) for column in columns for value in column if not math.isnan(number(value))]
    lowest = 10 * math.floor(min(known) / 10) if known else 0
    return max(min(lowest, 90) - 2, -2), 102


def _draw_class(axes: Any, row: int, values: list[float], colors: list[str]) -> None:
    known = [value for value in values if not math.isnan(value)]
    if not known:
        axes.text(axes.get_xlim()[0] + 2, row, "no objects", va="center", color=STAND_INS["quiet"], size=FONT_SIZE - 1)
        return
    if len(known) == 2:
        gain = known[1] - known[0]
        axes.plot(known, [row, row], color=STAND_INS["truth"], linewidth=2.2, solid_capstyle="round", zorder=1.5)
        style = {
            "ha": "right",
            "va": "center",
            "size": FONT_SIZE - 0.5,
            "color": STAND_INS["bad" if gain < 0 else "good"],
        }
        at = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
        axes.annotate(signed(gain), (1, row), (46, 0), **at, **style)
    else:
        axes.annotate(
            as_text(known[0], 1),
            (1, row),
            (46, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            va="center",
            size=FONT_SIZE - 0.5,
            color=STAND_INS["ink"],
        )
    for value, color in zip(values, colors, strict=True):
        axes.plot([value], [row], "o", color=color, markersize=6.5, zorder=3)


def groups_svg(content: Content, key: str) -> str:
    """Bars of AP50 by ``speed`` or ``size``, one per kind in each group.

    Args:
        content: of the report; the block must not be missing.
        key: of the block.
    """
    block, kinds = content[key], content["kinds"]
    chosen = kinds if len(kinds) <= _MAX_BARS else contest(content)
    names, shown = list(block["boxes"]), [kind for kind in chosen if kind in block["AP50"]]
    width = 0.8 / max(len(shown), 1)
    with plotting() as figure_class:
        figure = new_figure(figure_class, 420, 230)
        axes = add_axes(figure, STAND_INS, left=34, right=6, top=34, bottom=26)
        for place, kind in enumerate(shown):
            values = [number(block["AP50"][kind].get(name, {}).get("mean")) for name in names]
            x = np.arange(len(names)) + (place - (len(shown) - 1) / 2) * width
            color, title = STAND_INS[series(kinds.index(kind))], content["titles"][kind]
            axes.bar(x, values, 0.88 * width, color=color, label=title)
            for at, value in zip(x, values, strict=True):
                style = {"ha": "center", "va": "bottom", "color": STAND_INS["ink"], "size": FONT_SIZE - 1}
                axes.text(at, (0 if math.isnan(value) else value) + 1.2, as_text(value, 1), **style)
        axes.set(ylim=(0, 108), yticks=(0, 25, 50, 75, 100))
        axes.set_xticks(range(len(names)), names)
        axes.set_xlim(-0.55, len(names) - 0.45)
        axes.tick_params(axis="x", labelcolor=STAND_INS["ink"], labelsize=FONT_SIZE)
        if shown:
            place_of = {"loc": "lower left", "bbox_to_anchor": (-0.02, 1.0), "ncols": 3, "borderaxespad": 0.3}
            small = {"fontsize": FONT_SIZE - 1, "handlelength": 0.8, "handletextpad": 0.4, "columnspacing": 1.2}
            axes.legend(frameon=False, labelcolor=STAND_INS["ink"], **small, **place_of)
        return to_svg(figure, f"ap-{key}", f"AP50 by {key}; the numbers stand in the table below")
