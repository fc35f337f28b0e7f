"""What linking leaves over: boxes that no tube takes.

There are as many tubes as the poorest frame has boxes (see :func:`dnt_d2.tubes.link_tubes`); all other boxes are
dropped. Here they are kept, to see what that costs or gains: with half of their own score, as that of a tube's box is
half of its own and what it gains.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..evaluation.ground_truth import VideoTruth
from ..evaluation.linking import Linking, tube_boxes
from ..evaluation.video_record import VideoRecord
from ..formats.results import Detections
from ..geometry import FloatArray
from ..tubes.collector import TubeSettings
from ..tubes.tube import IntArray, Tube
from .voted_frames import voted_boxes


def with_leftovers(truth: VideoTruth, video_id: int, record: VideoRecord, settings: TubeSettings) -> Detections:
    """The boxes of a video's tubes and, after them in each frame, those left over.

    Args:
        truth: of the data set.
        video_id: which of its videos.
        record: with candidates.
        settings: of the tubes, which are linked offline.

    Returns:
        Scores in [0, 1], of leftovers in [0, 0.5]; ``tracks`` numbers the tubes, and is -1 for leftovers.

    Raises:
        ValueError: the record has no candidates, or tubes are linked online.
    """
    if record.candidates is None:
        raise ValueError(f"video {video_id} was saved without candidates, and can't be linked")
    if settings.online:
        raise ValueError("boxes are left over by tubes that are linked offline: set TUBES.ONLINE to False")
    video = record.collector()
    voted = voted_boxes(record, settings)
    numbers = truth.numbers(video_id, record.frames)
    parts = [tube_boxes(truth, video_id, video, Linking(settings)).boxes]
    for class_id, tubes in enumerate(video.link(settings)):
        places, rows = leftovers([frame[class_id] for frame in voted], tubes, record.frames)
        classes = np.full(len(rows), class_id)
        parts.append(Detections.of(numbers[places], classes, rows[:, :4], rows[:, 4] / 2))
    names = ("frames", "classes", "boxes", "scores", "tracks")
    return Detections.of(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def leftovers(voted: Sequence[FloatArray], tubes: Sequence[Tube], frames: IntArray) -> tuple[IntArray, FloatArray]:
    """The boxes of one class that no tube has.

    Args:
        voted: for each of F frames (K, 5), the boxes that were linked.
        tubes: what became of them; their ``frames`` are frame indices of the video.
        frames: (F,) the frame indices.

    Returns:
        (N,) the place of the frame of each, ascending, and (N, 5) the boxes.
    """
    counts = np.array([len(rows) for rows in voted], dtype=np.int64)
    starts = np.cumsum(counts) - counts
    free = np.ones(counts.sum(), dtype=bool)
    for tube in tubes:
        free[starts[np.searchsorted(frames, tube.frames)] + tube.indices] = False
    rows = np.concatenate([np.zeros((0, 5)), *voted])
    return np.repeat(np.arange(len(counts)), counts)[free], rows[free]
