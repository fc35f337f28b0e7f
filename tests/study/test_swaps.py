"""dnt_d2/study/swaps.py: against results really swapped; by chance it finds what chance finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dnt_d2.evaluation.content import build_content
from dnt_d2.evaluation.run_scoring import score_detections
from dnt_d2.evaluation.scoring import VideoScore
from dnt_d2.formats.results import Detections
from dnt_d2.study.bank import Bank, gather
from dnt_d2.study.swaps import swap_bank, swap_test, swapped_differences

if TYPE_CHECKING:
    from conftest import Toy

MakeToy = Callable[..., "Toy"]


def both(a: Toy, b: Toy) -> Bank:
    return swap_bank(gather(a.scores, "frame", a.truth), gather(b.scores, "frame", b.truth), a.truth)


def reported(toy: Toy, scores: list[VideoScore]) -> float:
    return build_content(toy.plan, scores, {})["AP50"]["frame"]["mean"]


def test_nothing_to_swap(make_toy: MakeToy) -> None:
    toy = make_toy([1, 1])
    empty = replace(toy, scores=score_detections(toy.plan, Detections.of([], [], [], [])))
    assert swap_test([both(empty, empty)], swaps=5).together == 1
    with pytest.raises(ValueError, match="0 results, 5 swaps: give 1 or more of each"):
        swap_test([], swaps=5)
    with pytest.raises(ValueError, match="1 results, 0 swaps"):
        swap_test([both(toy, toy)], swaps=0)


def test_no_objects_no_probability() -> None:
    nothing = Bank([3, 3], np.zeros((2, 1), dtype=np.int64), [])
    assert np.isnan(swap_test([nothing], swaps=5).together)


def test_results_really_swapped(make_toy: MakeToy) -> None:
    """All 32 ways to swap, to the last bit: equal scores of both sides are ranked as in either."""
    a, b = make_toy([1] * 5, 0.8, 1), make_toy([1] * 5, 0.5, 2)
    marks = np.array(list(product((0, 1), repeat=5)))
    expected = []
    for row in marks:
        of_a = [y if swapped else x for x, y, swapped in zip(a.scores, b.scores, row, strict=True)]
        of_b = [x if swapped else y for x, y, swapped in zip(a.scores, b.scores, row, strict=True)]
        expected.append(reported(a, of_a) - reported(a, of_b))
    assert swapped_differences(both(a, b), marks).tolist() == expected
    exact = np.mean(np.array(expected) >= expected[0] - 1e-9)
    assert abs(swap_test([both(a, b)], swaps=2000).seeds[0] - exact) < 0.04  # drawn from these 32


def test_a_planted_difference_is_no_chance(make_toy: MakeToy) -> None:
    pairs = [(make_toy([1] * 12, 0.9, s), make_toy([1] * 12, 0.3, s + 9)) for s in range(2)]
    found = swap_test([both(a, b) for a, b in pairs], swaps=200)
    assert max(*found.seeds, found.together) < 0.05
    turned = swap_test([both(b, a) for a, b in pairs], swaps=200)
    assert min(*turned.seeds, turned.together) > 0.9


def test_chance_is_found_as_often_as_it_should(make_toy: MakeToy) -> None:
    """Even with a class in one video only, which an interval knows nothing about."""
    toys = [make_toy([1] * 6, 0.6, seed) for seed in range(200, 240)]
    found = [swap_test([both(a, b)], swaps=40).together for a, b in zip(toys[::2], toys[1::2], strict=True)]
    assert sum(p <= 0.1 for p in found) <= 5  # of 20: more happen once in 90 times at 1 in 10
    assert 0.3 < np.mean(found) < 0.7


def test_other_videos_can_not_be_swapped(make_toy: MakeToy) -> None:
    a, b = make_toy([1, 1]), make_toy([1, 0, 1])
    with pytest.raises(ValueError, match=r"videos \[0, 10\] and of \[0, 20\], or of other frames, can't be swapped"):
        both(a, b)
    with pytest.raises(ValueError, match="give 1 or more of each, all of the same videos"):
        swap_test([both(a, a), both(b, b)])
