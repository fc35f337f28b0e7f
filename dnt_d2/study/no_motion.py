"""Tubes with psi = 1 for a network without a track head: every box stays where it is.

D predicts no motion. What it can link with are "no motion" tracklets: a box that the track head would have tracked
(best class score above ``MODEL.TRACK_HEAD.SCORE_THRESH``) is its own place in the next sampled frame. All else, the
boxes, their scores, psi and the thresholds, is as with tracklets that were predicted, so that the difference between
both is what predicting motion is worth.
"""

from __future__ import annotations

from ..evaluation.plan import Plan
from ..evaluation.saved_run import SavedRun
from ..evaluation.scoring import VideoScore
from ..evaluation.video_record import VideoRecord
from .other_tracklets import SCORE_THRESH, score_changed, with_tracklets


def with_no_motion(record: VideoRecord, score_thresh: float = SCORE_THRESH) -> VideoRecord:
    """The same video with "no motion" tracklets in the place of its own, if it has any.

    Arguments, result and errors are those of :func:`.other_tracklets.with_tracklets`.
    """
    return with_tracklets(record, lambda _, boxes: boxes, score_thresh)


def score_with_no_motion(
    run: SavedRun, plan: Plan, *, widen: int = 1, score_thresh: float = SCORE_THRESH
) -> list[VideoScore]:
    """As :func:`dnt_d2.evaluation.run_scoring.score_run` in one process, linking with "no motion" tracklets.

    Single frames, and ways to link that use no tracklets, come to what they come to there.

    Args:
        run: to be read.
        plan: of its data set.
        widen: take every so-many-th of the saved frames; a box then stays from one of those to the next.
        score_thresh: see :func:`with_no_motion`.

    Raises:
        ValueError: a video can't be read or linked; the message names its file.
    """
    return score_changed(run, plan, lambda _, record: with_no_motion(record, score_thresh), widen=widen)
