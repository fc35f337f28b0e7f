"""Boxes between sampled frames: a tube at temporal stride tau > 1 becomes a tube of all frames (sec. 5.3)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .tube import Tube


def interpolate_tube(tube: Tube, frame_numbers: ArrayLike | None = None) -> Tube:
    """Fill the frames between a tube's frames, linearly in the box corners, the scores and the re-scored values.

    Nothing is added before the first or after the last frame of the tube.

    Args:
        tube: a tube whose ``frames`` ascend.
        frame_numbers: (S,) the number in the video of each sampled frame, ascending, where ``tube.frames`` are
            positions among the sampled frames (what linking returns); None where they are frame numbers already.

    Returns:
        A tube with every frame number from the first to the last one; ``indices`` is -1 for the filled ones.

    Raises:
        ValueError: the frame numbers do not ascend, or a frame has no number.
    """
    known = tube.frames
    if frame_numbers is not None:
        numbers = np.asarray(frame_numbers, dtype=np.int64).reshape(-1)
        if len(tube) and not 0 <= known.min() <= known.max() < len(numbers):
            raise ValueError(f"the tube has frame {known.max()}, but frame_numbers has {len(numbers)} entries")
        known = numbers[known]
    if np.any(np.diff(known) <= 0):
        raise ValueError("the frames of a tube must ascend")
    if len(tube) == 0:
        return tube
    frames = np.arange(known[0], known[-1] + 1)
    indices = np.full(len(frames), -1, dtype=np.int64)
    indices[known - known[0]] = tube.indices
    boxes = np.stack([np.interp(frames, known, corner) for corner in tube.boxes.T], axis=1)
    scores, rescored = (np.interp(frames, known, values) for values in (tube.scores, tube.rescored))
    return Tube(frames, indices, boxes, scores, rescored)


def hold_tube(tube: Tube, sampled: ArrayLike) -> Tube:
    """Fill the frames between a tube's frames causally: a box holds until the next sampled frame.

    Args:
        tube: a tube whose ``frames`` ascend and are frame numbers of the video; it may lack some sampled frames.
        sampled: (S,) all frame numbers that were sampled, ascending. The last one is followed by nothing.

    Returns:
        A tube in which each box, score and re-scored value stands for its own frame and for those that were skipped
        after it; ``indices`` is -1 for the filled ones.

    Raises:
        ValueError: the sampled frames do not ascend, or a frame of the tube is not among them.
    """
    numbers = np.asarray(sampled, dtype=np.int64).reshape(-1)
    if np.any(np.diff(numbers) <= 0):
        raise ValueError("the sampled frames must ascend")
    if not np.isin(tube.frames, numbers).all():
        raise ValueError("the tube has a frame that was not sampled")
    if len(tube) == 0:
        return tube
    following = np.append(numbers[1:], numbers[-1] + 1)
    counts = following[np.searchsorted(numbers, tube.frames)] - tube.frames
    own = np.repeat(np.arange(len(tube)), counts)
    after = np.arange(len(own)) - np.repeat(np.cumsum(counts) - counts, counts)
    indices = np.where(after == 0, tube.indices[own], -1)
    return Tube(tube.frames[own] + after, indices, tube.boxes[own], tube.scores[own], tube.rescored[own])
