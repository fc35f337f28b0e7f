"""dnt_d2/study/bootstrap.py: intervals against resampling by hand; a planted difference is found, a null isn't."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dnt_d2.evaluation.content import build_content
from dnt_d2.evaluation.run_scoring import score_detections
from dnt_d2.formats.results import Detections
from dnt_d2.study.bank import Bank, build_bank, resampled_means
from dnt_d2.study.bootstrap import Resampled, compare, paired, resample

if TYPE_CHECKING:
    from conftest import Toy

MakeToy = Callable[..., "Toy"]
VIDEOS = 12


def bank_of(make_toy: MakeToy, quality: float, seed: int) -> Bank:
    toy = make_toy([1] * VIDEOS, quality, seed)
    return build_bank(toy.scores, "frame", toy.truth)


@pytest.fixture(scope="module")
def better(make_toy: MakeToy) -> list[Bank]:
    return [bank_of(make_toy, 0.85, seed) for seed in range(3)]


@pytest.fixture(scope="module")
def worse(make_toy: MakeToy) -> list[Bank]:
    return [bank_of(make_toy, 0.35, seed) for seed in range(3, 6)]


def test_no_videos_can_not_be_resampled(make_toy: MakeToy, better: list[Bank]) -> None:
    none = build_bank([], "frame", make_toy([1]).truth)
    with pytest.raises(ValueError, match="0 videos can't be resampled 2000 times: both must be 1 or more"):
        paired([none], [none])
    with pytest.raises(ValueError, match="12 videos can't be resampled 0 times"):
        resample(better[0], resamples=0)


def test_no_detections_are_worse_than_some(make_toy: MakeToy, better: list[Bank]) -> None:
    toy = make_toy([1] * VIDEOS)
    empty = build_bank(score_detections(toy.plan, Detections.of([], [], [], [])), "frame", toy.truth)
    found = paired([empty], better[:1], resamples=50).seeds[0]
    assert (found.a, found.p) == (0, 1)
    assert found.low <= found.difference <= found.high < -30


def test_no_objects_no_numbers() -> None:
    nothing = Bank([3], np.zeros((1, 2), dtype=np.int64), [])
    found = paired([nothing], [nothing], resamples=5).together
    assert np.isnan([found.a, found.difference, found.low, found.high, found.p]).all()


def test_resamples_without_objects_are_left_out(make_toy: MakeToy) -> None:
    """Of two videos only one has objects of the class: it is missing from a quarter of the resamples."""
    toy = make_toy([1, 1])
    bank = build_bank(toy.scores, "frame", toy.truth)
    part = replace(bank, classes=bank.classes[1:2])
    drawn = resample(part, resamples=400)
    assert 0.15 < np.isnan(drawn.means).mean() < 0.35
    halved = Resampled(drawn.value - 1, drawn.means - 1)
    found = compare([drawn], [halved], videos=2, seed=0).together
    np.testing.assert_allclose([found.difference, found.low, found.high, found.p], [1, 1, 1, 0])


def test_the_values_are_those_of_reports(make_toy: MakeToy, better: list[Bank]) -> None:
    toy = make_toy([1] * VIDEOS, 0.85, 0)
    reported = build_content(toy.plan, toy.scores, {})["AP50"]["frame"]["mean"]
    assert paired(better, better, resamples=1).seeds[0].a == reported


def test_against_resampling_by_hand(better: list[Bank], worse: list[Bank]) -> None:
    found = paired(better, worse, resamples=60, seed=5)
    assert (found.videos, found.resamples, found.seed) == (VIDEOS, 60, 5)
    draws = np.random.default_rng(5).multinomial(VIDEOS, np.full(VIDEOS, 1 / VIDEOS), size=60)
    spread = []
    for a, b, of_seed in zip(better, worse, found.seeds, strict=True):
        differences = sorted(float(resampled_means(a, [w])[0] - resampled_means(b, [w])[0]) for w in draws)
        assert differences[1] <= of_seed.low <= differences[2]  # 2.5% of 60 is 1.5
        assert differences[57] <= of_seed.high <= differences[58]
        assert of_seed.p == sum(d <= 0 for d in differences) / 60
        assert of_seed.difference == of_seed.a - of_seed.b
        spread.append(resampled_means(a, draws) - resampled_means(b, draws))
    np.testing.assert_allclose(
        [found.together.low, found.together.high], np.percentile(np.mean(spread, axis=0), [2.5, 97.5])
    )
    np.testing.assert_allclose(found.together.difference, np.mean([one.difference for one in found.seeds]))


def test_a_planted_difference_is_found(better: list[Bank], worse: list[Bank]) -> None:
    found = paired(better, worse, resamples=300)
    for one in (*found.seeds, found.together, found.seeds_drawn):
        assert one.difference > 10
        assert 0 < one.low < one.difference < one.high
        assert one.p < 0.01
    turned = paired(worse, better, resamples=300)
    for one, other in zip(found.seeds, turned.seeds, strict=True):
        np.testing.assert_allclose([other.low, other.high], [-one.high, -one.low])
        assert other.p == 1 - one.p


def test_a_null_is_not_found(make_toy: MakeToy) -> None:
    """Of pairs that are equally good, about 1 in 20 intervals excludes 0. With the class that all videos have alone."""
    banks = [bank_of(make_toy, 0.6, seed) for seed in range(100, 132)]
    banks = [replace(bank, classes=bank.classes[:1]) for bank in banks]
    found = [paired([a], [b], resamples=100).seeds[0] for a, b in zip(banks[::2], banks[1::2], strict=True)]
    wrong = sum(not one.low <= 0 <= one.high for one in found)
    assert wrong <= 3  # of 16: more happen once in 100 times at 1 in 20
    assert 0.25 < np.mean([one.p for one in found]) < 0.75


def test_a_result_is_not_better_than_itself(better: list[Bank]) -> None:
    for one in paired(better, better, resamples=50).seeds:
        assert (one.difference, one.low, one.high, one.p) == (0, 0, 0, 1)


def test_seeds_that_differ_widen_what_draws_them(better: list[Bank], worse: list[Bank]) -> None:
    found = paired([better[0], worse[0], better[1]], [worse[0], better[0], worse[1]], resamples=300)
    drawn, fixed = found.seeds_drawn, found.together
    assert drawn.difference == fixed.difference
    assert drawn.high - drawn.low > 1.5 * (fixed.high - fixed.low)
    alone = paired(better[:1], worse[:1], resamples=50)
    assert alone.seeds_drawn == alone.together == alone.seeds[0]


def test_the_same_seed_the_same_numbers(better: list[Bank], worse: list[Bank]) -> None:
    assert paired(better, worse, resamples=50, seed=1) == paired(better, worse, resamples=50, seed=1)
    assert paired(better, worse, resamples=50, seed=1) != paired(better, worse, resamples=50, seed=2)


def test_what_can_not_be_paired(make_toy: MakeToy, better: list[Bank]) -> None:
    with pytest.raises(ValueError, match="0 and 0 results can't be paired"):
        paired([], [])
    with pytest.raises(ValueError, match="3 and 2 results can't be paired; give one of each for every seed"):
        paired(better, better[:2])
    other = make_toy([1, 1])
    fewer = build_bank(other.scores, "frame", other.truth)
    with pytest.raises(ValueError, match=r"of videos \[0, 10\] and of \[0, 10, 20, .* evaluate the same ones"):
        paired(better[:1], [fewer])
    changed = replace(better[0], num_gt=better[0].num_gt + 1)
    with pytest.raises(ValueError, match="the same videos have other objects: were the results judged in other frames"):
        paired(better[:1], [changed])
