"""Draw tracked objects: boxes with tags, a steady colour per track, a fading trail of where each one came from.

    drawer = TrackDrawer()
    for frame in read_frames("clip.mp4"):
        shown = drawer.draw(frame, boxes, labels, track_ids, scores)

Frames are BGR uint8 (H, W, 3) and are never changed: everything here works on a copy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .colors import Color, track_color
from .drawing.comparison import compare_frames, match_tracks, side_by_side
from .drawing.style import SHIFT, Style, style_for
from .drawing.tags import DARK, Tag, draw_tag, place_tags
from .drawing.text import ARROW
from .drawing.trails import Trails, draw_trails
from .geometry import FloatArray
from .video import Frame

__all__ = ["TrackDrawer", "compare_frames", "draw_tracks", "match_tracks", "side_by_side", "track_color"]

_TINT = 0.35


def draw_tracks(
    frame: Frame,
    boxes: ArrayLike,
    labels: Sequence[str],
    track_ids: ArrayLike,
    scores: ArrayLike | None,
    *,
    raw_scores: ArrayLike | None = None,
    color_ids: ArrayLike | None = None,
    tinted: ArrayLike | None = None,
    trails: Mapping[int, FloatArray] | None = None,
) -> Frame:
    """Draw the boxes of one frame, the best score on top, each with a tag like "car 3  0.42 → 0.87".

    Tags don't cover each other: where there is little room they lose their scores, then their class, then are left
    out. Earlier tracks choose their places first, so that tags keep theirs as scores change.

    Args:
        frame: BGR uint8 (H, W, 3).
        boxes: (N, 4) corners x1, y1, x2, y2 in pixels; they may leave the frame.
        labels: N class names.
        track_ids: (N,) integers; negative for boxes without a track, which are grey and carry no number.
        scores: (N,) in [0, 1], or None to show none.
        raw_scores: (N,) before re-scoring, to be shown before the others; NaN where there is none.
        color_ids: (N,) the tracks whose colours the boxes get; None: their own.
        tinted: (N,) which boxes to fill with a tint, so that they stand out.
        trails: for each track id a (K, 3) array of x, y and strength in [0, 1], oldest first.

    Returns:
        A new picture of the frame's shape.

    Raises:
        ValueError: for a frame that is not BGR uint8, for arrays whose lengths differ, for boxes that are not finite,
            for raw scores without scores.
    """
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
        raise ValueError(f"a frame must be uint8 (H, W, 3), got {frame.dtype} {frame.shape}")
    corners, ids, values = _checked(boxes, labels, track_ids, scores)
    texts = _score_texts(values, _column(raw_scores, len(ids), "raw scores"), len(ids))
    colored = _column(color_ids, len(ids), "colour ids")
    colors = [track_color(int(i)) for i in (ids if colored is None else colored)]
    canvas = frame.copy(order="C")
    style = style_for(*frame.shape[:2])
    order = np.arange(len(ids)) if values is None else np.argsort(values, kind="stable")
    fill = _column(tinted, len(ids), "tints")
    for i in order[:0] if fill is None else order[fill[order] != 0]:
        _tint(canvas, corners[i], colors[i])
    if trails:
        draw_trails(canvas, trails, style)
    for i in order:
        _draw_box(canvas, corners[i], colors[i], style)
    chosen = sorted(order[::-1].tolist(), key=lambda i: (ids[i] < 0, max(ids[i], 0)))
    tags = [Tag(corners[i], labels[i], str(ids[i]) if ids[i] >= 0 else "", texts[i], colors[i]) for i in chosen]
    for tag in place_tags(tags, (frame.shape[1], frame.shape[0]), style):
        draw_tag(canvas, tag, style)
    return canvas


def _checked(
    boxes: ArrayLike, labels: Sequence[str], track_ids: ArrayLike, scores: ArrayLike | None
) -> tuple[FloatArray, NDArray[np.int64], FloatArray | None]:
    corners = np.asarray(boxes, np.float64).reshape(-1, 4)
    ids = np.asarray(track_ids, np.int64).reshape(-1)
    values = None if scores is None else np.asarray(scores, np.float64).reshape(-1)
    counts = (len(corners), len(labels), len(ids), len(corners) if values is None else len(values))
    if len(set(counts)) > 1:
        raise ValueError("{} boxes, {} labels, {} track ids, {} scores: give one of each for every box".format(*counts))
    if not np.isfinite(corners).all():
        raise ValueError("a box has a corner that is not a finite number")
    return corners, ids, values


def _column(values: ArrayLike | None, count: int, what: str) -> FloatArray | None:
    """One number for each box, if there are any."""
    if values is None:
        return None
    column = np.asarray(values, np.float64).reshape(-1)
    if len(column) != count:
        raise ValueError(f"{count} boxes, {len(column)} {what}: give one for every box")
    return column


def _score_texts(scores: FloatArray | None, raw_scores: FloatArray | None, count: int) -> list[str]:
    if scores is None:
        if raw_scores is not None:
            raise ValueError("raw scores are shown before the scores: give both")
        return [""] * count
    if raw_scores is None:
        return [f"{score:.2f}" for score in scores]
    pairs = zip(raw_scores, scores, strict=True)
    return [f"{score:.2f}" if np.isnan(raw) else f"{raw:.2f} {ARROW} {score:.2f}" for raw, score in pairs]


def _tint(canvas: Frame, box: FloatArray, color: Color) -> None:
    height, width = canvas.shape[:2]
    x1, y1, x2, y2 = np.round(np.clip(box, 0, (width, height) * 2)).astype(int).tolist()
    part = canvas[y1 : y2 + 1, x1 : x2 + 1]
    if part.size:
        cv2.addWeighted(part, 1 - _TINT, np.full_like(part, color), _TINT, 0, dst=part)


def _draw_box(canvas: Frame, box: FloatArray, color: Color, style: Style) -> None:
    height, width = canvas.shape[:2]
    margin = 4 * style.line  # a side outside of the frame stays outside
    x1, y1, x2, y2 = box.tolist()
    x1, x2 = (round(min(max(x, -margin), width + margin) * (1 << SHIFT)) for x in (x1, x2))
    y1, y2 = (round(min(max(y, -margin), height + margin) * (1 << SHIFT)) for y in (y1, y2))
    # The dark line below shows on both sides of the bright one, which stands out from snow as from night; it may keep
    # to whole pixels, which takes a third of the time.
    cv2.rectangle(canvas, (x1, y1), (x2, y2), DARK, style.rimmed, cv2.LINE_8, SHIFT)
    cv2.rectangle(canvas, (x1, y1), (x2, y2), color, style.line, cv2.LINE_AA, SHIFT)


class TrackDrawer:
    """Draws the frames of a video in turn and remembers where the tracks have been.

    Memory is bounded: a track keeps at most ``trail_length`` points, and one that is gone is forgotten after as
    many frames, while its trail fades.

    Args:
        trail_length: how many frames back a trail reaches; 0 draws none.
    """

    def __init__(self, trail_length: int = 30) -> None:
        if trail_length < 0:
            raise ValueError(f"trail_length is {trail_length}, but must be 0 or more")
        self.trail_length = trail_length
        self.reset()

    def reset(self) -> None:
        """Forget everything: the next frame belongs to another video."""
        self._trails = Trails(self.trail_length)

    def draw(
        self,
        frame: Frame,
        boxes: ArrayLike,
        labels: Sequence[str],
        track_ids: ArrayLike,
        scores: ArrayLike | None,
        raw_scores: ArrayLike | None = None,
        *,
        tinted: ArrayLike | None = None,
    ) -> Frame:
        """Draw the next frame; arguments, result and errors as in :func:`draw_tracks`."""
        corners, ids, _ = _checked(boxes, labels, track_ids, scores)
        trails = self._trails.step(ids, corners)
        return draw_tracks(frame, corners, labels, ids, scores, raw_scores=raw_scores, tinted=tinted, trails=trails)
