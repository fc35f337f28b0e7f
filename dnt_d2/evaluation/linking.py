"""Ways to link a video that are evaluated side by side, and the boxes of their tubes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..formats.results import Detections
from ..tubes.collector import TubeSettings, VideoCollector, flatten_tubes
from .ground_truth import VideoTruth


@dataclass(frozen=True)
class Linking:
    """How tubes are made of what the network said, and where they are judged.

    Attributes:
        settings: thresholds and numbers.
        use_tracks: False links without tracklets (psi = 0), which shows what re-scoring alone does.
        every_frame: judge the tubes in all frames of the video, those that the temporal stride skipped included
            (boxes are interpolated, or held if linked online). Otherwise in the frames that the network saw. The last
            frame of a video always is one of these; linked online this is the one thing that a stream can't know.
        widen: link every so-many-th of the frames that the network saw, as if the rest had not been seen; see
            :meth:`.video_record.VideoRecord.widened`.
    """

    settings: TubeSettings
    use_tracks: bool = True
    every_frame: bool = False
    widen: int = 1


def standard_linkings(settings: TubeSettings, temporal_stride: int) -> dict[str, Linking]:
    """What every evaluation reports: tubes with and without tracks and, if frames were skipped, tubes in all frames."""
    linkings = {"tube": Linking(settings), "tube_psi0": Linking(settings, use_tracks=False)}
    return linkings | ({"tube_all": Linking(settings, every_frame=True)} if temporal_stride > 1 else {})


class TubeBoxes(NamedTuple):
    """The boxes of a video's tubes.

    Attributes:
        boxes: with frame numbers of the data set, and scores re-scored / 2, in [0, 1]; ``tracks`` numbers the tubes.
        own_scores: (N,) before re-scoring, in [0, 1].
    """

    boxes: Detections
    own_scores: NDArray[np.float64]


def tube_boxes(truth: VideoTruth, video_id: int, video: VideoCollector, linking: Linking) -> TubeBoxes:
    """Link a video.

    Args:
        truth: of the data set. Frames that it doesn't have (in lists of some frames) are left out.
        video_id: which of its videos.
        video: all sampled frames.
        linking: how.
    """
    tubes = video.link(linking.settings, use_tracks=linking.use_tracks)
    flat = flatten_tubes(video.fill(tubes, linking.settings) if linking.every_frame else tubes)
    known = truth.has(video_id, flat.frames)
    frames = truth.numbers(video_id, flat.frames[known])
    boxes = Detections(frames, flat.classes[known], flat.boxes[known], flat.scores[known], flat.tubes[known])
    return TubeBoxes(boxes, flat.own_scores[known])


def trim_tracks(detections: Detections, score: float) -> Detections:
    """The boxes of one video that :func:`trimmed` leaves."""
    return detections.where(trimmed(detections, score))


def trimmed(detections: Detections, score: float) -> NDArray[np.bool_]:
    """(N,) what is left of the tracks of one video when both of their ends are cut as far as scores stay below a value.

    As :func:`dnt_d2.tubes.tube.trim_tube` does it. Of boxes without a track nothing is left.
    """
    ids, places = np.unique(detections.tracks, return_inverse=True)
    first = np.full(len(ids), np.iinfo(np.int64).max)
    last = np.full(len(ids), -1)
    strong = (detections.scores >= score) & (detections.tracks >= 0)
    np.minimum.at(first, places[strong], detections.frames[strong])
    np.maximum.at(last, places[strong], detections.frames[strong])
    return (detections.tracks >= 0) & (detections.frames >= first[places]) & (detections.frames <= last[places])


def settings_of(settings: TubeSettings) -> Mapping[str, float | int | bool]:
    """The settings as config keys and their values."""
    return {f"TUBES.{name.upper()}": value for name, value in vars(settings).items()}
