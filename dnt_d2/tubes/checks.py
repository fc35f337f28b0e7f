"""What the functions of this package ask of their input, and the errors they raise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..geometry import FloatArray


def check_unit(value: float, name: str) -> float:
    """Return ``value`` as a float in [0, 1].

    Raises:
        ValueError: it lies outside, or is NaN.
    """
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} must be in [0, 1], got {value}")
    return float(value)


def check_fraction(value: float, name: str = "top_fraction") -> float:
    """Return ``value`` as a float in (0, 1]: a share of something that must not come out empty.

    Raises:
        ValueError: it lies outside, or is NaN.
    """
    if not 0.0 < value <= 1.0:
        raise ValueError(f"{name} must be in (0, 1], got {value}")
    return float(value)


def as_rows(value: ArrayLike, columns: int, name: str) -> FloatArray:
    """Return ``value`` as a contiguous float64 array (N, columns). Anything without an element is N = 0.

    Raises:
        ValueError: the shape is another one.
    """
    rows = np.ascontiguousarray(value, dtype=np.float64)
    if rows.size == 0:
        return np.zeros((0, columns))
    if rows.ndim != 2 or rows.shape[1] != columns:
        raise ValueError(f"{name} must have shape (N, {columns}), got {rows.shape}")
    return rows


def finite_rows(value: ArrayLike, columns: int, name: str) -> FloatArray:
    """:func:`as_rows` without the rows that have a number which is not finite: as boxes they match nothing."""
    rows = as_rows(value, columns, name)
    return rows[np.isfinite(rows).all(axis=1)]


def as_tracklets(tracklets: Sequence[ArrayLike], num_frames: int) -> list[FloatArray]:
    """Return the tracklets of every frame as arrays (M, 8), those of the last frame, which lead nowhere, as (0, 8).

    Rows with a coordinate that is not finite are left out.

    Raises:
        ValueError: there is not one entry per frame, or an entry has a wrong shape.
    """
    check_length(tracklets, num_frames, "tracklets")
    checked = [finite_rows(tracklets[f], 8, f"tracklets[{f}]") for f in range(num_frames - 1)]
    return [*checked, np.zeros((0, 8))] if num_frames else []


def check_length(values: Sequence[ArrayLike], num_frames: int, name: str) -> None:
    """Check that a per-frame list has one entry per frame.

    Raises:
        ValueError: it does not.
    """
    if len(values) != num_frames:
        raise ValueError(f"{name} must have one entry per frame: {num_frames} frames, but {len(values)} entries")


class FrameArrays(NamedTuple):
    """What the network says of a frame: boxes (N, 4), scores (N, C), and the tracklets (M, 8) that end there."""

    boxes: NDArray[Any]
    scores: NDArray[Any]
    tracklets: NDArray[Any]


def check_frame(
    frame_index: int,
    boxes: ArrayLike,
    scores: ArrayLike,
    tracklets: ArrayLike,
    *,
    before: int | None,
    num_classes: int | None,
) -> FrameArrays:
    """Copy and check the next frame of a video.

    Args:
        frame_index: its number.
        boxes, scores, tracklets: see :class:`FrameArrays`.
        before: the number of the frame before; None for the first one.
        num_classes: of the frames before; None for the first one.

    Raises:
        ValueError: when frames come in a wrong order, or the shapes don't fit.
    """
    if before is not None and frame_index <= before:
        raise ValueError(f"frame {frame_index} after frame {before}: a video's frames must come in order")
    boxes, scores, tracklets = np.array(boxes), np.array(scores), np.array(tracklets)
    if boxes.shape != (len(boxes), 4) or scores.ndim != 2 or len(scores) != len(boxes):
        raise ValueError(f"frame {frame_index}: boxes {boxes.shape}, scores {scores.shape}; need (N, 4) and (N, C)")
    if num_classes is not None and scores.shape[1] != num_classes:
        raise ValueError(f"frame {frame_index} has scores of {scores.shape[1]} classes, the first had {num_classes}")
    if tracklets.shape != (len(tracklets), 8):
        raise ValueError(f"frame {frame_index}: tracklets {tracklets.shape}; need (M, 8)")
    if before is None and len(tracklets):
        raise ValueError(f"frame {frame_index} is the first of its video, yet {len(tracklets)} tracklets end in it")
    return FrameArrays(boxes, scores, tracklets)
