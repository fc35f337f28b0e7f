"""Identities: which boxes of a video, frame after frame, are one and the same object to a viewer.

Tubes are made for re-scoring: the best path through a class gains from the strongest box of every frame, so that where
one object fades and another one is clear, a tube goes over to that, for the price of a single psi (eq. 5 to 7); AP
doesn't see it. A number on the screen must not wander like that. So tubes are cut where they jump, and their parts are
joined again along the objects.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..geometry import FloatArray, box_iou
from .tube import IntArray

SAME_TUBE = 0.3
"""What it adds to the overlap of two boxes that they are of one part of a tube."""
LEAST = 0.3
"""The least overlap, with what is added to it, of two boxes of one object."""


@dataclass
class _Object:
    """An object: its number, and when, where and in which part of a tube it was last."""

    number: int
    frame: int
    box: FloatArray
    part: int


class Identities:
    """Numbers the shown boxes of one video: 1, 2, 3 ... as they first appear. Frames come in order.

    In each frame and class boxes and objects are paired, the largest overlap (IoU) first, where a box of the same part
    of a tube counts for :data:`SAME_TUBE` more. Below :data:`LEAST` two are no pair, and the box is a new object.
    """

    def __init__(self, patience: int = 8) -> None:
        """
        Args:
            patience: how many frames after it was last shown an object can be found again, at least 1.
        """
        self._patience, self._count = patience, 0
        self._objects: dict[int, list[_Object]] = {}

    def number(self, frame: int, boxes: FloatArray, classes: IntArray, parts: IntArray) -> IntArray:
        """The numbers (N,) of the boxes of the next frame.

        Args:
            frame: its index.
            boxes: (N, 4) corners, those first that are to have the smaller number, if they are new.
            classes: (N,).
            parts: (N,) which part of a tube each is of; no two of a frame are of the same.
        """
        numbers = np.zeros(len(boxes), np.int64)
        for category in list(self._objects):
            alive = [x for x in self._objects[category] if frame - x.frame <= self._patience]
            self._objects[category] = alive
            if not alive:
                del self._objects[category]
        pairs: dict[int, _Object] = {}
        for category in np.unique(classes).tolist():
            rows = np.flatnonzero(classes == category)
            pairs |= self._pair(rows, boxes, parts, self._objects.get(category, []))
        for row in range(len(boxes)):
            found = pairs.get(row)
            if found is None:
                self._count += 1
                found = _Object(self._count, frame, boxes[row], int(parts[row]))
                self._objects.setdefault(int(classes[row]), []).append(found)
            found.frame, found.box, found.part = frame, boxes[row], int(parts[row])
            numbers[row] = found.number
        return numbers

    @staticmethod
    def _pair(rows: NDArray[np.intp], boxes: FloatArray, parts: IntArray, objects: list[_Object]) -> dict[int, _Object]:
        if not objects:
            return {}
        value = box_iou(boxes[rows], np.stack([x.box for x in objects]), inclusive=False)
        value += SAME_TUBE * (parts[rows, None] == np.array([x.part for x in objects]))
        pairs: dict[int, _Object] = {}
        for place in np.argsort(-value, axis=None, kind="stable").tolist():
            i, j = divmod(place, len(objects))
            if value[i, j] < LEAST:
                break
            if int(rows[i]) not in pairs and not any(objects[j] is taken for taken in pairs.values()):
                pairs[int(rows[i])] = objects[j]
        return pairs


def jump(boxes: FloatArray, next_boxes: FloatArray) -> NDArray[np.bool_]:
    """(S,) where boxes (S, 4) of a tube and its next ones (S, 4) don't overlap. Without a tracklet it is a jump."""
    width = np.minimum(boxes[:, 2], next_boxes[:, 2]) - np.maximum(boxes[:, 0], next_boxes[:, 0])
    height = np.minimum(boxes[:, 3], next_boxes[:, 3]) - np.maximum(boxes[:, 1], next_boxes[:, 1])
    return (width <= 0) | (height <= 0)
