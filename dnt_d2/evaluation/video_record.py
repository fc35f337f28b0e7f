"""What the network said about one video, as flat arrays: the unit of a saved run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..tubes.collector import VideoCollector
from .tracklet_chains import join_tracklets

IntArray = NDArray[np.int64]
Columns = dict[str, NDArray[Any]]
Layout = dict[str, tuple[type, tuple[int, ...]]]  # of a table: by column the type and the shape of a row


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of many frames, one frame after the other.

    Attributes:
        counts: (F,) how many rows each frame has.
        columns: by name, arrays with counts.sum() rows.

    Raises:
        ValueError: a column has another number of rows.
    """

    counts: IntArray
    columns: Columns

    def __post_init__(self) -> None:
        wrong = {name: len(values) for name, values in self.columns.items() if len(values) != self.counts.sum()}
        if wrong:
            raise ValueError(f"the frames have {self.counts.sum()} rows together, but columns have others: {wrong}")

    @classmethod
    def of(cls, frames: Sequence[Mapping[str, ArrayLike]], dtypes: Layout) -> Rows:
        """From the columns of each frame; ``dtypes`` gives type and shape of a row, which frames may lack."""
        counts = np.array([len(np.asarray(next(iter(frame.values())))) for frame in frames], dtype=np.int64)
        columns = {
            name: np.concatenate(
                [np.zeros((0, *shape), dtype), *(np.asarray(f[name], dtype).reshape(-1, *shape) for f in frames)]
            )
            for name, (dtype, shape) in dtypes.items()
        }
        return cls(counts, columns)

    def split(self, name: str) -> list[NDArray[Any]]:
        """One column, frame by frame."""
        return np.split(self.columns[name], np.cumsum(self.counts)[:-1]) if len(self.counts) else []

    def select(self, places: IntArray) -> Rows:
        """The rows of some frames, by their places."""
        keep = np.zeros(len(self.counts), dtype=bool)
        keep[places] = True
        rows = np.repeat(keep, self.counts)
        return Rows(self.counts[keep], {name: values[rows] for name, values in self.columns.items()})


@dataclass(frozen=True, eq=False)
class VideoRecord:
    """The frames of one video that the network saw, and what it said about each. Boxes are inclusive corners, px.

    Attributes:
        frames: (F,) frame indices, ascending.
        detections: of the single frames, after NMS: ``boxes (D, 4), scores (D,), classes (D,)``, and ``tracks (D,)``
            where detections come from a tracker.
        candidates: before NMS, of all classes: ``boxes (N, 4), scores (N, C)``; None where there are none: then there
            are no tubes.
        tracklets: ``boxes (M, 8)``: a box in the frame before and where it is in this one.
        proposals: ``boxes (P, 4)``, the best first; None where there are none.
        revised: whether the scores of candidates come from later frames too (``TEST.SCORE_AVERAGE``).
        replaced: frame indices of those whose image couldn't be read: the network saw another frame's.

    Raises:
        ValueError: a table is of another number of frames, or a replaced frame is not among the frames.
    """

    frames: IntArray
    detections: Rows
    candidates: Rows | None = None
    tracklets: Rows | None = None
    proposals: Rows | None = None
    revised: bool = False
    replaced: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def __post_init__(self) -> None:
        if not np.isin(self.replaced, self.frames).all():
            raise ValueError("frames are marked as replaced that the video doesn't have")
        wrong = {name: len(rows.counts) for name, rows in self.tables.items() if len(rows.counts) != len(self.frames)}
        if wrong:
            raise ValueError(f"the video has {len(self.frames)} frames, but tables have others: {wrong}")

    @property
    def tables(self) -> dict[str, Rows]:
        """The tables that are there, by name."""
        names = ("detections", "candidates", "tracklets", "proposals")
        return {name: rows for name in names if (rows := getattr(self, name)) is not None}

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        return sum(v.nbytes for rows in self.tables.values() for v in (rows.counts, *rows.columns.values()))

    def collector(self) -> VideoCollector:
        """The video, ready to be linked.

        Raises:
            ValueError: it has no candidates or no tracklets.
        """
        if self.candidates is None or self.tracklets is None:
            raise ValueError("a video without candidates and tracklets can't be linked")
        video = VideoCollector(revised=self.revised)
        boxes, scores = self.candidates.split("boxes"), self.candidates.split("scores")
        for row in zip(self.frames.tolist(), boxes, scores, self.tracklets.split("boxes"), strict=True):
            video.add(*row)
        return video

    def widened(self, factor: int, link_iou: float = 0.5) -> VideoRecord:
        """Every ``factor``-th frame and the last, as if the rest had not been seen.

        The network was not asked about such pairs of frames: a tracklet between them is a chain of those in between,
        each beginning where the one before ended (:mod:`.tracklet_chains`). What a network says that looks at both
        frames at once can differ; detections and candidates are the same.

        Raises:
            ValueError: the factor is below 1, or scores were averaged with neighbours that are skipped now.
        """
        if factor < 1:
            raise ValueError(f"a step can be widened {factor} times only if that is 1 or more")
        if factor == 1 or not len(self.frames):
            return self
        if self.revised:
            raise ValueError("TEST.SCORE_AVERAGE: the saved scores are means with frames that would be skipped")
        places = np.unique(np.append(np.arange(0, len(self.frames), factor), len(self.frames) - 1))
        wide = None
        if self.tracklets is not None:
            steps = self.tracklets.split("boxes")
            chains = [np.zeros((0, 8), np.float32)]
            chains += [join_tracklets(steps[a + 1 : b + 1], link_iou) for a, b in pairwise(places)]
            wide = Rows.of([{"boxes": chain} for chain in chains], {"boxes": (np.float32, (8,))})
        return VideoRecord(
            self.frames[places],
            self.detections.select(places),
            None if self.candidates is None else self.candidates.select(places),
            wide,
            None if self.proposals is None else self.proposals.select(places),
            replaced=np.intersect1d(self.replaced, self.frames[places]),
        )


