"""Single frames with the boxes that linking starts from: the NMS and the box voting of tubes, but no tubes.

Single frames of D come straight from NMS; tubes are made of boxes that were voted before (see
:func:`dnt_d2.tubes.vote_boxes`). What re-scoring gains is the difference between tubes and these.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..evaluation.saved_run import SavedRun
from ..evaluation.scoring import VideoScore
from ..evaluation.video_record import Rows, VideoRecord
from ..geometry import FloatArray
from ..tubes.collector import TubeSettings
from ..tubes.video import vote_video
from .measure import SETTINGS, plan_of
from .other_tracklets import score_changed


def voted_boxes(record: VideoRecord, settings: TubeSettings = SETTINGS) -> list[list[FloatArray]]:
    """For each frame, for each class, the boxes (K, 5) that linking starts from; their scores are as they were.

    Raises:
        ValueError: the record has no candidates.
    """
    if record.candidates is None:
        raise ValueError("it was saved without candidates, so there is nothing to vote with: save it again")
    return vote_video(
        record.candidates.split("boxes"),
        record.candidates.split("scores"),
        nms_iou=settings.nms_iou,
        vote_iou=settings.vote_iou,
        top_k=settings.top_k,
    )


def voted_rows(record: VideoRecord, settings: TubeSettings = SETTINGS) -> tuple[Rows, Rows]:
    """These boxes as detections, and as candidates of which each has a score in its own class alone.

    Args:
        record: with candidates of C classes.
        settings: of the voting.

    Returns:
        Of the same M boxes of a frame, ``boxes (M, 4), scores (M,), classes (M,)`` and ``boxes (M, 4), scores (M, C)``.

    Raises:
        ValueError: the record has no candidates.
    """
    detections, candidates, count = [], [], 0
    for frame in voted_boxes(record, settings):
        count = len(frame)
        rows = np.concatenate([np.zeros((0, 5)), *frame])
        classes = np.repeat(np.arange(count), [len(of) for of in frame])
        scores = np.zeros((len(rows), count))
        scores[np.arange(len(rows)), classes] = rows[:, 4]
        detections.append({"boxes": rows[:, :4], "scores": rows[:, 4], "classes": classes})
        candidates.append({"boxes": rows[:, :4], "scores": scores})
    box, number = (np.float32, (4,)), (np.float32, ())
    return (
        Rows.of(detections, {"boxes": box, "scores": number, "classes": (np.int16, ())}),
        Rows.of(candidates, {"boxes": box, "scores": (np.float32, (count,))}),
    )


def score_voted_frames(run: SavedRun) -> list[VideoScore]:
    """Every video judged by these boxes alone, as its single frames.

    Raises:
        ValueError: a video was saved without candidates; the message names its file.
    """

    def voted(_: int, record: VideoRecord) -> VideoRecord:
        return replace(record, detections=voted_rows(record)[0])

    return score_changed(run, plan_of(run, {}), voted)
