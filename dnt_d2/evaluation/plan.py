"""What is asked of a data set: which frames, how to link, what to measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..formats.results import FrameList
from ..geometry import FloatArray
from .ground_truth import VideoTruth
from .linking import Linking, settings_of
from .motion import motion_iou_of
from .rules import TITLES
from .scoring import Scorer, VideoScore


@dataclass(frozen=True, eq=False)
class Plan:
    """An evaluation before it has seen anything.

    Attributes:
        dataset: its name.
        truth: its ground truth.
        frames: its frames, in the same order.
        linkings: the ways to link, by the names of their results; the first is the one whose tracks are measured.
        temporal_stride: which frames the network is to see: every so-many-th of a video, and its last.
        trim_score: at which tubes are cut for track metrics, in [0, 1].
        metrics: which of "coco" and "tracks" are asked for.
        keep: kinds of results whose boxes are wanted whatever the metrics, to be written to files.
        titles: names of the kinds of results, for people.

    Raises:
        ValueError: a way to link is called "frame".
    """

    dataset: str
    truth: VideoTruth
    frames: FrameList
    linkings: Mapping[str, Linking] = field(default_factory=dict)
    temporal_stride: int = 1
    trim_score: float = 0.3
    metrics: Sequence[str] = ()
    keep: Sequence[str] = ()
    titles: Mapping[str, str] = field(default_factory=lambda: dict(TITLES))

    def __post_init__(self) -> None:
        if "frame" in self.linkings:
            raise ValueError('"frame" is the name of what single frames give: call the linking otherwise')

    @cached_property
    def motion(self) -> FloatArray | None:
        """(G,) motion IoU of the ground truth; None where tracks are not known."""
        return motion_iou_of(self.truth)

    @property
    def settings(self) -> dict[str, float | int | bool]:
        """Config keys and values of the first way to link."""
        first = next(iter(self.linkings.values()), None)
        linking = {} if first is None else settings_of(first.settings)
        return {**linking, "TUBES.TRIM_SCORE": self.trim_score}

    def scorer(self) -> Scorer:
        """What judges the videos. Boxes are kept for the metrics that need them."""
        # psi = 0 is told by devkit AP alone: COCO AP takes as long as all the rest.
        of_coco = [name for name in ("frame", *self.linkings) if name != "tube_psi0"]
        return Scorer(
            self.truth,
            self.motion,
            self.linkings,
            keep_boxes=[*self.keep, *(of_coco if "coco" in self.metrics else ())],
            trim_score=self.trim_score if "tracks" in self.metrics else None,
        )

    def is_whole(self, video_id: int, frame_indices: NDArray[np.int64]) -> bool:
        """Whether these are all the frames of a video that the network is to see."""
        numbers = self.truth.numbers(video_id, frame_indices)
        return np.array_equal(self.truth.sampled_of(video_id, self.temporal_stride), numbers)

    def num_frames_without(self, videos: Sequence[int]) -> int:
        """How many frames the network is to see but for those of some videos."""
        left = set(self.truth.videos) - set(videos)
        return sum(len(self.truth.sampled_of(video_id, self.temporal_stride)) for video_id in left)

    def problems(self, scores: Sequence[VideoScore]) -> list[str]:
        """What a reader of the numbers must know, in sentences: frames that are missing, results that are empty."""
        seen = self.truth.marked(score.numbers for score in scores)
        found = []
        unlinked = sum(len(score.numbers) for score in scores if not score.linked)
        if 0 < unlinked < seen.sum():
            found.append(f"{unlinked} of {seen.sum()} frames came without link_candidates: no tube AP")
        missing = np.flatnonzero(self.truth.sampled(self.temporal_stride) & ~seen)
        if len(missing):
            found.append(
                f"{len(missing)} frames of {self.dataset} were not processed, "
                f"{self.truth.describe(int(missing[0]))} for one; the results are on the other {int(seen.sum())}"
            )
        if seen.any() and not any(len(score.kinds["frame"].log) for score in scores):
            found.append(f"no detections at all in {int(seen.sum())} frames of {self.dataset}: AP is 0")
        return found
