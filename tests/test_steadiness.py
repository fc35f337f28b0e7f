"""A track is shown from the score to half of it."""

from __future__ import annotations

import numpy as np

from dnt_d2.steadiness import shown_steadily


def test_no_tracks() -> None:
    assert shown_steadily([], [], 0.5, {1}).tolist() == []


def test_two_limits() -> None:
    ids, scores = [1, 2, 3, 4, 5, 6], [0.5, 0.49, 0.5, 0.25, 0.24, 0.25]
    assert shown_steadily(ids, scores, 0.5, {3, 4, 5}).tolist() == [True, False, True, True, False, False]
    assert shown_steadily(ids, scores, 0.5, ()).tolist() == [True, False, True, False, False, False]
    assert shown_steadily(ids, np.zeros(6), 0.0, {1}).all()
