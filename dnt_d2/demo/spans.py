"""Results by frame turned into tubes over time, for the timeline, in little and bounded memory."""

from __future__ import annotations

import logging
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..formats.growing_file import GrowingFile
from ..frame_result import FrameResult
from ..timeline import FORMATS, TubeSpan, draw_timeline, timeline_figure
from .passes import Shown

# Half an hour at 25 frames a second. Two dozen bytes for a box: of ten tracks in each frame, 11 MB.
MAX_FRAMES = 45_000
# More rows than that nobody reads.
MAX_TUBES = 60
_log = logging.getLogger(__name__)


@dataclass
class _Tube:
    category: int
    frames: array[int] = field(default_factory=lambda: array("q"))
    scores: array[float] = field(default_factory=lambda: array("d"))
    raw_scores: array[float] = field(default_factory=lambda: array("d"))

    def span(self, label: str, track_id: int) -> TubeSpan:
        scores, raw = (np.array(values, np.float64).clip(0, 1) for values in (self.scores, self.raw_scores))
        return TubeSpan(label, track_id, np.array(self.frames, np.int64), scores, raw)


class SpanCollector:
    """Takes the results of a video, frame after frame, and tells its tubes.

    Args:
        names: of the classes.
        max_frames: later frames are left out, with a logged warning.

    Attributes:
        num_frames: how many frames it has taken and kept.
    """

    def __init__(self, names: Sequence[str], *, max_frames: int = MAX_FRAMES) -> None:
        self._names, self._max_frames = names, max_frames
        self._tubes: dict[int, _Tube] = {}
        self.num_frames = 0

    def add(self, result: FrameResult) -> None:
        """Take the next frame."""
        if result.frame_index >= self._max_frames:
            if result.frame_index == self._max_frames:
                _log.warning("the timeline ends here, with frame %d: it shows no more", self._max_frames)
            return
        self.num_frames = result.frame_index + 1
        found = result.instances
        columns = (found.get(key).tolist() for key in ("track_ids", "pred_classes", "scores", "raw_scores"))
        for track_id, category, score, raw in zip(*columns, strict=True):
            tube = self._tubes.setdefault(track_id, _Tube(category))
            tube.frames.append(result.frame_index)
            tube.scores.append(score)
            tube.raw_scores.append(raw)

    def spans(self, score: float = 0.0) -> list[TubeSpan]:
        """The tubes that reach this score, by track id."""
        kept = ((track_id, tube) for track_id, tube in sorted(self._tubes.items()) if max(tube.scores) >= score)
        return [tube.span(self._names[tube.category], track_id) for track_id, tube in kept]


def strongest(spans: Sequence[TubeSpan], count: int = MAX_TUBES) -> list[TubeSpan]:
    """The spans with the largest sums of scores, in the order in which they came."""

    def strength(span: TubeSpan) -> float:
        return 0.0 if span.scores is None else float(np.sum(span.scores))

    best: NDArray[np.intp] = np.argsort([-strength(span) for span in spans], kind="stable")[:count]
    return [spans[i] for i in sorted(best)]


def to_spans(results: Iterable[FrameResult], names: Sequence[str], score: float = 0.0) -> list[TubeSpan]:
    """Turn the results of a video into tubes; those that never reach the score are left out."""
    collector = SpanCollector(names)
    for result in results:
        collector.add(result)
    return collector.spans(score)


class TimelineSink:
    """The picture of the tubes over time, drawn when the video is over. A context manager, and a sink.

    Args:
        path: of the picture.
        names: of the classes.
        title: above the picture.
        fps: frames per second.

    Raises:
        OSError, ValueError, ModuleNotFoundError: there can be no such picture.
    """

    def __init__(self, path: str, names: Sequence[str], title: str, fps: float) -> None:
        self._path, self._title, self._fps = Path(path).expanduser(), title, fps
        self._tubes = SpanCollector(names)
        if self._path.suffix[1:].lower() not in FORMATS:
            raise ValueError(f"{self._path}: a timeline is a file that ends in one of {', '.join(FORMATS)}")
        timeline_figure([], 1)  # without matplotlib this fails now rather than after the work
        GrowingFile(self._path)  # likewise; nothing is written

    def __call__(self, shown: Shown) -> None:
        """Take the next frame's tracks."""
        self._tubes.add(shown.result)

    def __enter__(self) -> TimelineSink:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._tubes.num_frames:
            return
        spans = self._tubes.spans()
        shown = strongest(spans)
        title = self._title if len(shown) == len(spans) else f"{self._title}: the strongest of {len(spans)} tubes"
        try:
            draw_timeline(shown, self._tubes.num_frames, self._path, title=title, fps=self._fps)
        except OSError as error:
            raise OSError(f"{self._path}: the timeline can't be written ({error.strerror}); make room") from error
