"""Box arithmetic in NumPy, shared by the rooms that know nothing of Detectron2 (tubes, evaluation, formats)."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Precision = TypeVar("Precision", np.float32, np.float64)


def box_iou(a: NDArray[Precision], b: NDArray[Precision], *, inclusive: bool) -> NDArray[Precision]:
    """Intersection over union of every box of ``a`` with every box of ``b``.

    Args:
        a: (N, 4) corners x1, y1, x2, y2.
        b: (M, 4) corners.
        inclusive: whether corners are pixels that belong to the box (width x2 - x1 + 1, the rule of the devkit and
            of the authors' NMS and voting) or not (width x2 - x1, the rule of the authors' linking).

    Returns:
        (N, M) in [0, 1], in the precision of the boxes. Pairs without overlap, or whose union has no area, have 0.
    """
    extra = 1.0 if inclusive else 0.0
    a, b = a.reshape(-1, 4), b.reshape(-1, 4)
    width = np.minimum(a[:, None, 2], b[None, :, 2]) - np.maximum(a[:, None, 0], b[None, :, 0]) + extra
    height = np.minimum(a[:, None, 3], b[None, :, 3]) - np.maximum(a[:, None, 1], b[None, :, 1]) + extra
    overlap = np.clip(width, 0, None) * np.clip(height, 0, None)
    area_a = (a[:, 2] - a[:, 0] + extra) * (a[:, 3] - a[:, 1] + extra)
    area_b = (b[:, 2] - b[:, 0] + extra) * (b[:, 3] - b[:, 1] + extra)
    union = area_a[:, None] + area_b[None, :] - overlap
    return np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0)
