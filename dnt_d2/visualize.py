"""Draw tracked objects: boxes with tags, a steady colour per track, a fading trail of where each one came from.

    drawer = TrackDrawer()
    for frame in read_frames("clip.mp4"):
        shown = drawer.draw(frame, boxes, labels, track_ids, scores)

Frames are BGR uint8 (H, W, 3) and are never changed: everything here works on a copy.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .colors import Color, luma, track_color
from .geometry import FloatArray
from .video import Frame

Rect = tuple[int, int, int, int]

_DARK: Color = (24, 20, 18)
_LIGHT: Color = (250, 250, 250)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
# OpenCV draws at fractions of a pixel when coordinates carry this many extra bits: boxes glide instead of jumping.
_SHIFT = 4


@dataclass(frozen=True)
class _Style:
    """Sizes in pixels that suit a picture: thin lines and small but legible letters at 240p, larger ones at 720p."""

    line: int
    font_scale: float
    font_line: int
    pad: int


@lru_cache(maxsize=64)
def _style(height: int, width: int) -> _Style:
    short = min(height, width)
    scale = min(max(short / 1250, 0.38), 3.0)
    return _Style(max(1, round(short / 360)), scale, max(1, round(scale)), max(2, round(5 * scale)))


def draw_tracks(
    frame: Frame,
    boxes: ArrayLike,
    labels: Sequence[str],
    track_ids: ArrayLike,
    scores: ArrayLike | None,
    *,
    trails: Mapping[int, FloatArray] | None = None,
) -> Frame:
    """Draw the boxes of one frame, the best score on top, each with a tag like "car 3  0.87".

    Args:
        frame: BGR uint8 (H, W, 3).
        boxes: (N, 4) corners x1, y1, x2, y2 in pixels; they may leave the frame.
        labels: N class names.
        track_ids: (N,) integers; negative for boxes without a track, which are grey and carry no number.
        scores: (N,) in [0, 1], or None to show none.
        trails: for each track id a (K, 3) array of x, y and strength in [0, 1], oldest first.

    Returns:
        A new picture of the frame's shape.

    Raises:
        ValueError: for a frame that is not BGR uint8, for arrays whose lengths differ, for boxes that are not finite.
    """
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
        raise ValueError(f"a frame must be uint8 (H, W, 3), got {frame.dtype} {frame.shape}")
    corners, ids, values = _checked(boxes, labels, track_ids, scores)
    canvas = frame.copy()
    style = _style(*frame.shape[:2])
    if trails:
        _draw_trails(canvas, trails, style)
    order = np.arange(len(ids)) if values is None else np.argsort(values, kind="stable")
    for i in order:
        _draw_box(canvas, corners[i], track_color(int(ids[i])), style)
    taken: list[Rect] = []
    for i in order[::-1]:
        text = labels[i] + (f" {ids[i]}" if ids[i] >= 0 else "") + ("" if values is None else f"  {values[i]:.2f}")
        _draw_tag(canvas, text, corners[i], track_color(int(ids[i])), style, taken)
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


def _draw_box(canvas: Frame, box: FloatArray, color: Color, style: _Style) -> None:
    height, width = canvas.shape[:2]
    margin = 4 * style.line  # a side outside of the frame stays outside
    low, high = (-margin, -margin) * 2, (width + margin, height + margin) * 2
    x1, y1, x2, y2 = (int(v) for v in np.round(np.clip(box, low, high) * (1 << _SHIFT)))
    # The dark line below shows on both sides of the bright one: it stands out from snow as from night.
    for tone, line in ((_DARK, style.line + 2), (color, style.line)):
        cv2.rectangle(canvas, (x1, y1), (x2, y2), tone, line, cv2.LINE_AA, _SHIFT)


def _draw_tag(canvas: Frame, text: str, box: FloatArray, color: Color, style: _Style, taken: list[Rect]) -> None:
    (text_width, text_height), below = cv2.getTextSize(text, _FONT, style.font_scale, style.font_line)
    size = (text_width + 2 * style.pad, text_height + below + style.pad)
    x, y, right, bottom = rect = _place_tag(box, size, (canvas.shape[1], canvas.shape[0]), style.line, taken)
    taken.append(rect)
    cv2.rectangle(canvas, (x - 1, y - 1), (right, bottom), _DARK, cv2.FILLED)
    cv2.rectangle(canvas, (x, y), (right - 1, bottom - 1), color, cv2.FILLED)
    origin = (x + style.pad, y + style.pad // 2 + text_height)
    ink = _DARK if luma(color) > 130 else _LIGHT
    cv2.putText(canvas, text, origin, _FONT, style.font_scale, ink, style.font_line, cv2.LINE_AA)


def _place_tag(
    box: FloatArray, size: tuple[int, int], frame_size: tuple[int, int], line: int, taken: list[Rect]
) -> Rect:
    """Above the box, or else inside, or else below: the first place in the frame that no earlier tag has."""
    (width, height), (frame_width, frame_height) = size, frame_size
    half = line // 2 + 1
    x = int(np.clip(round(box[0]) - half, 0, max(frame_width - width, 0)))
    top, bottom = (int(v) for v in np.clip(np.round(box[1::2]), 0, frame_height - 1))
    places = [top - half - height, top + half, bottom + half]
    rects = [(x, y, x + width, y + height) for y in places if 0 <= y <= frame_height - height]
    free = [rect for rect in rects if not any(_overlap(rect, other) for other in taken)]
    return (free or rects or [(x, 0, x + width, height)])[0]


def _overlap(a: Rect, b: Rect) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _draw_trails(canvas: Frame, trails: Mapping[int, FloatArray], style: _Style) -> None:
    """Blend every trail in place; where it is weak, the picture shows through."""
    layer, opacity = canvas.copy(), np.zeros(canvas.shape[:2], np.uint8)
    for track_id, trail in trails.items():
        points = np.round(trail[:, :2] * (1 << _SHIFT)).astype(np.int32)
        for tone, line in ((_DARK, style.line + 2), (track_color(track_id), style.line)):
            cv2.polylines(layer, [points], False, tone, line, cv2.LINE_AA, _SHIFT)
        for start, end, strength in zip(points[:-1].tolist(), points[1:].tolist(), trail[1:, 2].tolist(), strict=True):
            cv2.line(opacity, start, end, 255 * strength, style.line + 2, cv2.LINE_AA, _SHIFT)
    # Few pixels are touched, and only those are blended: a float copy of the whole frame would take longer.
    touched = np.flatnonzero(opacity.reshape(-1) != 0)
    alpha = opacity.reshape(-1)[touched, None].astype(np.float32) / 255
    pixels = canvas.reshape(-1, 3)
    under, over = pixels[touched], layer.reshape(-1, 3)[touched]
    pixels[touched] = (under + alpha * (over.astype(np.float32) - under) + 0.5).astype(np.uint8)


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
        self._frame_index = 0
        self._points: dict[int, deque[tuple[int, float, float]]] = {}

    def draw(
        self, frame: Frame, boxes: ArrayLike, labels: Sequence[str], track_ids: ArrayLike, scores: ArrayLike | None
    ) -> Frame:
        """Draw the next frame; arguments, result and errors as in :func:`draw_tracks`."""
        corners, ids, _ = _checked(boxes, labels, track_ids, scores)
        for track_id, (x1, y1, x2, y2) in zip(ids.tolist(), corners.tolist(), strict=True):
            if track_id >= 0:
                trail = self._points.setdefault(track_id, deque(maxlen=self.trail_length))
                trail.append((self._frame_index, (x1 + x2) / 2, (y1 + y2) / 2))
        shown = draw_tracks(frame, corners, labels, ids, scores, trails=self._trails())
        self._frame_index += 1
        return shown

    def _trails(self) -> dict[int, FloatArray]:
        oldest = self._frame_index - self.trail_length
        trails = {}
        for track_id, points in list(self._points.items()):
            while points and points[0][0] <= oldest:
                points.popleft()
            if not points:
                del self._points[track_id]
                continue
            trail = np.array([(x, y, index - oldest) for index, x, y in points], np.float64)
            trail[:, 2] /= self.trail_length
            trails[track_id] = trail
        return trails


def side_by_side(left: Frame, right: Frame, titles: tuple[str, str] = ("single frames", "tubes")) -> Frame:
    """Two pictures of one size next to each other, each under its title.

    Args:
        left: BGR uint8 (H, W, 3).
        right: BGR uint8 (H, W, 3).
        titles: what is written above them.

    Returns:
        (H + header, 2 W + gap, 3), the same for every frame of a video.

    Raises:
        ValueError: where the pictures differ in size.
    """
    if left.shape != right.shape:
        raise ValueError(f"the pictures differ in size: {left.shape} and {right.shape}; resize one of them")
    height, width = left.shape[:2]
    style = _style(height, width)
    scale, gap = 1.3 * style.font_scale, 2 * style.line
    (_, text_height), below = cv2.getTextSize("Ag", _FONT, scale, style.font_line)
    header = text_height + below + 3 * style.pad
    canvas = np.full((height + header, 2 * width + gap, 3), _DARK, np.uint8)
    for picture, title, x in ((left, titles[0], 0), (right, titles[1], width + gap)):
        canvas[header:, x : x + width] = picture
        (text_width, _), _ = cv2.getTextSize(title, _FONT, scale, style.font_line)
        origin = (x + max((width - text_width) // 2, style.pad), text_height + 3 * style.pad // 2)
        cv2.putText(canvas, title, origin, _FONT, scale, _LIGHT, style.font_line, cv2.LINE_AA)
    return canvas
