"""Gathering what the network says about the frames of one video, until the video can be linked."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..geometry import FloatArray
from .checks import check_frame
from .interpolation import hold_tube, interpolate_tube
from .online import link_online
from .presence import check_presence, rescore_present
from .tube import Tube
from .video import link_voted, vote_video


@dataclass(frozen=True)
class TubeSettings:
    """How a video is linked, see :func:`.video.link_candidates`; the defaults are the paper's and its authors' code's.

    Attributes:
        nms_iou: before linking, per frame and class: boxes that overlap a better one by more are dropped.
        top_k: how many boxes are kept after that.
        vote_iou: candidates that overlap a kept box by at least this vote for where it lies.
        link_iou: psi of eq. 6: a tracklet links two boxes that overlap its two ends by at least this.
        top_fraction: alpha of sec. 4: a tube's boxes gain the mean of the best fraction of its scores.
        online: link and re-score from the past alone, see :mod:`dnt_d2.tubes.online`.
        online_patience, online_youth: see :class:`dnt_d2.tubes.online.OnlineLinker`.
        absent_score, absent_frames: see :func:`dnt_d2.tubes.presence.present`; a score of 0 is off.

    Raises:
        ValueError: ``online`` with an ``absent_score``: where a tube ends is not known in time.
    """

    nms_iou: float = 0.4
    top_k: int = 25
    vote_iou: float = 0.5
    link_iou: float = 0.5
    top_fraction: float = 0.5
    online: bool = False
    online_patience: int = 5
    online_youth: int = 10
    absent_score: float = 0.0
    absent_frames: int = 10

    def __post_init__(self) -> None:
        check_presence(self.absent_score, self.absent_frames)
        if self.online and self.absent_score > 0:
            raise ValueError(
                f"TUBES.ABSENT_SCORE is {self.absent_score}, but tubes are linked online, and that one ends is not "
                "known in time: set it to 0, or link offline"
            )

    @property
    def chain(self) -> dict[str, Any]:
        """The settings that linking offline and online share, by their names there."""
        return {name: getattr(self, name) for name in ("nms_iou", "top_k", "vote_iou", "link_iou", "top_fraction")}

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
        own_scores: (N,) before re-scoring, in [0, 1].
    """

    frames: NDArray[np.int64]
    classes: NDArray[np.int64]
    boxes: FloatArray
    scores: FloatArray
    tubes: NDArray[np.int64]
    own_scores: FloatArray


