"""dnt_d2/study/claims.py: what is compared with what, and what it says."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dnt_d2.evaluation.ground_truth import VideoTruth
from dnt_d2.evaluation.scoring import VideoScore
from dnt_d2.study.bank import build_bank, gather
from dnt_d2.study.bootstrap import paired
from dnt_d2.study.claims import CLAIMS, Claim, Scores, Side, judge_claims
from dnt_d2.study.swaps import swap_bank, swap_test

if TYPE_CHECKING:
    from conftest import Toy

MakeToy = Callable[..., "Toy"]
VIDEOS = 12
# How often each kind of result finds an object.
QUALITY = {
    "D": {"frame": 0.3, "tube_psi0": 0.3, "tube": 0.3},
    "D longer": {"frame": 0.3, "tube_psi0": 0.6, "tube": 0.6},
    "D&T": {"frame": 0.3, "tube_psi0": 0.6, "tube": 1.0},
}


def scores_of(make_toy: MakeToy, qualities: dict[str, float], seed: int) -> list[VideoScore]:
    """One model, one seed: each kind is the single frames of another toy."""
    toys = {kind: make_toy([1] * VIDEOS, q, seed).scores for kind, q in qualities.items()}
    first = next(iter(toys.values()))
    return [replace(s, kinds={kind: of[i].kinds["frame"] for kind, of in toys.items()}) for i, s in enumerate(first)]


@pytest.fixture(scope="module")
def scores(make_toy: MakeToy) -> Scores:
    """Of two seeds. A better result finds what a worse one of the same seed finds, and more."""
    return {model: [scores_of(make_toy, kinds, seed) for seed in range(2)] for model, kinds in QUALITY.items()}


def test_no_models_no_results(make_toy: MakeToy) -> None:
    assert judge_claims({}, make_toy([1]).truth) == []


def test_without_a_model_its_claims_are_left_out(make_toy: MakeToy, scores: Scores) -> None:
    found = judge_claims({"D&T": scores["D&T"]}, make_toy([1] * VIDEOS).truth, resamples=2)
    assert [result["name"] for result in found] == ["re-scoring", "tracking alone"]


def test_every_claim_is_about_other_things() -> None:
    assert len({claim.name for claim in CLAIMS}) == len({(claim.a, claim.b) for claim in CLAIMS}) == len(CLAIMS)
    assert {side.kind for claim in CLAIMS for side in (claim.a, claim.b)} == {"frame", "tube_psi0", "tube"}


def test_what_holds(make_toy: MakeToy, scores: Scores) -> None:
    found = {result["name"]: result for result in judge_claims(scores, make_toy([1] * VIDEOS).truth, resamples=80)}
    assert {name: result["holds"] for name, result in found.items()} == {
        "tracking loss": False,  # they are equal
        "re-scoring": True,
        "re-scoring of D longer": True,
        "tracking": True,
        "tracking alone": True,
        "predicted motion": True,
        "predicted motion, trained as long": True,
    }
    assert found["tracking loss"]["together"]["difference"] == 0
    assert found["tracking loss"]["chance"]["together"] == 1
    assert found["tracking"]["chance"]["together"] < 0.05


def test_the_numbers_are_those_of_the_bootstrap(make_toy: MakeToy, scores: Scores) -> None:
    truth = make_toy([1] * VIDEOS).truth
    result = judge_claims(scores, truth, resamples=50, seed=3)[3]
    assert (result["a"], result["b"]) == (
        {"model": "D&T", "kind": "tube"},
        {"model": "D longer", "kind": "tube_psi0"},
    )
    sides = ([build_bank(s, side["kind"], truth) for s in scores[side["model"]]] for side in (result["a"], result["b"]))
    expected = paired(*sides, resamples=50, seed=3)
    assert result["seeds"] == [vars(one) for one in expected.seeds]
    assert result["together"] == vars(expected.together)
    assert result["seeds_drawn"] == vars(expected.seeds_drawn)
    both = [
        swap_bank(gather(good, "tube", truth), gather(bad, "tube_psi0", truth), truth)
        for good, bad in zip(scores["D&T"], scores["D longer"], strict=True)
    ]
    assert result["chance"] == vars(swap_test(both, swaps=50, seed=3))
    assert (result["videos"], result["resamples"], result["seed"]) == (VIDEOS, 50, 3)
    assert json.loads(json.dumps(result)) == result


def test_one_seed_that_fails_is_enough_to_fail(make_toy: MakeToy, scores: Scores) -> None:
    truth = make_toy([1] * VIDEOS).truth
    claim = Claim("planted", "Planted.", Side("good", "tube"), Side("bad", "frame"))
    good, bad = scores["D&T"], scores["D&T"]
    assert judge_claims({"good": good, "bad": bad}, truth, claims=[claim], resamples=100)[0]["holds"]
    flat = [replace(score, kinds={**score.kinds, "tube": score.kinds["frame"]}) for score in good[1]]
    assert not judge_claims({"good": [good[0], flat], "bad": bad}, truth, claims=[claim], resamples=100)[0]["holds"]


def test_what_can_not_be_compared(make_toy: MakeToy, scores: Scores) -> None:
    truth = make_toy([1] * VIDEOS).truth
    with pytest.raises(ValueError, match="D&T frame against D longer frame: 2 and 1 results can't be paired"):
        judge_claims({**scores, "D longer": scores["D longer"][:1]}, truth)
    with pytest.raises(ValueError, match=r"D&T tube against D tube: results of videos \[10, .* the same ones"):
        judge_claims({**scores, "D": [scores["D"][0], scores["D"][1][1:]]}, truth)
    frames_only = [replace(score, kinds={"frame": score.kinds["frame"]}) for score in scores["D&T"][1]]
    with pytest.raises(ValueError, match="D&T, seed 2: video 0 has no results 'tube_psi0', only frame; link it so"):
        judge_claims({"D&T": [scores["D&T"][0], frames_only]}, truth)
    with pytest.raises(ValueError, match="0 and 0 results can't be paired"):
        judge_claims({"D&T": []}, truth)


def test_no_objects_nothing_holds(make_toy: MakeToy, scores: Scores) -> None:
    columns = make_toy([1] * VIDEOS).truth.arrays()
    objects = {name: columns[name][:0] for name in ("frames", "boxes", "classes", "tracks")}
    nothing = VideoTruth(num_classes=4, **{**columns, **objects})
    found = judge_claims({"D&T": scores["D&T"]}, nothing, resamples=5)
    assert not any(result["holds"] for result in found)
    assert np.isnan(found[0]["together"]["difference"])
