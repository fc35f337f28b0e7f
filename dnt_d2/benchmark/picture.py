"""benchmarks/speed--MACHINE.png: what each optimisation gained, and where the time of a frame goes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .figures import Comparison, Stage

_INK, _GREY, _BLUE, _ORANGE = "#333333", "#bbbbbb", "#3b6fb6", "#d9822b"
_MOST = 26
"""Comparisons in the picture; those of more are the ones that gained most or lost most."""


def draw_speed(stages: Sequence[Stage], path: Path) -> None:
    """Draw the comparisons of all stages of a machine, and the breakdown of a frame.

    Args:
        stages: of one machine; those without comparisons or breakdown are left out.
        path: of the PNG.

    Raises:
        ModuleNotFoundError: without Matplotlib.
    """
    from matplotlib.figure import Figure as Canvas  # no pyplot: it would choose a screen

    gains = largest([(stage.name, x) for stage in stages for x in stage.comparisons])
    parts = frame_parts(stages)
    rows = max(len(gains), len(parts), 4)
    canvas = Canvas(figsize=(15, 1.1 + 0.3 * rows), layout="constrained")
    left, right = canvas.subplots(1, 2, width_ratios=[3, 2])
    _draw_gains(left, gains)
    _draw_parts(right, parts)
    canvas.savefig(path, dpi=110)


def largest(comparisons: Sequence[tuple[str, Comparison]]) -> list[tuple[str, Comparison]]:
    """Those that are furthest from 1, by gain."""
    by_size = sorted(comparisons, key=lambda x: -max(x[1].faster, 1 / x[1].faster))
    return sorted(by_size[:_MOST], key=lambda x: -x[1].faster)


def frame_parts(stages: Sequence[Stage]) -> list[tuple[str, float]]:
    """The parts of a frame with their milliseconds, in the order of the work."""
    tables = [table for stage in stages if stage.name == "inference" for table in stage.tables]
    rows = [row for table in tables[:1] for row in table.rows if row[0] != "all"]
    return [(str(name), float(milliseconds)) for name, milliseconds, _ in rows]


def _draw_gains(axes: Any, gains: Sequence[tuple[str, Comparison]]) -> None:
    labels = [_label(stage, x) for stage, x in gains]
    values = [x.faster for _, x in gains]
    colors = [_BLUE if value >= 1 else _ORANGE for value in values]
    axes.barh(range(len(values)), [value - 1 for value in values], left=1, color=colors, height=0.7)
    for row, x in enumerate(values):
        _write(axes, max(x, 1), row, f"{x:,.1f}x" if x >= 1 else f"{x:.2f}x")
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    _finish(axes, len(labels), "times faster (before / after, one run, in turns)")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.axvline(1, color=_INK, linewidth=0.8)
    axes.margins(x=0.12)


def _label(stage: str, comparison: Comparison) -> str:
    text = f"{stage}: {comparison.what}, {comparison.before} → {comparison.after}"
    return text if len(text) <= 96 else f"{text[:95]}…"


def _draw_parts(axes: Any, parts: Sequence[tuple[str, float]]) -> None:
    whole = sum(milliseconds for _, milliseconds in parts) or 1.0
    axes.barh(range(len(parts)), [milliseconds for _, milliseconds in parts], color=_GREY, height=0.7)
    for row, (_, x) in enumerate(parts):
        _write(axes, x, row, f"{x:,.1f} ms, {x / whole:.1%}")
    axes.set_yticks(range(len(parts)), [name for name, _ in parts], fontsize=8)
    _finish(axes, len(parts), "milliseconds of a frame")
    axes.margins(x=0.3)


def _write(axes: Any, x: float, row: int, text: str) -> None:
    """Beside the end of a bar."""
    axes.annotate(text, (x, row), (4, 0), textcoords="offset points", va="center", fontsize=8, color=_INK)


def _finish(axes: Any, rows: int, title: str) -> None:
    axes.set_ylim(max(rows, 1) - 0.4, -0.6)
    axes.set_title(title, loc="left", fontsize=10, color=_INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelsize=8)
