"""A picture of the tubes of one video over time: who was there, from when to when, and how linking changed the scores.

    draw_timeline([TubeSpan("car", 3, frames, scores, raw_scores)], num_frames=250, path="tubes.png", fps=25)

:func:`timeline_figure` draws it in other colours, for a page. Needs matplotlib: ``pip install 'dnt_d2[plots]'``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .geometry import FloatArray
from .timeline_style import TimelineStyle
from .whole_file import whole_file

FORMATS = ("png", "svg", "pdf", "jpg")
# Heights of a tube's row, of a lane of ground truth and of the space between classes, in rows.
_ROW, _LANE, _SPACE, _RIDGE = 1.0, 0.26, 0.3, 0.84
# Sizes in inches; so many rows that they would pass the largest height are drawn lower.
_WIDTH, _ROW_HEIGHT, _MARGIN, _MAX_HEIGHT = 11.0, 0.44, 1.35, 60.0


@dataclass(frozen=True)
class TubeSpan:
    """One tube, or one ground-truth track, along time.

    Attributes:
        label: name of its class.
        track_id: unique in the video; its colour is that of the video, :func:`dnt_d2.colors.track_color`.
        frames: (L,) rising 0-based frame numbers, L >= 1; gaps are drawn as gaps.
        scores: (L,) re-scored (sec. 4), in [0, 1]; ground truth needs none.
        raw_scores: (L,) scores of the single frames, in [0, 1]; None where they are not known.
    """

    label: str
    track_id: int
    frames: NDArray[np.int64]
    scores: FloatArray | None = None
    raw_scores: FloatArray | None = None


def draw_timeline(
    tracks: Sequence[TubeSpan],
    num_frames: int,
    path: str | Path,
    *,
    ground_truth: Sequence[TubeSpan] | None = None,
    title: str = "Tubes",
    fps: float | None = None,
) -> None:
    """Draw one row per tube, grouped by class in order of appearance, with its scores as a ridge over time.

    The coloured line is the re-scored tube, the thin dark one the score of the single frames; grey bars under the
    tubes of a class are its true tracks.

    Args:
        tracks: the tubes; none gives an empty picture that says so.
        num_frames: length of the video.
        path: ends in png, svg, pdf or jpg; its folder is made where it is missing, an older file is replaced.
        ground_truth: the true tracks, where they are known.
        title: the heading; "" for none.
        fps: frames per second, for an axis in seconds; without it the axis counts frames.

    Raises:
        ModuleNotFoundError: without matplotlib.
        ValueError: for an unknown suffix, and for a tube whose arrays differ in length, whose frames don't rise within
            the video, or whose scores leave [0, 1].
    """
    path = Path(path).expanduser()
    if path.suffix[1:].lower() not in FORMATS:
        raise ValueError(f"{path}: give a file name that ends in one of {', '.join(FORMATS)}")
    figure = timeline_figure(tracks, num_frames, ground_truth=ground_truth, title=title, fps=fps)
    with whole_file(path, sync=False) as file:
        figure.savefig(file, format=path.suffix[1:].lower())


def timeline_figure(
    tracks: Sequence[TubeSpan],
    num_frames: int,
    *,
    ground_truth: Sequence[TubeSpan] | None = None,
    title: str = "Tubes",
    fps: float | None = None,
    style: TimelineStyle | None = None,
) -> Any:
    """The picture of :func:`draw_timeline` as a matplotlib Figure, which can be saved with ``savefig``.

    Raises:
        ModuleNotFoundError: without matplotlib.
        ValueError: for a tube that :func:`draw_timeline` would refuse.
    """
    if num_frames < 1 or (fps is not None and not 0 < fps < float("inf")):
        raise ValueError(f"num_frames is {num_frames} and fps {fps}; both must be positive")
    for span in (*tracks, *(ground_truth or ())):
        _check(span, num_frames)
    try:
        from matplotlib.figure import Figure  # not pyplot: nothing global, no window, any thread
    except ModuleNotFoundError as error:
        message = "drawing a timeline needs matplotlib: pip install 'dnt_d2[plots]'"
        raise ModuleNotFoundError(message, name="matplotlib") from error
    style = style or TimelineStyle()
    groups = _group(tracks, ground_truth or ())
    rows = sum(_height(*group) for group in groups.values()) + _SPACE * max(len(groups) - 1, 0) or 2 * _ROW
    figure = Figure(figsize=(_WIDTH, min(_MARGIN + _ROW_HEIGHT * rows, _MAX_HEIGHT)), dpi=160, facecolor=style.paper)
    axes = _build_axes(figure, rows, num_frames, fps, style)
    _draw_groups(axes, groups, style)
    if not groups:
        axes.text(0.5, 0.5, "no tubes", transform=axes.transAxes, ha="center", va="center", color=style.quiet, size=12)
    noun = "tube" if len(tracks) == 1 else "tubes"
    _draw_heading(axes, title, f"{len(tracks)} {noun}, {num_frames} frames", style)
    _draw_legend(axes, tracks, ground_truth or (), style)
    return figure


def _check(span: TubeSpan, num_frames: int) -> None:
    name, frames = f"{span.label} {span.track_id}", np.asarray(span.frames)
    if frames.ndim != 1 or not len(frames) or (np.diff(frames) <= 0).any():
        raise ValueError(f"{name}: frames must be (L,), L >= 1, and rise; got shape {frames.shape}")
    if frames[0] < 0 or frames[-1] >= num_frames:
        raise ValueError(f"{name}: frames {frames[0]}..{frames[-1]} leave the video's 0..{num_frames - 1}")
    for values in (span.scores, span.raw_scores):
        if values is None:
            continue
        if np.shape(values) != frames.shape:
            raise ValueError(f"{name}: {len(frames)} frames, but scores of shape {np.shape(values)}")
        if not ((np.asarray(values) >= 0) & (np.asarray(values) <= 1)).all():
            raise ValueError(f"{name}: a score leaves [0, 1]; a tube's re-scored values are halved before drawing")


Groups = dict[str, tuple[list[TubeSpan], list[list[TubeSpan]]]]


def _group(tracks: Sequence[TubeSpan], truth: Sequence[TubeSpan]) -> Groups:
    """Per class, in order of first appearance: its tubes, and its true tracks packed into lanes."""
    spans = sorted((*tracks, *truth), key=lambda span: (span.frames[0], span.label))
    groups: Groups = {span.label: ([], []) for span in spans}
    for track in sorted(tracks, key=lambda span: (span.frames[0], span.track_id)):
        groups[track.label][0].append(track)
    for track in sorted(truth, key=lambda span: (span.frames[0], span.track_id)):
        lanes = groups[track.label][1]
        lane = next((lane for lane in lanes if lane[-1].frames[-1] + 1 < track.frames[0]), None)
        if lane is None:
            lanes.append([track])
        else:
            lane.append(track)
    return groups


def _height(tubes: list[TubeSpan], lanes: list[list[TubeSpan]]) -> float:
    return _ROW * len(tubes) + _LANE * len(lanes)


def _runs(frames: NDArray[np.int64]) -> list[NDArray[np.intp]]:
    """Indices of the stretches without a gap; a tube on every tau-th frame has no gap in steps of tau."""
    steps = np.diff(frames)
    usual = np.median(steps) if len(steps) else 1
    return np.split(np.arange(len(frames)), np.flatnonzero(steps > usual) + 1)


def _build_axes(figure: Any, rows: float, num_frames: int, fps: float | None, style: TimelineStyle) -> Any:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    width, height = figure.get_size_inches()
    axes = figure.add_axes((1.75 / width, 0.52 / height, 1 - 3.1 / width, 1 - 1.35 / height))
    axes.set_facecolor(style.paper)
    axes.set_xlim(-0.5, num_frames - 0.5)
    axes.set_ylim(rows + 0.08, -0.08)
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(axis="x", length=0, labelsize=8.5, labelcolor=style.quiet, pad=5)
    axes.grid(axis="x", color=style.hairline, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.set_xlabel("frame" if fps is None else "seconds", size=9, color=style.quiet, labelpad=3)
    unit = 1 if fps is None else fps  # frames per unit of the axis
    ticks = MaxNLocator(nbins=10, steps=[1, 2, 5, 10], integer=fps is None).tick_values(0, num_frames / unit)
    axes.set_xticks([tick * unit for tick in ticks if 0 <= tick * unit <= num_frames - 0.5])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda frame, _: f"{frame / unit:.5g}"))
    return axes


def _draw_groups(axes: Any, groups: Groups, style: TimelineStyle) -> None:
    beside = axes.get_yaxis_transform()  # x in fractions of the axes, y in rows
    if any(tube.scores is not None for tubes, _ in groups.values() for tube in tubes):
        axes.text(1.074, -0.24, "mean score", transform=beside, ha="center", va="bottom", color=style.quiet, size=8)
    top = 0.0
    for label, (tubes, lanes) in groups.items():
        bottom = top + _height(tubes, lanes)
        axes.axhspan(top - 0.08, bottom + 0.08, color=style.band, zorder=0)
        name, middle = label.replace("_", " "), (top + bottom) / 2
        axes.text(-0.068, middle, name, transform=beside, ha="right", va="center", color=style.ink, weight="bold")
        for tube in tubes:
            _draw_tube(axes, tube, top + _ROW, beside, style)
            top += _ROW
        for lane in lanes:
            for track in lane:
                for run in _runs(track.frames):
                    start, end = track.frames[run[0]] - 0.5, track.frames[run[-1]] + 0.5
                    axes.barh(top + _LANE / 2, end - start, _LANE / 2, start, color=style.truth, zorder=2)
            top += _LANE
        top = bottom + _SPACE


def _draw_tube(axes: Any, tube: TubeSpan, base: float, beside: Any, style: TimelineStyle) -> None:
    """A ridge that stands on ``base`` (rows count downwards), its number on the left and its mean on the right."""
    ink = style.line(tube.track_id)
    frames, scores = np.asarray(tube.frames, float), np.ones(len(tube.frames))
    if tube.scores is not None:
        scores = np.asarray(tube.scores, float)
    axes.text(-0.012, base - 0.42, f"#{tube.track_id}", transform=beside, ha="right", va="center", color=ink, size=9)
    for run in _runs(tube.frames):
        # The ridge reaches half a frame to both sides, so that a tube of one frame is seen too.
        x = np.concatenate([[frames[run[0]] - 0.5], frames[run], [frames[run[-1]] + 0.5]])
        y = base - _RIDGE * np.pad(scores[run], 1, mode="edge")
        _fill_ridge(axes, x, y, base, style.area(tube.track_id))
        axes.plot(x, y, color=ink, linewidth=1.5, solid_capstyle="round", zorder=4)
        if tube.raw_scores is not None:
            raw = base - _RIDGE * np.pad(np.asarray(tube.raw_scores, float)[run], 1, mode="edge")
            axes.plot(x, raw, color=style.ink, linewidth=0.65, alpha=0.75, zorder=3)
    if tube.scores is None:
        return
    mean = f"{scores.mean():.2f}"
    if tube.raw_scores is not None:
        before = f"{np.mean(tube.raw_scores):.2f}  →"
        axes.text(1.078, base - 0.42, before, transform=beside, ha="right", va="center", color=style.quiet, size=8.5)
    axes.text(1.087, base - 0.42, mean, transform=beside, ha="left", va="center", color=ink, size=9, weight="bold")


def _fill_ridge(axes: Any, x: FloatArray, y: FloatArray, base: float, color: tuple[float, ...]) -> None:
    """Fill between ``base`` and the line y; colour grows with height, so a strong tube is also a saturated one."""
    picture = np.empty((64, 1, 4))
    picture[..., :3], picture[..., 3] = color, np.linspace(0.95, 0.1, 64)[:, None]
    outline = np.concatenate([[[x[0], base]], np.stack([x, y], 1), [[x[-1], base]]])
    (patch,) = axes.fill(*outline.T, facecolor="none", edgecolor="none")
    limits = axes.get_xlim(), axes.get_ylim()
    image = axes.imshow(picture, extent=(x[0], x[-1], base, base - _RIDGE), aspect="auto", zorder=2.5)
    image.set_clip_path(patch)
    axes.set(xlim=limits[0], ylim=limits[1])  # imshow moves them


def _draw_heading(axes: Any, title: str, subtitle: str, style: TimelineStyle) -> None:
    height = axes.figure.get_size_inches()[1]
    if title:
        axes.figure.text(0.025, 1 - 0.3 / height, title, size=14, weight="bold", color=style.ink, va="center")
    axes.figure.text(0.025, 1 - 0.57 / height, subtitle, size=9, color=style.quiet, va="center")


def _draw_legend(axes: Any, tracks: Sequence[TubeSpan], truth: Sequence[TubeSpan], style: TimelineStyle) -> None:
    from matplotlib.lines import Line2D

    handles = []
    if any(track.scores is not None for track in tracks):
        color = style.line(tracks[0].track_id)
        handles.append(Line2D([], [], color=color, linewidth=2, label="tube, re-scored"))
    if any(track.raw_scores is not None for track in tracks):
        handles.append(Line2D([], [], color=style.ink, linewidth=0.8, alpha=0.8, label="single frames"))
    if truth:
        handles.append(Line2D([], [], color=style.truth, linewidth=4, solid_capstyle="butt", label="ground truth"))
    if handles:
        height = axes.figure.get_size_inches()[1]
        place = {"loc": "center right", "bbox_to_anchor": (0.985, 1 - 0.43 / height), "ncols": len(handles)}
        axes.figure.legend(handles=handles, frameon=False, fontsize=9, labelcolor=style.ink, columnspacing=1.6, **place)
