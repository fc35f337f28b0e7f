"""Presence: where along its tube an object is there at all, so that only there it gains from re-scoring.

Tubes span the whole video. An object that enters late, or dives under (the whales of sec. 5.3, the one class that
loses AP), is then given boxes, and a share of its good scores, where it is not. The paper leaves this for later; here
the stretches in which the tube's own scores stay low keep those, and don't dilute the mean of the others either.
"""

from __future__ import annotations

import dataclasses
import operator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..geometry import FloatArray
from .checks import check_unit
from .rescoring import rescore
from .tube import IntArray, Tube


def present(scores: ArrayLike, frames: ArrayLike, *, absent_score: float, absent_frames: int) -> NDArray[np.bool_]:
    """Which boxes of a tube show its object.

    A stretch of boxes whose scores all stay below ``absent_score``, at an end of the tube or within, is an absence when
    it spans at least ``absent_frames`` frames. A shorter one is what tubes are there for: blur, a passing occluder.

    Args:
        scores: (L,) the tube's own scores, in [0, 1].
        frames: (L,) their frame numbers in the video, ascending. A stretch spans from its first to its last frame.
        absent_score: in [0, 1]; with 0 every box counts as present.
        absent_frames: at least 1.

    Returns:
        (L,).

    Raises:
        ValueError: a setting is out of range.
    """
    check_presence(absent_score, absent_frames)
    scores, frames = np.asarray(scores, dtype=np.float64), np.asarray(frames, dtype=np.int64)
    there = scores >= absent_score
    # Where stretches begin and end: a change of `there`, and both ends of the tube.
    edges = np.flatnonzero(np.diff(there)) + 1
    starts, stops = np.append(0, edges), np.append(edges, len(there))
    for start, stop in zip(starts, stops, strict=True):
        if stop > start and frames[stop - 1] - frames[start] + 1 < absent_frames:
            there[start:stop] = True
    return there


def rescore_present(tube: Tube, *, top_fraction: float, absent_score: float, absent_frames: int) -> Tube:
    """Re-score a tube where its object is present; elsewhere the boxes keep their own scores.

    The gain is the mean of the best ``top_fraction`` of the scores of the present boxes alone. With ``absent_score``
    0 this is the paper's re-scoring.

    Args:
        tube: its ``frames`` are frame numbers of the video; its ``rescored`` values are not read.
        top_fraction: see :func:`dnt_d2.tubes.rescoring.rescore`.
        absent_score, absent_frames: see :func:`present`.
    """
    rescored = rescore_where_present(
        tube.scores,
        tube.frames,
        top_fraction=top_fraction,
        absent_score=absent_score,
        absent_frames=absent_frames,
    )
    return dataclasses.replace(tube, rescored=rescored)


def rescore_where_present(
    scores: FloatArray, frames: IntArray, *, top_fraction: float, absent_score: float, absent_frames: int
) -> FloatArray:
    """The re-scored values (L,) of :func:`rescore_present`, from the scores (L,) and the frame numbers (L,) alone."""
    there = present(scores, frames, absent_score=absent_score, absent_frames=absent_frames)
    rescored = scores.copy()
    rescored[there] = rescore(scores[there], top_fraction)
    return rescored


def check_presence(absent_score: float, absent_frames: int) -> None:
    """Check the two settings.

    Raises:
        ValueError: one is out of range.
    """
    check_unit(absent_score, "absent_score")
    if operator.index(absent_frames) < 1:
        raise ValueError(f"absent_frames must be at least 1, got {absent_frames}")
