"""A tube: one box per frame, for one object of one class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..geometry import FloatArray
from .checks import check_unit

IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Tube:
    """Boxes of one object along a video. Its class is known by the list it is in.

    Tubes of one class may share memory; copy an array before changing it.

    Attributes:
        frames: (L,) int64, ascending; positions in the lists that were linked, or frame numbers.
        indices: (L,) int64, which detection of that frame the box is; -1 for interpolated boxes.
        boxes: (L, 4) float64 corners x1, y1, x2, y2 in pixels.
        scores: (L,) float64, the detections' own scores, in [0, 1].
        rescored: (L,) float64, own score plus the mean of the tube's best scores (sec. 4), so in [0, 2].

    Raises:
        ValueError: the arrays are not of one length.
    """

    frames: IntArray
    indices: IntArray
    boxes: FloatArray
    scores: FloatArray
    rescored: FloatArray

    def __post_init__(self) -> None:
        length = len(self.frames)
        shapes = (self.frames.shape, self.indices.shape, self.boxes.shape, self.scores.shape, self.rescored.shape)
        if shapes != ((length,), (length,), (length, 4), (length,), (length,)):
            raise ValueError(f"a tube needs frames, indices, boxes, scores, rescored of one length L, got {shapes}")

    def __len__(self) -> int:
        """The number of boxes."""
        return len(self.frames)

    @property
    def confidence(self) -> FloatArray:
        """(L,) the re-scored values as they are shown to users: halved, in [0, 1]."""
        return self.rescored / 2

    def part(self, start: int, stop: int) -> Tube:
        """The boxes at positions ``start`` to ``stop - 1`` as a tube of their own."""
        cut = slice(start, stop)
        return Tube(self.frames[cut], self.indices[cut], self.boxes[cut], self.scores[cut], self.rescored[cut])


def trim_tube(tube: Tube, score: float) -> Tube | None:
    """Cut off both ends of a tube as far as its re-scored value, halved, stays below a score.

    Linking gives tubes that span the whole video, whether or not their object is there all the time; drawing and
    track metrics want the part where it is. Only the ends are cut: a weak stretch between two strong ones is kept,
    for there the track, not the single frame, says that the object is present. The values are not computed anew.

    Args:
        tube: any tube.
        score: in [0, 1]; the first and the last box of the result have ``confidence >= score``.

    Returns:
        The part that is left, or None when no box reaches the score.

    Raises:
        ValueError: the score is outside [0, 1].
    """
    strong = np.flatnonzero(tube.confidence >= check_unit(score, "score"))
    if len(strong) == 0:
        return None
    return tube.part(int(strong[0]), int(strong[-1]) + 1)
