"""Tubes of a saved run with other tracklets in the place of its own; all else stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..evaluation.plan import Plan
from ..evaluation.saved_run import SavedRun
from ..evaluation.scoring import VideoScore
from ..evaluation.video_record import Rows, VideoRecord
from ..geometry import FloatArray

SCORE_THRESH = 0.01
"""The default of ``MODEL.TRACK_HEAD.SCORE_THRESH``."""

Move = Callable[[int, FloatArray], FloatArray]
"""Where boxes (M, 4) of the frame at a place of the video are at the next place: (M, 4)."""

Change = Callable[[int, VideoRecord], VideoRecord]
"""Of the video with an id."""


def with_tracklets(record: VideoRecord, move: Move, score_thresh: float = SCORE_THRESH) -> VideoRecord:
    """The same video with tracklets that somebody else predicts, from all boxes that the track head would track.

    Args:
        record: of any network.
        move: is asked once for every frame but the last.
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
    for place, (frame_boxes, frame_scores) in enumerate(zip(boxes[:-1], scores[:-1], strict=True)):
        start = frame_boxes[(frame_scores > score_thresh).any(axis=1)]
        steps.append(np.concatenate([start, move(place, start)], axis=1))
    tables = [{"boxes": step} for step in steps[: len(boxes)]]
    return replace(record, tracklets=Rows.of(tables, {"boxes": (np.float32, (8,))}))


def score_changed(run: SavedRun, plan: Plan, change: Change, *, widen: int = 1) -> list[VideoScore]:
    """As :func:`dnt_d2.evaluation.run_scoring.score_run` in one process, of videos that are changed before.

    Args:
        run: to be read.
        plan: of its data set.
        change: the videos, one by one.
        widen: take every so-many-th of the saved frames first.

    Returns:
        The scores of the finished videos in their order.

    Raises:
        ValueError: a video can't be read, changed or linked; the message names its file.
    """
    scorer, scores = plan.scorer(), []
    for video_id, record in run.videos():
        try:
            scores.append(scorer.score(video_id, change(video_id, record.widened(widen))))
        except ValueError as error:
            raise ValueError(f"{run.path(video_id)}: {error}") from None
    return scores
