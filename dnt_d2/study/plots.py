"""The plots of the study's page, from its JSON files alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any

from ..evaluation.report.drawing import FONT_SIZE, add_axes, new_figure
from ..evaluation.report.theme import LIGHT
from .ablation_tables import HEADS, moves_of_part, reach_of_part
from .canvas import add_legend, name_rows, save, style, title, write
from .cells import number
from .claim_plot import draw_claims
from .design import ABLATIONS, NOVEL
from .move_plot import draw_moves
from .results import MODELS, RETRAINED, Study, Values, parts_of_seeds
from .tables import KINDS, SETS

LINES = KINDS | {"tube_no_motion": 'tubes, "no motion"'}


def draw_all(folder: Path) -> list[Path]:
    """Draw whatever there is something to draw of.

    Args:
        folder: benchmarks/study/MACHINE: JSON files of the parts; the plots go there, too.

    Returns:
        The files that were written; plots that nothing is known for yet are left out.

    Raises:
        ModuleNotFoundError: without matplotlib.
        ValueError: a file is none of the study's.
    """
    study = Study.read(folder)
    drawn = [
        save(folder / name, partial(draw, study=study))
        for name, (draw, parts) in _PLOTS.items()
        if study.present(parts)
    ]
    return drawn + [path for tau in (1, 10) if (path := _draw_moves(folder, study, tau)) is not None]


def draw_headline(figure_class: type, study: Study) -> Any:
    """AP50 of each model by kind of results, a panel for each set: seeds side by side, and a line at their mean."""
    figure = new_figure(figure_class, 660, 290)
    panels = []
    for place, (dataset, name) in enumerate(SETS.items()):
        left = 48 + 312 * place
        axes = add_axes(figure, LIGHT, left=left, right=660 - left - 284, top=62, bottom=34)
        for i, (kind, words) in enumerate(KINDS.items()):
            axes.plot([], [], linestyle="", label=words, **style(i))
            for j, part in enumerate(MODELS.values()):
                _draw_seeds(axes, j + (i - 1) * 0.28, study.over_seeds(part, "results", dataset, kind, "AP50"), i)
        axes.set_xticks(range(len(MODELS)), list(MODELS))
        axes.set_xlim(-0.5, len(MODELS) - 0.5)
        title(axes, name)
        panels.append(axes)
    panels[0].set_ylabel("AP50")
    shown = [limit for axes in panels if axes.has_data() for limit in axes.dataLim.intervaly if isfinite(limit)]
    for axes in panels:
        axes.set_ylim(max(min(shown, default=0) - 4, 0), min(max(shown, default=100) + 6, 100))
    place_above = {"loc": "upper left", "ncols": len(KINDS), "frameon": False, "labelcolor": LIGHT["ink"]}
    figure.legend(*panels[0].get_legend_handles_labels(), handletextpad=0.1, columnspacing=1.4, **place_above)
    return figure


def _draw_seeds(axes: Any, x: float, values: Values, kind: int) -> None:
    for k, value in enumerate(values.seeds):
        if value is not None:
            axes.plot([x + (k - 1) * 0.07], [value], markersize=5.5, alpha=0.8, **style(kind))
    if values.mean is not None:
        axes.plot([x - 0.12, x + 0.12], [values.mean] * 2, color=LIGHT["ink"], linewidth=1.4)
        write(axes, number(values.mean), (x, max(values.known)), (0, 9), ha="center", size=FONT_SIZE - 2)


def draw_alpha(figure_class: type, study: Study) -> Any:
    """AP50 of tubes against alpha on both sets, and of single frames as a line of points."""
    figure, axes = _curves(figure_class, "alpha: the share of a tube's scores, the highest, whose mean it gains")
    for i, (dataset, name) in enumerate(SETS.items()):
        found = study.get("linking", "results", dataset) or {}
        _plot_curve(axes, found.get("alpha") or {}, i, f"tubes, {name}")
        if (frames := found.get("single frames")) is not None:
            axes.axhline(frames, color=style(i)["color"], linewidth=1.2, linestyle=":", label=f"single frames, {name}")
    axes.set_xticks([x / 10 for x in range(1, 11)], [f"{10 * x}%" for x in range(1, 11)])
    add_legend(axes, 2)
    return figure


def draw_strides(figure_class: type, study: Study) -> Any:
    """AP50 against the stride: full lines in the frames that the largest samples, broken ones in all frames."""
    figure, axes = _curves(figure_class, "τ, frames from one that the network sees to the next")
    found = study.get("strides", "results") or {}
    sampled, everywhere = found.get("sampled_frames") or {}, found.get("all_frames") or {}
    for i, (kind, words) in enumerate(LINES.items()):
        _plot_curve(axes, {tau: of.get(kind) for tau, of in sampled.items()}, i, words)
        if kind != "frame":
            _plot_curve(axes, {tau: of.get(kind) for tau, of in everywhere.items()}, i, "_", linestyle="--")
    axes.plot([], [], "--", color=LIGHT["ink"], label="in all frames")
    axes.set_xscale("log")
    axes.minorticks_off()
    taus = [int(tau) for tau in sampled]
    axes.set_xticks(taus, [str(tau) for tau in taus])
    add_legend(axes, 3)
    return figure


def draw_ablations(figure_class: type, study: Study) -> Any:
    """AP50 of each retrained ablation by kind of results, with lines at the first."""
    figure = new_figure(figure_class, 690, 90 + 22 * len(ABLATIONS))
    axes = add_axes(figure, LIGHT, left=316, right=24, top=36, bottom=40, grid="x")
    for i, (kind, words) in enumerate(KINDS.items()):
        values = [study.get(f"ablation_{x.name}", "results", NOVEL, kind, "AP50") for x in ABLATIONS]
        known = [(value, row) for row, value in enumerate(values) if value is not None]
        axes.plot(*_columns(known), linestyle="", markersize=7, label=words, **style(i))
        if values[0] is not None:
            axes.axvline(values[0], color=style(i)["color"], linewidth=1, linestyle=":")
    name_rows(axes, [ablation.what for ablation in ABLATIONS])
    axes.set_xlabel("AP50 on val_novel, one seed; dotted: D&T as it is")
    add_legend(axes, 3)
    return figure


def _curves(figure_class: type, x_label: str) -> tuple[Any, Any]:
    figure = new_figure(figure_class, 520, 320)
    axes = add_axes(figure, LIGHT, left=48, right=16, top=56, bottom=44)
    axes.set(xlabel=x_label, ylabel="AP50")
    return figure, axes


def _plot_curve(axes: Any, curve: Mapping[str, float | None], place: int, words: str, linestyle: str = "-") -> None:
    """A curve from the numbers of a setting, as JSON has them, to AP50."""
    known = sorted((float(x), y) for x, y in curve.items() if y is not None)
    axes.plot(*_columns(known), linestyle=linestyle, linewidth=2, markersize=6, label=words, **style(place))


def _columns(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


def _draw_moves(folder: Path, study: Study, tau: int) -> Path | None:
    """The three heads of the ablations; until they are there, the first D&T's."""
    heads = {name: moves_of_part(study, f"ablation_{of}", tau=tau) for name, of in HEADS.items()}
    known = {name: summary for name, summary in heads.items() if summary}
    reach = reach_of_part(study, f"ablation_{HEADS['both']}")
    if not known and (summary := moves_of_part(study, "seed1_moves", tau=tau)):
        known, reach = {"D&T, seed 1": summary}, reach_of_part(study, "seed1_moves")
    if not known:
        return None
    frames = "1 frame" if tau == 1 else f"{tau} frames"
    path = folder / f"moves_tau_{tau}.png"
    draw_moves(path, known, reach, f"True boxes of val_novel, moved by {frames}: error by displacement")
    return path


_PLOTS: Mapping[str, tuple[Callable[..., Any], Sequence[str]]] = {
    "headline.png": (draw_headline, parts_of_seeds(*MODELS.values())),
    "claims.png": (draw_claims, ["claims"]),
    "loss.png": (partial(draw_claims, part="loss"), ["loss"]),
    "alpha.png": (draw_alpha, ["linking"]),
    "strides.png": (draw_strides, ["strides"]),
    "ablations.png": (draw_ablations, RETRAINED),
}
