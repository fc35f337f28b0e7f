"""What is known of boxes that were moved from frame t to t + tau: by nobody, by the track head, by their pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..geometry import FloatArray

Ints = NDArray[np.int64]

STAY, HEAD, TEMPLATE = METHODS = ("no motion", "track head", "template matching")
"""The box where it was; where the head sends it; where its pixels are found again."""


@dataclass(frozen=True, eq=False)
class Moves:
    """N boxes, each of a track that is annotated in t and in t + tau. Pixels are those of the network's input.

    Attributes:
        video: (N,) number of the video in its data set, from 0.
        category: (N,) class ids.
        tau: (N,) frames.
        displacement: (N,) how far the centre moves, px.
        size: (N,) square root of the area in t, px.
        hidden: (N,) bool; whether the object is noted as occluded or as guessed ("generated") at either end.
        iou: (N, 3) overlap of the box that each of :data:`METHODS` gives with the true one, in [0, 1].
        off: (N, 3) distance of their centres, px.
    """

    video: Ints
    category: Ints
    tau: Ints
    displacement: FloatArray
    size: FloatArray
    hidden: NDArray[np.bool_]
    iou: FloatArray
    off: FloatArray

    def __len__(self) -> int:
        return len(self.video)

    def take(self, which: NDArray[Any]) -> Moves:
        """These boxes, chosen by a mask or by their places."""
        return Moves(**{field.name: getattr(self, field.name)[which] for field in fields(self)})


def join_moves(parts: Sequence[Moves]) -> Moves:
    """The boxes of all parts; without parts, none."""
    nothing = np.empty(0)
    empty = Moves(
        *(nothing.astype(np.int64),) * 3, nothing, nothing, nothing.astype(bool), np.empty((0, 3)), np.empty((0, 3))
    )
    return Moves(
        **{field.name: np.concatenate([getattr(x, field.name) for x in (empty, *parts)]) for field in fields(Moves)}
    )
