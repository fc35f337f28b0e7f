"""Boxes that were moved: joined and chosen."""

from __future__ import annotations

import numpy as np

from dnt_d2.study.moves import METHODS, Moves, join_moves


def some(video: int, displacement: list[float]) -> Moves:
    count = len(displacement)
    ints, zeros = np.zeros(count, np.int64), np.zeros(count)
    values = np.arange(3.0 * count).reshape(count, 3)
    return Moves(ints + video, ints, ints + 1, np.array(displacement), zeros, zeros > 0, values, values)


def test_without_parts_there_are_no_boxes() -> None:
    nothing = join_moves([])
    assert len(nothing) == 0
    assert nothing.iou.shape == nothing.off.shape == (0, len(METHODS))
    assert nothing.video.dtype == nothing.tau.dtype == np.int64
    assert nothing.hidden.dtype == bool
    assert len(nothing.take(nothing.displacement > 4)) == 0


def test_boxes_are_joined_and_chosen() -> None:
    both = join_moves([some(0, [1, 5]), join_moves([]), some(3, [9])])
    assert both.video.tolist() == [0, 0, 3]
    assert both.video.dtype == np.int64
    chosen = both.take(both.displacement > 4)
    assert chosen.displacement.tolist() == [5, 9]
    assert chosen.iou.tolist() == [[3, 4, 5], [0, 1, 2]]
    assert both.take(np.array([2])).video.tolist() == [3]
