"""Tubes with psi = 1 for a network without a track head: every box stays where it is.

D predicts no motion. What it can link with are "no motion" tracklets: a box that the track head would have tracked
(best class score above ``MODEL.TRACK_HEAD.SCORE_THRESH``) is its own place in the next sampled frame. All else, the
boxes, their scores, psi and the thresholds, is as with tracklets that were predicted, so that the difference between
both is what predicting motion is worth.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..evaluation.plan import Plan
from ..evaluation.saved_run import SavedRun
from ..evaluation.scoring import VideoScore
from ..evaluation.video_record import Rows, VideoRecord

SCORE_THRESH = 0.01
"""The default of ``MODEL.TRACK_HEAD.SCORE_THRESH``."""


def with_no_motion(record: VideoRecord, score_thresh: float = SCORE_THRESH) -> VideoRecord:
    """The same video with "no motion" tracklets in the place of its own, if it has any.

    Args:
        record: of any network.
        score_thresh: a candidate goes on if one of its class scores is above this, in [0, 1].

    Returns:
        A record without candidates as it was: it is not linked.

    Raises:
        ValueError: the scores were averaged with those of later frames, which the track head does not see.
    """
    if record.revised:
        raise ValueError('TEST.SCORE_AVERAGE: the scores by which boxes are tracked were not saved; run with "none"')
    if record.candidates is None:
        return record
    boxes, scores = record.candidates.split("boxes"), record.candidates.split("scores")
    steps = [np.zeros((0, 8), dtype=np.float32)]  # nothing ends in a first frame
    for frame_boxes, frame_scores in zip(boxes[:-1], scores[:-1], strict=True):
        start = frame_boxes[(frame_scores > score_thresh).any(axis=1)]
        steps.append(np.concatenate([start, start], axis=1))
    tables = [{"boxes": step} for step in steps[: len(boxes)]]
    return replace(record, tracklets=Rows.of(tables, {"boxes": (np.float32, (8,))}))


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

    Returns:
        The scores of the finished videos in their order.

    Raises:
        ValueError: a video can't be read or linked; the message names its file.
    """
    scorer, scores = plan.scorer(), []
    for video_id, record in run.videos():
        try:
            still = with_no_motion(record.widened(widen), score_thresh)
            scores.append(scorer.score(video_id, still))
        except ValueError as error:
            raise ValueError(f"{run.path(video_id)}: {error}") from None
    return scores
