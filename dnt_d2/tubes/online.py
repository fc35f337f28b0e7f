"""Online linking (sec. 5.3): tubes that grow frame by frame, re-scored from the past alone.

The paper reports "an online version which performs only causal rescoring" and says no more of it; the authors' code
has none. This is ours. In every frame and class, after NMS and voting:

- The tubes that are alive choose a box each, those first that have the larger gain (the mean of the best half of their
  scores so far). A tube may take the boxes to which a tracklet leads from its last box (psi of eq. 6, which here is a
  condition, not a bonus: a tube that jumps can't be taken back later). Without such a box it may take those that
  overlap its last one, as if that had not moved. Of several it takes the one with the highest score.
- A tube that finds none waits; when it has found none in more than ``patience`` frames in a row, it ends. Tracklets
  lead from the frame before only, so that a waiting tube is found again by overlap alone.
- Every box that no tube took begins a tube.
- A box's re-scored value is its own score plus the mean of the best half of its tube's scores up to this frame. A tube
  of fewer than ``youth`` boxes counts as if it had that many, or as many as the video has had frames, if those are
  fewer; the boxes that it lacks have scored 0. So what flickers up once is not believed at once. (Offline, tubes span
  the video, and their weak frames do the same.)

So what is said of a frame is final, whatever comes later.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..geometry import FloatArray
from .box_voting import check_voting, vote_classes
from .checks import as_rows, check_fraction, check_length, check_unit, finite_rows
from .tube import IntArray, Tube


class OnlineBoxes(NamedTuple):
    """The boxes of one frame, class after class.

    Attributes:
        classes: (R,) class ids.
        boxes: (R, 4) corners.
        scores: (R,) own scores, in [0, 1].
        rescored: (R,) with the tube's gain, in [0, 2].
        tubes: (R,) the number of the tube, unique over all classes, counted from 0 by birth.
    """

    classes: IntArray
    boxes: FloatArray
    scores: FloatArray
    rescored: FloatArray
    tubes: IntArray


class OnlineLinker:
    """Links the candidates of one video, frame by frame, in constant memory; one object per video.

    With C classes it holds 16 ``memory`` bytes for each of at most C ``top_k`` (``patience`` + 1) tubes: about 22 MB
    for 30 classes with the defaults, all of it from the first frame on.

    Example::

        linker = OnlineLinker()
        for boxes, scores, tracklets in frames:
            found = linker.step(boxes, scores, tracklets)
    """

    def __init__(
        self,
        *,
        nms_iou: float = 0.4,
        vote_iou: float = 0.5,
        top_k: int = 25,
        link_iou: float = 0.5,
        top_fraction: float = 0.5,
        patience: int = 5,
        youth: int = 10,
        memory: int = 300,
    ) -> None:
        """
        Args:
            nms_iou, vote_iou, top_k: see :func:`dnt_d2.tubes.vote_boxes`.
            link_iou: in [0, 1]; a tracklet joins two boxes whose IoU (without +1) with its ends is at least this.
            top_fraction: in (0, 1], alpha of sec. 4.
            patience: for how many frames in a row a tube may find no box, at least 0.
            youth: over how many boxes at least the mean of the best is taken; those that a tube lacks have scored 0,
                as far as the video has had as many frames. At least 0; ``memory`` limits it.
            memory: how many of its latest scores a tube knows, at least 1.

        Raises:
            ValueError: a setting is out of range.
        """
        check_voting(nms_iou, vote_iou, top_k)
        if operator.index(patience) < 0 or operator.index(youth) < 0 or operator.index(memory) < 1:
            raise ValueError(
                f"patience and youth must be 0 or more, and memory 1 or more; got {patience}, {youth} and {memory}"
            )
        self._voting = (nms_iou, vote_iou, top_k)
        self._linking = (check_unit(link_iou, "link_iou"), check_fraction(top_fraction), patience)
        self._slots, self._memory, self._youth = top_k * (patience + 1), memory, min(youth, memory)
        self._frames = 0
        self._store: Any = None

    def step(self, boxes: ArrayLike, scores: ArrayLike, tracklets: ArrayLike) -> OnlineBoxes:
        """Take the next frame; what is returned is final.

        Args:
            boxes: (N, 4) candidates of all classes, before NMS and without a score threshold.
            scores: (N, C) in [0, 1], foreground classes only; an empty frame has (0, C).
            tracklets: (M, 8) that end here: a box in the frame before, and where it is in this one.

        Raises:
            ValueError: a wrong shape, or another number of classes than before.
        """
        from . import online_kernels  # here, not above: loading the compiler takes longer than the rest of the package

        rows, table = as_rows(boxes, 4, "boxes"), np.asarray(scores, dtype=np.float64)
        if table.ndim != 2 or len(table) != len(rows):
            raise ValueError(f"scores must have shape (N, C) with N = {len(rows)}, got {table.shape}")
        tracks = finite_rows(tracklets, 8, "tracklets")
        if self._store is None:
            self._store = online_kernels.empty_store(table.shape[1], self._slots, self._memory)
        if table.shape[1] != len(self._store.alive):
            raise ValueError(f"the frame has {table.shape[1]} classes, those before had {len(self._store.alive)}")
        voted, starts = vote_classes(rows, table, *self._voting)
        self._frames += 1
        settings = np.array([*self._linking, min(self._youth, self._frames)])
        rescored, tubes = online_kernels.link_frame(self._store, voted, starts, tracks, settings)
        classes = np.repeat(np.arange(table.shape[1]), np.diff(starts))
        return OnlineBoxes(classes, voted[:, :4], voted[:, 4], rescored, tubes)

    @property
    def alive(self) -> NDArray[np.int64]:
        """The numbers of all tubes that may still find boxes."""
        found = [np.zeros(0, dtype=np.int64)]
        if self._store is not None:
            store = self._store
            found += [ids[order[:n]] for ids, order, n in zip(store.ids, store.order, store.alive, strict=True)]
        return np.concatenate(found)


def link_online(
    boxes: Sequence[ArrayLike], scores: Sequence[ArrayLike], tracklets: Sequence[ArrayLike], **settings: Any
) -> list[list[Tube]]:
    """Link a whole video as :class:`OnlineLinker` would have, frame by frame.

    Args:
        boxes, scores: for each of T frames, see :meth:`OnlineLinker.step`.
        tracklets: for each of T frames (M_f, 8): a box in this frame, and where it goes in the next one, as in
            :func:`dnt_d2.tubes.link_candidates`. The entry of the last frame is ignored.
        settings: of :class:`OnlineLinker`.

    Returns:
        C lists of tubes ([] for T = 0), by birth. Tubes may begin and end anywhere, and miss frames. ``frames`` are
        positions in ``boxes``; ``indices`` are ranks among what voting kept of that class in that frame.
    """
    check_length(scores, len(boxes), "scores")
    check_length(tracklets, len(boxes), "tracklets")
    linker = OnlineLinker(**settings)
    arriving = [np.zeros((0, 8)), *tracklets[:-1]] if len(boxes) else []
    found = [linker.step(b, s, t) for b, s, t in zip(boxes, scores, arriving, strict=True)]
    if not found:
        return []
    num_classes = np.shape(scores[0])[1]
    every = OnlineBoxes(*(np.concatenate(parts) for parts in zip(*found, strict=True)))
    frames = np.repeat(np.arange(len(found)), [len(f.classes) for f in found])
    ranks = np.concatenate([_ranks(f.classes) for f in found])
    order = np.argsort(every.tubes, kind="stable")  # inside a tube by frame
    cuts = np.flatnonzero(np.diff(every.tubes[order])) + 1
    tubes: list[list[Tube]] = [[] for _ in range(num_classes)]
    for rows in np.split(order, cuts) if len(order) else []:
        tube = Tube(frames[rows], ranks[rows], every.boxes[rows], every.scores[rows], every.rescored[rows])
        tubes[every.classes[rows[0]]].append(tube)
    return tubes


def _ranks(classes: IntArray) -> IntArray:
    """The place of each box among those of its class; classes ascend."""
    starts = np.searchsorted(classes, classes)
    return np.arange(len(classes)) - starts
