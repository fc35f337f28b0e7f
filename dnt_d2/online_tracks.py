"""Online tracks: what :class:`dnt_d2.tubes.online.OnlineLinker` says of each frame, as users get it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .frame_result import Tracked
from .steadiness import shown_steadily
from .tubes.collector import TubeSettings
from .tubes.online import OnlineLinker


class OnlineTracks:
    """Links one video frame by frame, and numbers the tracks that are shown: 1, 2, 3 ... as they first appear.

    A tube is shown from where its re-scored value reaches the trim score, see
    :func:`dnt_d2.steadiness.shown_steadily`. Most tubes never are.
    """

    def __init__(self, settings: TubeSettings, trim_score: float) -> None:
        """
        Args:
            settings: of linking.
            trim_score: in [0, 1], TUBES.TRIM_SCORE.
        """
        growth = {"patience": settings.online_patience, "youth": settings.online_youth}
        self._linker = OnlineLinker(**settings.chain, **growth)
        self._trim_score = trim_score
        self._shown: dict[int, int] = {}  # a tube's number to its track's; of tubes that are alive
        self._visible: set[int] = set()  # tubes whose last box was shown
        self._count = 0

    def step(self, boxes: NDArray[Any], scores: NDArray[Any], tracklets: NDArray[Any]) -> Tracked:
        """The tracks in the next sampled frame; see :meth:`OnlineLinker.step` for the arguments."""
        found = self._linker.step(boxes, scores, tracklets)
        confidence = found.rescored / 2
        shown = shown_steadily(found.tubes, confidence, self._trim_score, self._visible)
        self._visible = self._visible.difference(found.tubes[~shown].tolist()).union(found.tubes[shown].tolist())
        rows = np.flatnonzero(shown)
        track_ids = np.array([self._track_id(int(tube)) for tube in found.tubes[rows]], dtype=np.int64)
        alive = set(self._linker.alive.tolist())
        self._shown = {tube: track for tube, track in self._shown.items() if tube in alive}
        self._visible &= alive
        order = np.argsort(track_ids, kind="stable")
        rows = rows[order]
        return Tracked(found.boxes[rows], confidence[rows], found.scores[rows], found.classes[rows], track_ids[order])

    def _track_id(self, tube: int) -> int:
        if tube not in self._shown:
            self._count += 1
            self._shown[tube] = self._count
        return self._shown[tube]
