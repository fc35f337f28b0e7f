"""The compiled form of voting: without boxes, and that it is compiled once. Its values: test_box_voting.py."""

from __future__ import annotations

import numpy as np

from dnt_d2.tubes import link_candidates, voting_kernels


def test_no_boxes() -> None:
    voted, starts = voting_kernels.vote_classes(np.zeros((0, 4)), np.zeros((3, 0)), np.float32(0.4), 0.5, 25)
    assert voted.shape == (0, 5)
    assert starts.tolist() == [0, 0, 0, 0]


def test_it_is_compiled_once() -> None:
    rows = np.array([[0.0, 0, 9, 9, 0.5], [20, 0, 29, 9, 0.25]])
    for dtype in (np.float64, np.float32, np.int64):
        for order in ("C", "F"):
            array = np.asarray(rows, dtype=dtype, order=order)
            array.flags.writeable = False
            link_candidates([array[:, :4]], [array[:, 4:]], [[]])
    assert len(voting_kernels.vote_classes.signatures) == 1