def flatten_tubes(tubes: Sequence[Sequence[Tube]]) -> FlatTubes:
    """Turn the tubes of a video, C lists, into flat arrays."""
    every = [tube for of_class in tubes for tube in of_class]
    if not every:
        none = np.zeros(0, dtype=np.int64)
        return FlatTubes(none, none, np.zeros((0, 4)), np.zeros(0), none, np.zeros(0))
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
        np.concatenate([tube.scores for tube in every])[order],
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

    def __init__(self, *, revised: bool = False) -> None:
        """
        Args:
            revised: the scores that will come are means with those of later frames already.
        """
        self._frames: list[int] = []
        self._boxes: list[NDArray[Any]] = []
        self._scores: list[NDArray[Any]] = []
        self._tracklets: list[NDArray[Any]] = []
        self._revised = revised
        self._votes: tuple[tuple[float, float, int], list[list[FloatArray]]] | None = None

    def __len__(self) -> int:
        """The number of frames collected."""
        return len(self._frames)

    @property
    def frames(self) -> NDArray[np.int64]:
        """(F,) the frame indices collected, ascending."""
        return np.array(self._frames, dtype=np.int64)

    def add(
        self,
        frame_index: int,
        boxes: ArrayLike,
        scores: ArrayLike,
        tracklets: ArrayLike,
        *,
        revised: ArrayLike | None = None,
    ) -> None:
        """Take the next frame. The arrays are copied.

        Args:
            frame_index: the frame's number in its video, larger than that of the frame before.
            boxes: (N, 4) candidates of all classes, before NMS.
            scores: (N, C) their scores, in [0, 1], foreground classes only.
            tracklets: (M, 8) the tracklets that end here: a box in the frame before, and where it is in this one.
                The first frame has none.
            revised: (N', C) new scores of the candidates of the frame before, from score averaging.

        Raises:
            ValueError: when frames come in a wrong order, or the shapes don't fit.
        """
        before = self._frames[-1] if self._frames else None
        num_classes = self._scores[0].shape[1] if self._scores else None
        found = check_frame(frame_index, boxes, scores, tracklets, before=before, num_classes=num_classes)
        if revised is not None:
            self._revise(frame_index, np.array(revised))
        self._votes = None
        self._frames.append(int(frame_index))
        self._boxes.append(found.boxes)
        self._scores.append(found.scores)
        self._tracklets.append(found.tracklets)

    def _revise(self, frame_index: int, scores: NDArray[Any]) -> None:
        if not self._scores or scores.shape != self._scores[-1].shape:
            before = self._scores[-1].shape if self._scores else "no frame before"
            raise ValueError(f"frame {frame_index}: revised scores {scores.shape} for {before}")
        self._scores[-1], self._revised = scores, True

    def link(self, settings: TubeSettings, *, use_tracks: bool = True) -> list[list[Tube]]:
        """Link all frames collected so far. Nothing is consumed: it may be called again, with other settings.

        Args:
            settings: thresholds and numbers, see :class:`TubeSettings`.
            use_tracks: False leaves the tracklets out (psi = 0): tubes then follow the scores alone.

        Returns:
            For each class a list of tubes, their ``frames`` being the frame indices that were given to :meth:`add`.
            Without frames an empty list.

        Raises:
            ValueError: online, when scores were revised: they come from later frames.
        """
        if not self._frames:
            return []
        none = np.zeros((0, 8))
        # What ends in a frame starts in the one before; nothing starts in the last.
        starting = [*self._tracklets[1:], none] if use_tracks else [none] * len(self)
        if settings.online:
            per_class = self._link_online(settings, starting)
        else:
            growth = {"link_iou": settings.link_iou, "top_fraction": settings.top_fraction}
            per_class = link_voted(self._vote(settings), starting, **growth)
        frames = self.frames
        numbered = [[dataclasses.replace(tube, frames=frames[tube.frames]) for tube in tubes] for tubes in per_class]
        if settings.absent_score == 0:
            return numbered
        presence = {name: getattr(settings, name) for name in ("top_fraction", "absent_score", "absent_frames")}
        return [[rescore_present(tube, **presence) for tube in tubes] for tubes in numbered]

    def _vote(self, settings: TubeSettings) -> list[list[FloatArray]]:
        """Votes take twice as long as links, and settings that differ in links alone share them."""
        voting = (settings.nms_iou, settings.vote_iou, settings.top_k)
        if self._votes is None or self._votes[0] != voting:
            nms_iou, vote_iou, top_k = voting
            voted = vote_video(self._boxes, self._scores, nms_iou=nms_iou, vote_iou=vote_iou, top_k=top_k)
            self._votes = voting, voted
        return self._votes[1]

    def fill(self, tubes: Sequence[Sequence[Tube]], settings: TubeSettings) -> list[list[Tube]]:
        """Tubes from :meth:`link` with boxes in the skipped frames too: interpolated, or online held from the past."""
        if settings.online:
            return [[hold_tube(tube, self.frames) for tube in of_class] for of_class in tubes]
        return [[interpolate_tube(tube) for tube in of_class] for of_class in tubes]

    def _link_online(self, settings: TubeSettings, starting: list[NDArray[Any]]) -> list[list[Tube]]:
        if self._revised:
            raise ValueError(
                "TUBES.ONLINE with TEST.SCORE_AVERAGE: averaged scores come from later frames; "
                'set SCORE_AVERAGE to "none" or ONLINE to False'
            )
        growth = {"patience": settings.online_patience, "youth": settings.online_youth}
        return link_online(self._boxes, self._scores, starting, **settings.chain, **growth)