class VideoRecorder:
    """Takes the frames of one video as they come, and gives its :class:`VideoRecord`."""

    def __init__(self, num_classes: int) -> None:
        """
        Args:
            num_classes: C, the width of the candidates' scores.
        """
        boxes = (np.float32, (4,))
        self._layouts: dict[str, Layout] = {
            "detections": {"boxes": boxes, "scores": (np.float32, ()), "classes": (np.int16, ())},
            "candidates": {"boxes": boxes, "scores": (np.float32, (num_classes,))},
            "tracklets": {"boxes": (np.float32, (8,))},
            "proposals": {"boxes": boxes},
        }
        self._frames: list[int] = []
        self._replaced: list[int] = []
        self._tables: dict[str, list[Mapping[str, ArrayLike]]] = {}
        self._revised = False

    def __len__(self) -> int:
        """The number of frames."""
        return len(self._frames)

    def add(
        self,
        frame_index: int,
        tables: Mapping[str, Mapping[str, ArrayLike]],
        revised: ArrayLike | None = None,
        *,
        replaced: bool = False,
    ) -> None:
        """Take the next frame.

        Args:
            frame_index: larger than that of the frame before.
            tables: by the names of the tables of :class:`VideoRecord`, the same in each frame, the columns of this one.
            revised: (N', C) new scores of the candidates of the frame before, from score averaging.
            replaced: whether the network saw another frame's image.

        Raises:
            ValueError: a wrong order, other tables than before, a wrong shape, or tracklets that end in a first frame.
        """
        if self._frames and frame_index <= self._frames[-1]:
            raise ValueError(f"frame {frame_index} after frame {self._frames[-1]}: a video's frames must come in order")
        if self._frames and tables.keys() != self._tables.keys():
            raise ValueError(f"frame {frame_index} has {sorted(tables)}, those before had {sorted(self._tables)}")
        if not self._frames and len(np.asarray(tables.get("tracklets", {}).get("boxes", ()))):
            raise ValueError(f"frame {frame_index} is the first of its video, yet tracklets end in it")
        for name, columns in tables.items():
            self._check(frame_index, name, columns)
        if revised is not None:
            self._revise(frame_index, np.asarray(revised))
        self._frames.append(frame_index)
        self._replaced += [frame_index] if replaced else []
        for name, columns in tables.items():
            self._tables.setdefault(name, []).append(columns)

    def _check(self, frame_index: int, table: str, columns: Mapping[str, ArrayLike]) -> None:
        if table not in self._layouts or columns.keys() != self._layouts[table].keys():
            raise ValueError(f"frame {frame_index}: a record has no table {table!r} of {sorted(columns)}")
        shapes = {name: np.shape(values) for name, values in columns.items()}
        rows = max(shape[:1] for shape in shapes.values())
        if any(shapes[name] != (*rows, *shape) for name, (_, shape) in self._layouts[table].items()):
            raise ValueError(f"frame {frame_index}: the columns of {table} have the shapes {shapes}, which do not fit")

    def _revise(self, frame_index: int, scores: NDArray[Any]) -> None:
        before = self._tables.get("candidates")
        last = before[-1] if before else None
        if last is None or scores.shape != np.shape(last["scores"]):
            shape = "no candidates before" if last is None else np.shape(last["scores"])
            raise ValueError(f"frame {frame_index}: revised scores {scores.shape} for {shape}")
        self._tables["candidates"][-1] = {**last, "scores": scores}
        self._revised = True

    def record(self) -> VideoRecord:
        """All frames so far."""
        tables = {name: Rows.of(frames, self._layouts[name]) for name, frames in self._tables.items()}
        tables.setdefault("detections", Rows.of([], self._layouts["detections"]))
        frames, replaced = (np.array(numbers, dtype=np.int64) for numbers in (self._frames, self._replaced))
        return VideoRecord(frames, **tables, revised=self._revised, replaced=replaced)
