"""What the functions of this package ask of their input, and the errors they raise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

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


def as_tracklets(tracklets: Sequence[ArrayLike], num_frames: int) -> list[FloatArray]:
    """Return the tracklets of every frame as arrays (M, 8), those of the last frame, which lead nowhere, as (0, 8).

    Rows with a coordinate that is not finite are left out: they match no box.

    Raises:
        ValueError: there is not one entry per frame, or an entry has a wrong shape.
    """
    check_length(tracklets, num_frames, "tracklets")
    checked = [as_rows(tracklets[f], 8, f"tracklets[{f}]") for f in range(num_frames - 1)]
    checked = [rows[np.isfinite(rows).all(axis=1)] for rows in checked]
    return [*checked, np.zeros((0, 8))] if num_frames else []


def check_length(values: Sequence[ArrayLike], num_frames: int, name: str) -> None:
    """Check that a per-frame list has one entry per frame.

    Raises:
        ValueError: it does not.
    """
    if len(values) != num_frames:
        raise ValueError(f"{name} must have one entry per frame: {num_frames} frames, but {len(values)} entries")
