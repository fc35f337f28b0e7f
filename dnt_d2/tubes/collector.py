"""Gathering what the network says about the frames of one video, until the video can be linked."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..geometry import FloatArray
from .tube import Tube
from .video import link_candidates


@dataclass(frozen=True)
class TubeSettings:
    """How a video is linked; the defaults are the paper's and its authors' code's. See :func:`link_candidates`.

    Attributes:
        nms_iou: before linking, per frame and class: boxes that overlap a better one by more are dropped.
        top_k: how many boxes are kept after that.
        vote_iou: candidates that overlap a kept box by at least this vote for where it lies.
        link_iou: psi of eq. 6: a tracklet links two boxes that overlap its two ends by at least this.
        top_fraction: alpha of sec. 4: a tube's boxes gain the mean of the best fraction of its scores.
    """

    nms_iou: float = 0.4
    top_k: int = 25
    vote_iou: float = 0.5
    link_iou: float = 0.5
    top_fraction: float = 0.5

    @classmethod
    def from_config(cls, tubes: Any) -> TubeSettings:
        """Read the settings from the node ``cfg.TUBES``, or anything with the same attributes in capitals."""
        return cls(**{field.name: getattr(tubes, field.name.upper()) for field in dataclasses.fields(cls)})


class FlatTubes(NamedTuple):
    """The boxes of all tubes of a video, sorted by frame; inside a frame tube by tube.

    Attributes:
        frames: (N,) ascending.
        classes: (N,) class ids.
        boxes: (N, 4) corners.
        scores: (N,) as they are shown, re-scored / 2, in [0, 1].
        tubes: (N,) the number of the tube, counted over all classes from 0.
    """

    frames: NDArray[np.int64]
    classes: NDArray[np.int64]
    boxes: FloatArray
    scores: FloatArray
    tubes: NDArray[np.int64]


def flatten_tubes(tubes: Sequence[Sequence[Tube]]) -> FlatTubes:
    """Turn the tubes of a video, C lists, into flat arrays."""
    every = [tube for of_class in tubes for tube in of_class]
    if not every:
        none = np.zeros(0, dtype=np.int64)
        return FlatTubes(none, none, np.zeros((0, 4)), np.zeros(0), none)
    lengths = [len(tube) for tube in every]
    class_ids = np.repeat(np.arange(len(tubes)), [len(of_class) for of_class in tubes])
    frames = np.concatenate([tube.frames for tube in every])
    order = np.argsort(frames, kind="stable")
    return FlatTubes(
        frames[order],
        np.repeat(class_ids, lengths)[order],
        np.concatenate([tube.boxes for tube in every])[order],
        np.concatenate([tube.confidence for tube in every])[order],
        np.repeat(np.arange(len(every)), lengths)[order],
    )


class VideoCollector:
    """Collects the sampled frames of one video and links them; one object per video.

    It keeps 4 N (4 + C) + 32 M bytes per frame, for N candidates of C classes and M tracklets in float32: 41 kB for
    300 candidates of 30 classes, and up to 10 kB for their tracklets.

    Example::

        video = VideoCollector()
        for frame_index, (boxes, scores, tracklets) in enumerate(outputs):
            video.add(frame_index, boxes, scores, tracklets)
        for class_id, tubes in enumerate(video.link(TubeSettings())):
            ...
    """

    def __init__(self) -> None:
        self._frames: list[int] = []
        self._boxes: list[NDArray[Any]] = []
        self._scores: list[NDArray[Any]] = []
        self._tracklets: list[NDArray[Any]] = []

    def __len__(self) -> int:
        """The number of frames collected."""
        return len(self._frames)

    @property
    def frames(self) -> NDArray[np.int64]:
        """(F,) the frame indices collected, ascending."""
        return np.array(self._frames, dtype=np.int64)

    def add(self, frame_index: int, boxes: ArrayLike, scores: ArrayLike, tracklets: ArrayLike) -> None:
        """Take the next frame. The arrays are copied.

        Args:
            frame_index: the frame's number in its video, larger than that of the frame before.
            boxes: (N, 4) candidates of all classes, before NMS.
            scores: (N, C) their scores, in [0, 1], foreground classes only.
            tracklets: (M, 8) the tracklets that end here: a box in the frame before, and where it is in this one.
                The first frame has none.

        Raises:
            ValueError: when frames come in a wrong order, or the shapes don't fit.
        """
        if self._frames and frame_index <= self._frames[-1]:
            raise ValueError(f"frame {frame_index} after frame {self._frames[-1]}: a video's frames must come in order")
        boxes, scores, tracklets = np.array(boxes), np.array(scores), np.array(tracklets)
        if boxes.shape != (len(boxes), 4) or scores.ndim != 2 or len(scores) != len(boxes):
            raise ValueError(f"frame {frame_index}: boxes {boxes.shape}, scores {scores.shape}; need (N, 4) and (N, C)")
        if self._scores and scores.shape[1] != self._scores[0].shape[1]:
            raise ValueError(
                f"frame {frame_index} has scores of {scores.shape[1]} classes, the first had {self._scores[0].shape[1]}"
            )
        if tracklets.shape != (len(tracklets), 8):
            raise ValueError(f"frame {frame_index}: tracklets {tracklets.shape}; need (M, 8)")
        if not self._frames and len(tracklets):
            raise ValueError(f"frame {frame_index} is the first of its video, yet {len(tracklets)} tracklets end in it")
        self._frames.append(int(frame_index))
        self._boxes.append(boxes)
        self._scores.append(scores)
        self._tracklets.append(tracklets)

    def link(self, settings: TubeSettings, *, use_tracks: bool = True) -> list[list[Tube]]:
        """Link all frames collected so far. Nothing is consumed: it may be called again, with other settings.

        Args:
            settings: thresholds and numbers, see :class:`TubeSettings`.
            use_tracks: False leaves the tracklets out (psi = 0): tubes then follow the scores alone.

        Returns:
            For each class a list of tubes, their ``frames`` being the frame indices that were given to :meth:`add`.
            Without frames an empty list.
        """
        if not self._frames:
            return []
        none = np.zeros((0, 8))
        # What ends in a frame starts in the one before; nothing starts in the last.
        starting = [*self._tracklets[1:], none] if use_tracks else [none] * len(self)
        frames = self.frames
        per_class = link_candidates(self._boxes, self._scores, starting, **dataclasses.asdict(settings))
        return [[dataclasses.replace(tube, frames=frames[tube.frames]) for tube in tubes] for tubes in per_class]
