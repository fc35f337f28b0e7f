"""SORT and ByteTrack on the boxes of single frames, class by class: what one gets without any training for tracks.

SORT (Bewley et al. 2016) and ByteTrack (Zhang et al. 2022) move each track on by a Kalman filter and give it the box
that overlaps it best. They are those of the public package ``trackers``, with its settings, of which those that count
are, in version 2.6:

                                                         SORT   ByteTrack
    overlap (IoU) that a box and a track need            0.3    0.1
    boxes in a row until a track gets its number         3      2
    frames for which a lost track is kept                30     30
    score from which a box can begin a track             0.25   0.7
    score from which a box is in the first round         -      0.6

The boxes before a track has its number have none, and so are no part of it. The last two can be set, since scores of
one detector are not those of another: see ``start`` of :func:`track_video`.

The package asks for opencv-python, which needs the libraries of a screen, over the headless one that is there; it works
with either. So it is installed without what it asks for: ``pip install 'dnt_d2[study]'`` brings all the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..evaluation.video_record import Rows
from ..formats.results import Detections
from ..geometry import FloatArray
from ..tubes.checks import check_unit

IntArray = NDArray[np.int64]
TrackerName = Literal["sort", "bytetrack"]

INSTALL = "pip install 'dnt_d2[study]' && pip install --no-deps 'trackers>=2.6,<3'"
"""The command that brings the package, and changes nothing that is installed."""


def track_video(
    numbers: IntArray, detections: Rows, tracker: TrackerName, *, score: float, start: float | None = None
) -> Detections:
    """Track what a detector found in the single frames of a video.

    Args:
        numbers: (F,) ascending, the frame numbers of the data set. Frames that follow each other here are one step of
            time apart.
        detections: of these frames, after NMS: ``boxes (D, 4)``, inclusive corners, px, ``scores (D,)`` in [0, 1] and
            ``classes (D,)``.
        tracker: which one.
        score: in [0, 1]; boxes below take no part.
        start: in [0, 1]; the score from which a box can begin a track, and with ByteTrack is in the first round of
            association. None leaves the settings of the package.

    Returns:
        the boxes that became part of a track, with their own scores; ``tracks`` are counted over all classes from 0.

    Raises:
        ModuleNotFoundError: the package is not installed.
        ValueError: a score is out of range, there is no such tracker, or not one entry per frame.
    """
    check_unit(score, "score")
    if len(numbers) != len(detections.counts):
        raise ValueError(f"{len(numbers)} frame numbers for the detections of {len(detections.counts)} frames")
    make = _maker(tracker, start)
    columns, frames = detections.columns, np.repeat(numbers, detections.counts)
    every = Detections.of(frames, columns["classes"], columns["boxes"], columns["scores"])
    found = every.where(every.scores >= score)
    tracks, first = np.full(len(found), -1), 0
    for class_id in np.unique(found.classes).tolist():
        rows = np.flatnonzero(found.classes == class_id)
        of_class = _track_class(make(), numbers, found.frames[rows], found.boxes[rows], found.scores[rows])
        known = of_class >= 0
        tracks[rows[known]] = first + of_class[known]
        first += int(of_class.max(initial=-1)) + 1
    tracked = Detections(found.frames, found.classes, found.boxes, found.scores, tracks)
    return tracked.where(tracks >= 0)


def _track_class(tracker: Any, numbers: IntArray, frames: IntArray, boxes: FloatArray, scores: FloatArray) -> IntArray:
    """(K,) for each of the boxes of one class, which are sorted by frame, the track that it is given, or -1."""
    from supervision import Detections as FrameBoxes

    tracks = np.full(len(frames), -1)
    cuts = np.searchsorted(frames, numbers)
    for start, stop in zip(cuts, [*cuts[1:], len(frames)], strict=True):
        rows = np.arange(start, stop)
        # Trackers may change the order of boxes: their rows go with them.
        given = FrameBoxes(xyxy=boxes[rows], confidence=scores[rows], data={"row": rows})
        back = tracker.update(given)  # in frames without a box, too: time goes on
        if len(back):
            tracks[back.data["row"]] = back.tracker_id
    return tracks


def _maker(name: TrackerName, start: float | None) -> Callable[[], Any]:
    """Makes trackers that have seen nothing."""
    if name not in get_args(TrackerName):
        raise ValueError(f"there is no tracker {name!r}; these are known: {', '.join(get_args(TrackerName))}")
    try:
        import trackers
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"SORT and ByteTrack need the package trackers: {INSTALL}", name=error.name
        ) from error
    settings: dict[str, Any] = {}
    if start is not None:
        settings["track_activation_threshold"] = check_unit(start, "start")
        if name == "bytetrack":
            settings["high_conf_det_threshold"] = float(start)
    kind = trackers.SORTTracker if name == "sort" else trackers.ByteTrackTracker
    return lambda: kind(**settings)
