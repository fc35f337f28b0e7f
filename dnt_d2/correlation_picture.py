"""A picture of what the correlation layer answers for two frames, as in the paper's figure 4.

    figure = correlation_figure(cfg, model, first, second, box=(40, 30, 120, 90), move=(16, -8))
    figure.savefig("correlation.png")

Needs matplotlib: ``pip install 'dnt_d2[plots]'``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from detectron2.config import CfgNode

from .correlation_maps import GAP, Box, CorrelationMaps, Frame, correlate_frames
from .modeling import DetectAndTrack

_INK, _QUIET, _TRUE, _FOUND = "#1f2430", "#7b8394", "#ff3b30", "#27c4ff"
_WIDTH, _MARGIN, _SPACE, _TOP, _TITLE = 11.0, 0.2, 0.3, 0.5, 0.34  # inches


def correlation_figure(
    cfg: CfgNode,
    model: DetectAndTrack,
    first: Frame,
    second: Frame,
    *,
    box: Box | None = None,
    move: tuple[float, float] | None = None,
    offsets: int = 3,
    title: str = "",
) -> Any:
    """Figure 4 for two frames: an array of maps per layer, the centre being no displacement.

    With a box, there is a row with its answers to all displacements: where they are highest, the layer holds the
    object to have gone.

    Args:
        cfg, model, first, second: see :func:`dnt_d2.correlation_maps.correlate_frames`.
        box: (x1, y1, x2, y2) of an object in the first frame, in its pixels.
        move: by how much it moved, (x, y) in pixels, where that is known: it is marked.
        offsets: the array shows displacements up to so many steps.
        title: the heading.

    Returns:
        A matplotlib Figure, which can be saved with ``savefig``.

    Raises:
        ModuleNotFoundError: without matplotlib.
        ValueError: see there; or for a ``move`` without a ``box``.
    """
    if move is not None and box is None:
        raise ValueError("move says how an object moved: give its box, too")
    try:
        from matplotlib.figure import Figure  # not pyplot: nothing global, no window, any thread
    except ModuleNotFoundError as error:
        message = "drawing correlation maps needs matplotlib: pip install 'dnt_d2[plots]'"
        raise ModuleNotFoundError(message, name="matplotlib") from error
    layers = correlate_frames(cfg, model, first, second)
    arrays = [layer.crop(offsets) for layer in layers]
    heights = _row_heights(first, arrays, box is not None)
    total = _TOP + sum(heights) + _TITLE * len(heights) + _MARGIN
    figure = Figure(figsize=(_WIDTH, total), dpi=160, facecolor="white")
    figure.text(_MARGIN / _WIDTH, 1 - 0.3 / total, title, size=14, weight="bold", color=_INK, va="center")
    _legend(figure, box, move)
    rows = [_row(figure, count, heights, i) for i, count in enumerate((2, len(layers), len(layers))[: len(heights)])]
    for axes, frame, when in zip(rows[0], (first, second), ("frame t", "frame t + τ"), strict=True):
        _draw_frame(axes, frame, when, box, move)
    for axes, layer in zip(rows[1], arrays, strict=True):
        _draw_array(axes, layer, move)
    if box is not None:
        for axes, layer in zip(rows[2], layers, strict=True):
            _draw_answers(axes, layer, box, move)
    return figure


def _row_heights(frame: Frame, arrays: Sequence[CorrelationMaps], with_answers: bool) -> list[float]:
    """Of the frames, of the arrays and of the answers, in inches."""
    width = (_WIDTH - 2 * _MARGIN - _SPACE * (len(arrays) - 1)) / len(arrays)
    height, length = arrays[0].array().shape
    frames = (_WIDTH - 2 * _MARGIN - _SPACE) / 2 * frame.shape[0] / frame.shape[1]
    return [min(frames, 3.0), width * height / length, *([min(width, 2.6)] if with_answers else [])]


def _row(figure: Any, count: int, heights: Sequence[float], row: int) -> list[Any]:
    """Axes side by side in a row of the figure."""
    total = figure.get_size_inches()[1]
    bottom = total - _TOP - sum(heights[: row + 1]) - _TITLE * (row + 1)
    width = (_WIDTH - 2 * _MARGIN - _SPACE * (count - 1)) / count
    lefts = [_MARGIN + i * (width + _SPACE) for i in range(count)]
    axes = [figure.add_axes((x / _WIDTH, bottom / total, width / _WIDTH, heights[row] / total)) for x in lefts]
    for each in axes:
        each.set(xticks=[], yticks=[])
        for spine in each.spines.values():
            spine.set_visible(False)
    return axes


def _draw_frame(axes: Any, frame: Frame, when: str, box: Box | None, move: tuple[float, float] | None) -> None:
    axes.imshow(frame[:, :, ::-1], interpolation="lanczos")
    axes.set_title(when, size=9.5, color=_INK, pad=4)
    if box is None:
        return
    x1, y1, x2, y2 = box
    dx, dy = move or (0.0, 0.0)
    later = when != "frame t"
    _outline(axes, x1, y1, x2 - x1, y2 - y1, color="white", linestyle="--" if later else "-")
    if later and move is not None:
        _outline(axes, x1 + dx, y1 + dy, x2 - x1, y2 - y1, color=_TRUE, linestyle="-")
        centre = (x1 + x2) / 2, (y1 + y2) / 2
        arrow = {"arrowstyle": "-|>", "color": _TRUE, "linewidth": 1.8, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", (centre[0] + dx, centre[1] + dy), centre, arrowprops=arrow)


def _outline(axes: Any, x: float, y: float, width: float, height: float, **style: Any) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x, y), width, height, fill=False, linewidth=1.8, **style))


def _draw_array(axes: Any, layer: CorrelationMaps, move: tuple[float, float] | None) -> None:
    height, width = layer.values.shape[2:]
    low, high = np.percentile(layer.values, (1, 99.8))
    axes.imshow(layer.array(), cmap="magma", vmin=low, vmax=high, interpolation="nearest", aspect="auto")
    name = layer.name.replace("res", "conv")
    side = len(layer.values)
    axes.set_title(f"{name}: {side} x {side} maps, steps of {layer.step:.3g} px", size=9.5, color=_INK, pad=4)
    if move is not None:
        p, q = (int(np.rint(m / layer.step)) + layer.radius for m in move)
        if 0 <= p < len(layer.values) and 0 <= q < len(layer.values):
            left, top = p * (width + GAP) - 1, q * (height + GAP) - 1
            _outline(axes, left, top, width + 1, height + 1, color=_TRUE)


def _draw_answers(axes: Any, layer: CorrelationMaps, box: Box, move: tuple[float, float] | None) -> None:
    reach = (layer.radius + 0.5) * layer.step
    axes.imshow(layer.at(box), cmap="magma", extent=(-reach, reach, reach, -reach), interpolation="nearest")
    axes.set_title("at the object, for all displacements (px)", size=9.5, color=_INK, pad=4)
    ticks = [-layer.radius * layer.step, 0.0, layer.radius * layer.step]
    axes.set(xticks=ticks, yticks=ticks)
    axes.tick_params(length=0, labelsize=7.5, labelcolor=_QUIET, pad=2)
    for side in (axes.xaxis, axes.yaxis):
        side.set_major_formatter(lambda x, _: f"{x:+.3g}" if x else "0")
    axes.plot(*layer.peak(box), "x", color=_FOUND, markersize=10, markeredgewidth=2)
    if move is not None:
        axes.plot(*move, "o", markerfacecolor="none", color=_TRUE, markersize=15, markeredgewidth=2)
        axes.set(xlim=(-reach, reach), ylim=(reach, -reach))


def _legend(figure: Any, box: Box | None, move: tuple[float, float] | None) -> None:
    from matplotlib.lines import Line2D

    handles = []
    if move is not None:
        handles.append(Line2D([], [], color=_TRUE, linewidth=2, label="where it really went"))
    if box is not None:
        handles.append(
            Line2D([], [], color=_FOUND, marker="x", linestyle="", markeredgewidth=2, label="highest answer")
        )
    if handles:
        place = (1 - _MARGIN / _WIDTH, 1 - 0.3 / figure.get_size_inches()[1])
        style = {"frameon": False, "fontsize": 9, "labelcolor": _INK, "ncols": len(handles)}
        figure.legend(handles=handles, loc="center right", bbox_to_anchor=place, **style)
