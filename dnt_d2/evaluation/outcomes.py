"""What each detection turned out to be, in two bytes: all that AP needs, overall, by speed and by size.

Detections are matched once, by the rule of :mod:`.average_precision`. A range of speeds or sizes then decides what
counts: what found an object outside of it is ignored. What found nothing is a false positive by the rule of
:mod:`.motion` for speeds, and for sizes, as COCO has it, when the area of its own box is in the range.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..geometry import FloatArray
from .average_precision import iou_thresholds
from .ground_truth import VideoTruth
from .kernels import HIT, SIZE_PLACE, SPEED_PLACE, OutcomeArray, falls_in_frames, judge
from .motion import MOTION_RANGES

IntArray = NDArray[np.int64]

SPEED_RANGES = MappingProxyType({name: MOTION_RANGES[name] for name in ("fast", "medium", "slow")})
"""Name to the lowest and the highest motion IoU; both ends belong to the range."""

SIZE_RANGES = MappingProxyType(
    {"small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, float("inf"))}
)
"""Name to the smallest and the largest area, px^2 with sides x2 - x1 + 1; both ends belong to the range, as in COCO."""


def speeds_of(truth: VideoTruth, motion: FloatArray | None) -> NDArray[np.bool_]:
    """(G, 3) whether each ground-truth box is in each of SPEED_RANGES; one without motion (NaN, or None) in none."""
    values = np.full(len(truth.frames), np.nan) if motion is None else np.asarray(motion, dtype=np.float64)
    if len(values) != len(truth.frames):
        raise ValueError(
            f"{len(values)} values of motion for {len(truth.frames)} ground-truth boxes; give one for each"
        )
    return _within(values, np.array(list(SPEED_RANGES.values())))


def sizes_of(truth: VideoTruth) -> NDArray[np.bool_]:
    """(G, 3) whether the area of each ground-truth box is in each of SIZE_RANGES."""
    areas = (truth.boxes[:, 2:] - truth.boxes[:, :2] + 1).prod(axis=1)
    return _within(areas, np.array(list(SIZE_RANGES.values())))


def falling(scores: NDArray[np.floating]) -> IntArray:
    """The places (N,) of scores (N,) from the highest to the lowest, equal ones in their order.

    For float32 faster than an argsort: score and place make one integer, which has NumPy's vector sort.
    """
    if scores.dtype != np.float32:
        return np.argsort(-scores, kind="stable")
    keys = (-scores + np.float32(0)).view(np.int32)  # + 0: there must be one zero only
    # Negative floats fall as their bits grow: turning those over puts all of them in the order of signed integers.
    keys ^= (keys >> 31) & np.int32(0x7FFFFFFF)
    packed = keys.astype(np.int64)
    packed <<= 32
    packed |= np.arange(len(scores))
    packed.sort()
    packed &= 0xFFFFFFFF
    return packed


class Judge:
    """Tells of detections what they turned out to be.

    Example::

        judge, log = Judge(truth, motion), OutcomeLog()
        for frames, classes, boxes, scores in videos:
            log.add(frames, classes, scores, judge(frames, classes, boxes, scores))
    """

    def __init__(self, truth: VideoTruth, motion: FloatArray | None) -> None:
        """Prepare the ground truth.

        Args:
            truth: of the whole data set.
            motion: (G,) motion IoU, see :func:`.motion.motion_iou_of`, NaN where it isn't known; None without any.
        """
        self._num_frames, self._num_classes = truth.num_frames, truth.num_classes
        speeds = speeds_of(truth, motion)
        outcomes = np.full(len(truth.frames), HIT, dtype=np.uint16)
        sizes = sizes_of(truth)
        for r in range(3):
            outcomes |= speeds[:, r].astype(np.uint16) << np.uint16(SPEED_PLACE + 2 * r)
            outcomes |= sizes[:, r].astype(np.uint16) << np.uint16(SIZE_PLACE + r)
        self._truth = (
            np.searchsorted(truth.frames, np.arange(truth.num_frames + 1)),
            truth.classes,
            truth.boxes,
            iou_thresholds(truth.boxes),
            outcomes,
            speeds,
            np.array(list(SIZE_RANGES.values())),
        )

    def __call__(self, frames: ArrayLike, classes: ArrayLike, boxes: ArrayLike, scores: ArrayLike) -> OutcomeArray:
        """Judge all detections of some frames; the frames that occur must come in one call.

        Args:
            frames: (N,) frame numbers, in any order. Fastest when they ascend and the scores of each class in a frame
                fall.
            classes: (N,) class ids.
            boxes: (N, 4) inclusive corners, float32 or float64; the arithmetic is float64.
            scores: (N,) finite; the higher chooses first, of equals the earlier.

        Returns:
            (N,) outcomes, see :func:`.kernels.judge`, in the order given.

        Raises:
            ValueError: lengths differ, a score is not finite, or a frame or class is not in the data set.
        """
        frames, classes = (np.ascontiguousarray(ids, dtype=np.int64) for ids in (frames, classes))
        boxes, scores = _floats(boxes).reshape(-1, 4), _floats(scores)
        self._check(frames, classes, boxes, scores)
        if falls_in_frames(frames, classes, scores, self._num_classes):
            return judge(frames, classes, boxes, *self._truth)
        order = falling(scores)
        order = order[_by_number(frames[order])]
        outcomes = np.empty(len(frames), dtype=np.uint16)
        outcomes[order] = judge(frames[order], classes[order], boxes[order], *self._truth)
        return outcomes

    def _check(
        self, frames: IntArray, classes: IntArray, boxes: NDArray[np.floating], scores: NDArray[np.floating]
    ) -> None:
        if not len(frames) == len(classes) == len(boxes) == len(scores):
            counts = f"{len(frames)} frame numbers, {len(classes)} classes, {len(boxes)} boxes, {len(scores)} scores"
            raise ValueError(f"{counts} do not fit: give one of each for every detection")
        if not len(frames):
            return
        if not np.isfinite(scores).all():
            i = int(np.flatnonzero(~np.isfinite(scores))[0])
            raise ValueError(f"the score of detection {i} is {scores[i]}: the network's output is broken")
        for name, values, count in (("frame", frames, self._num_frames), ("class", classes, self._num_classes)):
            if values.min() < 0 or values.max() >= count:
                i = int(np.flatnonzero((values < 0) | (values >= count))[0])
                raise ValueError(
                    f"{name} {values[i]} of detection {i} is not in [0, {count}): it isn't in the data set"
                )


def _within(values: FloatArray, ranges: FloatArray) -> NDArray[np.bool_]:
    return (values[:, None] >= ranges[:, 0]) & (values[:, None] <= ranges[:, 1])


def _floats(values: ArrayLike) -> NDArray[np.floating]:
    array = np.asarray(values)
    return np.ascontiguousarray(array, dtype=np.float32 if array.dtype in (np.float16, np.float32) else np.float64)


def _by_number(numbers: IntArray) -> IntArray:
    """A stable argsort; of 16 bits, enough for the frames of nearly any video, it is a radix sort."""
    numbers = numbers - numbers.min()
    return np.argsort(numbers.astype(np.uint16) if numbers.max() < 1 << 16 else numbers, kind="stable")
