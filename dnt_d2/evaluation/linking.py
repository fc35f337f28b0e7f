"""Ways to link a video that are evaluated side by side, and what their tubes find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..tubes.collector import TubeSettings, VideoCollector, flatten_tubes
from .ground_truth import VideoTruth

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Linking:
    """How tubes are made of what the network said, and where they are judged.

    Attributes:
        settings: thresholds and numbers.
        use_tracks: False links without tracklets (psi = 0), which shows what re-scoring alone does.
        every_frame: judge the tubes in all frames of the video, those that the temporal stride skipped included
            (boxes are interpolated, or held if linked online). Otherwise in the frames that the network saw. The last
            frame of a video always is one of these; linked online this is the one thing that a stream can't know.
    """

    settings: TubeSettings
    use_tracks: bool = True
    every_frame: bool = False


def standard_linkings(settings: TubeSettings, temporal_stride: int) -> dict[str, Linking]:
    """What every evaluation reports: tubes with and without tracks and, if frames were skipped, tubes in all frames."""
    linkings = {"tube": Linking(settings), "tube_psi0": Linking(settings, use_tracks=False)}
    return linkings | ({"tube_all": Linking(settings, every_frame=True)} if temporal_stride > 1 else {})


class TubeHits(NamedTuple):
    """The boxes of a video's tubes, as :class:`dnt_d2.evaluation.hit_log.HitLog` takes them.

    Attributes:
        frames: (N,) frame numbers of the data set.
        classes: (N,) class ids.
        scores: (N,) re-scored / 2, in [0, 1].
        hits: (N,) whether the box found a ground-truth box.
    """

    frames: IntArray
    classes: IntArray
    scores: NDArray[np.float64]
    hits: NDArray[np.bool_]


def tube_hits(truth: VideoTruth, video_id: int, video: VideoCollector, linking: Linking) -> TubeHits:
    """Link a video and match its tubes with the ground truth.

    Args:
        truth: of the data set. Frames that it doesn't have (in lists of some frames) are left out.
        video_id: which of its videos.
        video: all sampled frames.
        linking: how.
    """
    tubes = video.link(linking.settings, use_tracks=linking.use_tracks)
    flat = flatten_tubes(video.fill(tubes, linking.settings) if linking.every_frame else tubes)
    known = truth.has(video_id, flat.frames)
    classes, boxes, scores = flat.classes[known], flat.boxes[known], flat.scores[known]
    frames = truth.numbers(video_id, flat.frames[known])
    return TubeHits(frames, classes, scores, truth.hits(frames, classes, boxes, scores))
