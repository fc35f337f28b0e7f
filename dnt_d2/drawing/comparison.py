"""Two pictures of the same frame in one, each under its title: what single frames show, and what tubes make of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..geometry import box_iou
from ..video import Frame
from .style import Style, style_for
from .tags import DARK
from .text import put_text, shorten, text_width

_TITLES = ("single frames", "tubes")


def compare_frames(single: Frame, tubes: Frame, titles: tuple[str, str] = _TITLES) -> Frame:
    """Put two pictures of one size together: one above the other, or side by side where they are higher than wide.

    Args:
        single: BGR uint8 (H, W, 3).
        tubes: BGR uint8 (H, W, 3).
        titles: what is written above them.

    Returns:
        (2 (H + header) + gap, W, 3), or (H + header, 2 W + gap, 3) where H > W: the same for every frame of a video.

    Raises:
        ValueError: where the pictures differ in size.
    """
    height, width = single.shape[:2]
    return _joined(single, tubes, titles, beside=height > width)


def side_by_side(left: Frame, right: Frame, titles: tuple[str, str] = _TITLES) -> Frame:
    """As :func:`compare_frames`, but next to each other whatever their shape."""
    return _joined(left, right, titles, beside=True)


def match_tracks(
    boxes: ArrayLike, labels: Sequence[str], track_boxes: ArrayLike, track_labels: Sequence[str], iou: float = 0.5
) -> NDArray[np.int64]:
    """Which track each box of a single frame belongs to: the one of its class that it overlaps most.

    The other way round it tells which tracks the frame alone has no box for.

    Args:
        boxes: (N, 4) corners of the frame's detections.
        labels: N class names.
        track_boxes: (M, 4) corners of the tracks in this frame.
        track_labels: M class names.
        iou: the least overlap.

    Returns:
        (N,) indices into the tracks; -1 for a box that belongs to none.
    """
    found = np.asarray(boxes, np.float64).reshape(-1, 4)
    tracked = np.asarray(track_boxes, np.float64).reshape(-1, 4)
    if not len(found) or not len(tracked):
        return np.full(len(found), -1, np.int64)
    overlaps = box_iou(found, tracked, inclusive=True)
    overlaps[np.array(labels)[:, None] != np.array(track_labels)[None]] = 0
    return np.where(overlaps.max(axis=1) >= iou, overlaps.argmax(axis=1), -1)


def _joined(first: Frame, second: Frame, titles: tuple[str, str], *, beside: bool) -> Frame:
    if first.shape != second.shape:
        raise ValueError(f"the pictures differ in size: {first.shape} and {second.shape}; resize one of them")
    height, width = first.shape[:2]
    style = style_for(height, width)
    header, gap = round(1.8 * style.text), 2 * style.line
    across, down = (width + gap, 0) if beside else (0, height + header + gap)
    canvas = np.full((height + header + down, width + across, 3), DARK, np.uint8)
    for picture, title, x, y in ((first, titles[0], 0, 0), (second, titles[1], across, down)):
        canvas[y + header : y + header + height, x : x + width] = picture
        _write_title(canvas[y : y + header, x : x + width], title, style)
    return canvas


def _write_title(header: Frame, title: str, style: Style) -> None:
    """In the middle, as much of it as there is room for."""
    height, width = header.shape[:2]
    text = shorten(title, style.text, width - 2 * style.pad)
    x, baseline = (width - text_width(text, style.text)) // 2, (height + round(0.7 * style.text)) // 2
    put_text(header, text, x, baseline, style.text, (250, 250, 250))
