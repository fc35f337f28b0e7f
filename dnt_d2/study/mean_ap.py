"""Mean AP50 of what was judged, or is to be judged, in the frames that one chooses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..evaluation.average_precision import mean_ap
from ..evaluation.ground_truth import VideoTruth
from ..evaluation.measure import measure
from ..evaluation.outcome_log import OutcomeLog
from ..evaluation.outcomes import Judge
from ..evaluation.scoring import VideoScore
from ..formats.results import Detections


def ap50_of_kind(scores: Sequence[VideoScore], kind: str, truth: VideoTruth, seen: NDArray[np.bool_]) -> float:
    """Mean AP50 of one kind of result.

    Args:
        scores: of all videos.
        kind: "frame", or the name of a way to link.
        truth: by which they were judged.
        seen: (F,) the frames that count. A frame without results counts like one in which nothing was found.

    Returns:
        Percent, the devkit's rule; NaN where there are no objects.

    Raises:
        ValueError: a video lacks this kind.
    """
    log = OutcomeLog()
    for score in scores:
        if kind not in score.kinds:
            why = "" if score.linked else ": it was saved without candidates, and can't be linked"
            raise ValueError(f"video {score.video_id} has no results {kind!r}, only {', '.join(score.kinds)}{why}")
        log.join(score.kinds[kind].log)
    return _mean(log, truth, seen)


def ap50_of_boxes(boxes: Iterable[Detections], truth: VideoTruth, seen: NDArray[np.bool_]) -> float:
    """The same of boxes that are judged now.

    Args:
        boxes: part by part; no two parts have boxes in one frame.
        truth: of the data set.
        seen: as above.
    """
    judge, log = Judge(truth, None), OutcomeLog()
    for part in boxes:
        log.add(part.frames, part.classes, part.scores, judge(part.frames, part.classes, part.boxes, part.scores))
    return _mean(log, truth, seen)


def _mean(log: OutcomeLog, truth: VideoTruth, seen: NDArray[np.bool_]) -> float:
    return 100 * float(mean_ap(measure(log, truth, None, seen).ap))
