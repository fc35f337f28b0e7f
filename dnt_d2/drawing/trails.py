"""Trails: where the tracks of a video have been, fading with age."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ..colors import Color, track_color
from ..geometry import FloatArray
from ..video import Frame
from .blending import blend_line
from .style import SHIFT, Style
from .tags import DARK

_SHADES = 12
"""Of a trail, at most, and so many lines."""


class _Seen(NamedTuple):
    """A track in one frame: the frame's index, the box's centre, width and height in pixels."""

    frame: int
    x: float
    y: float
    width: float
    height: float


class Trails:
    """Remembers the last places of each track: of long trails every second or third one, the same in all frames.

    Memory is bounded: a track keeps at most ``length`` points, and one that is gone is forgotten after as many
    frames, while its trail fades.

    Args:
        length: how many frames back a trail reaches; 0 keeps none.
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self._frame, self._every = 0, max(1, math.ceil(length / _SHADES))
        self._seen: dict[int, deque[_Seen]] = {}

    def step(self, track_ids: NDArray[np.int64], boxes: FloatArray) -> dict[int, FloatArray]:
        """Take the next frame's boxes, and give the trails up to it.

        Args:
            track_ids: (N,); negative ones are left out.
            boxes: (N, 4) x1, y1, x2, y2 in pixels.

        Returns:
            For each track id a (K, 3) array of x, y and strength in (0, 1], oldest first. A track that jumps, as it
            does at a cut, has a new trail from there.
        """
        for track_id, (x1, y1, x2, y2) in zip(track_ids.tolist(), boxes.tolist(), strict=True):
            if track_id >= 0:
                past = self._seen.setdefault(track_id, deque(maxlen=self.length))
                seen = _Seen(self._frame, (x1 + x2) / 2, (y1 + y2) / 2, abs(x2 - x1), abs(y2 - y1))
                if past and _jumped(past, seen):
                    past.clear()
                if len(past) > 1 and past[-1].frame % self._every:
                    past.pop()
                past.append(seen)
        self._frame += 1
        return self._fading()

    def _fading(self) -> dict[int, FloatArray]:
        oldest = self._frame - 1 - self.length
        trails = {}
        for track_id, past in list(self._seen.items()):
            while past and past[0].frame <= oldest:
                past.popleft()
            if past:
                trails[track_id] = np.array([(s.x, s.y, (s.frame - oldest) / self.length) for s in past], np.float64)
            else:
                del self._seen[track_id]
        return trails


def _jumped(past: deque[_Seen], now: _Seen) -> bool:
    """Whether a box is farther away than it is large, from where it was and from where it was going."""
    last = past[-1]
    frames = now.frame - last.frame
    dx, dy = now.x - last.x, now.y - last.y
    if abs(dx) <= (now.width + last.width) / 2 and abs(dy) <= (now.height + last.height) / 2:
        return False  # they overlap
    reach = frames * max(now.width, now.height, last.width, last.height)
    if len(past) > 1:
        steps = frames / (last.frame - past[-2].frame)
        going_x, going_y = steps * (last.x - past[-2].x), steps * (last.y - past[-2].y)
    else:
        going_x = going_y = 0.0
    return min(math.hypot(dx, dy), math.hypot(dx - going_x, dy - going_y)) > reach


def draw_trails(canvas: Frame, trails: Mapping[int, FloatArray], style: Style) -> None:
    """Blend trails into a picture, in place; where one is weak, the picture shows through.

    Args:
        canvas: BGR uint8 (H, W, 3), contiguous.
        trails: as :meth:`Trails.step` gives them.
        style: sizes.
    """
    for track_id, trail in trails.items():
        points = _thinned(trail.tolist(), 3 * style.line)
        if len(points) > 1:
            _draw_trail(canvas, points, track_color(track_id), style)


def _thinned(trail: list[list[float]], step: float) -> list[list[float]]:
    """Fewer points, ``step`` pixels or more apart: an object at rest leaves no blot."""
    kept = [last := trail[-1]]
    for point in trail[-2::-1]:
        if abs(point[0] - last[0]) + abs(point[1] - last[1]) >= step:
            kept.append(last := point)
    return kept[::-1]


def _draw_trail(canvas: Frame, trail: list[list[float]], color: Color, style: Style) -> None:
    height, width = canvas.shape[:2]
    # Far outside of the picture numbers would leave OpenCV's range.
    xs = [min(max(x, -width), 2 * width) for x, _, _ in trail]
    ys = [min(max(y, -height), 2 * height) for _, y, _ in trail]
    left, right = max(int(min(xs)) - style.rimmed, 0), min(int(max(xs)) + style.rimmed + 1, width)
    top, bottom = max(int(min(ys)) - style.rimmed, 0), min(int(max(ys)) + style.rimmed + 1, height)
    if left >= right or top >= bottom:
        return
    opacity, core = np.zeros((2, bottom - top, right - left), np.uint8)
    unit = 1 << SHIFT
    points = [(round((x - left) * unit), round((y - top) * unit)) for x, y in zip(xs, ys, strict=True)]
    for start, end, (_, _, strength) in zip(points[:-1], points[1:], trail[1:], strict=True):
        cv2.line(opacity, start, end, 255 * strength, style.rimmed, cv2.LINE_AA, SHIFT)
    cv2.polylines(core, [np.array(points, np.int32)], False, 255, style.line, cv2.LINE_AA, SHIFT)
    blend_line(canvas, left, top, opacity, core, color, DARK)
