"""dnt_d2/study/bank.py: exact against the evaluation, on the data as it is and with videos really copied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dnt_d2.evaluation.content import build_content
from dnt_d2.evaluation.ground_truth import VideoTruth
from dnt_d2.evaluation.plan import Plan
from dnt_d2.evaluation.run_scoring import score_detections
from dnt_d2.formats.results import Detections, FrameList
from dnt_d2.study.bank import build_bank, resampled_means

if TYPE_CHECKING:
    from conftest import Toy

MakeToy = Callable[..., "Toy"]


def reported(toy: Toy) -> float:
    """What a report says."""
    return build_content(toy.plan, toy.scores, {})["AP50"]["frame"]["mean"]


def means(toy: Toy, weights: Sequence[Sequence[int]]) -> list[float]:
    return resampled_means(build_bank(toy.scores, "frame", toy.truth), np.array(weights)).tolist()


def test_no_videos(make_toy: MakeToy) -> None:
    bank = build_bank([], "frame", make_toy([1]).truth)
    assert (bank.videos, bank.classes) == ([], [])
    assert np.isnan(resampled_means(bank, np.zeros((3, 0), dtype=int))).tolist() == [True] * 3


def test_no_resamples(make_toy: MakeToy) -> None:
    assert means(make_toy([1, 1]), np.zeros((0, 2), dtype=int)) == []


def test_no_detections(make_toy: MakeToy) -> None:
    toy = make_toy([1, 1])
    empty = score_detections(toy.plan, Detections.of([], [], [], []))
    weights = np.array([[1, 1], [0, 2], [0, 0]])
    np.testing.assert_array_equal(resampled_means(build_bank(empty, "frame", toy.truth), weights), [0, 0, np.nan])


def test_as_it_is_a_report_has_it(make_toy: MakeToy) -> None:
    toy = make_toy([1] * 8)
    assert 20 < reported(toy) < 80
    assert means(toy, [[1] * 8]) == [reported(toy)]  # to the last bit


def test_copies_count_as_if_they_were_there(make_toy: MakeToy) -> None:
    toy = make_toy([1] * 6)
    weights = np.random.default_rng(0).multinomial(6, np.full(6, 1 / 6), size=40)
    copied = [reported(make_toy(row)) for row in weights.tolist()]
    assert means(toy, weights) == copied
    assert len(set(copied)) > 30
    # Of ties, too: there are some in which a hit stands between the misses of its own video.
    ties = [(of.tied > 0) & (of.ties > of.tied) for of in build_bank(toy.scores, "frame", toy.truth).classes]
    assert np.concatenate(ties).any()


def test_a_class_of_one_video_leaves_with_it(make_toy: MakeToy) -> None:
    toy = make_toy([1, 1, 1])
    bank = build_bank(toy.scores, "frame", toy.truth)
    assert bank.num_gt.tolist() == [[3, 0, 0, 0], [4, 3, 3, 0], [6, 0, 0, 0]]
    without = replace(bank, classes=bank.classes[:1])
    weights = np.array([[2, 0, 1]])
    assert resampled_means(bank, weights) == resampled_means(without, weights)  # the mean of one class, not of three
    assert resampled_means(bank, weights) == reported(make_toy([2, 0, 1]))


def test_the_order_of_scores_does_not_matter(make_toy: MakeToy) -> None:
    toy = make_toy([1] * 5)
    weights = np.array([[0, 3, 1, 0, 1], [1, 1, 1, 1, 1]])
    turned = build_bank(toy.scores[::-1], "frame", toy.truth)
    assert turned.videos == [0, 10, 20, 30, 40]
    assert resampled_means(turned, weights).tolist() == means(toy, weights)


def test_float32_and_float64_scores() -> None:
    """Saved runs have float32 for single frames; scores that differ in float64 alone are no tie."""
    dicts = [
        {"file_name": str(v), "video_id": v, "frame_index": 0, "image_id": v, "width": 99, "height": 99} for v in (0, 1)
    ]
    note = {"bbox": [0, 0, 39, 39], "category_id": 0, "instance_id": 0}
    truth = VideoTruth.of([{**frame, "annotations": [note]} for frame in dicts], 1)
    plan = Plan("two", truth, FrameList.of(dicts, ["a", "b"], ["thing"]))
    boxes = [[60, 60, 90, 90], [0, 0, 39, 39], [0, 0, 39, 39]]
    found = Detections.of([0, 0, 1], [0, 0, 0], boxes, [0.5 - 1e-12, 0.5, 0.4])
    exact = build_bank(score_detections(plan, found), "frame", truth)
    tied = build_bank(score_detections(plan, replace(found, scores=found.scores.astype(np.float32))), "frame", truth)
    weights = np.array([[2, 0]])
    assert resampled_means(exact, weights) == 100  # hit hit miss miss
    assert resampled_means(tied, weights) == 50  # miss hit miss hit: video by video


def test_what_can_not_be(make_toy: MakeToy) -> None:
    toy = make_toy([1, 1])
    with pytest.raises(ValueError, match="video 10 is there twice; give one score for each video"):
        build_bank([*toy.scores, toy.scores[1]], "frame", toy.truth)
    with pytest.raises(ValueError, match="video 0 has no results 'tube', only frame; link it so"):
        build_bank(toy.scores, "tube", toy.truth)
    with pytest.raises(ValueError, match=r"weights of 2 videos must be \(B, 2\), got \(2,\)"):
        resampled_means(build_bank(toy.scores, "frame", toy.truth), np.array([1, 1]))
    for wrong in ([[0.5, 1.5]], [[-1, 2]]):
        with pytest.raises(ValueError, match="give whole numbers, 0 or more"):
            means(toy, wrong)
