"""dnt_d2/study/reason_parts.py: which networks each part asks, and in what form the answers come."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from dnt_d2.study import pull_pass
from dnt_d2.study import reason_parts as module
from dnt_d2.study.claims import judge_claims
from dnt_d2.study.design import NOVEL, SEEDS, SEEN, SETS
from dnt_d2.study.loss_claims import MODELS, frame_scores, loss_claims
from dnt_d2.study.motion_worth import MOTIONS
from dnt_d2.study.part import Part
from dnt_d2.study.reason_parts import OTHER_FRAMES
from dnt_d2.study.results import FAR_PAIRS, REASON_TRAININGS, REASONS


def test_the_group_stands_last(study_parts: dict[str, Part]) -> None:
    assert tuple(name for name, part in study_parts.items() if part.group == "reasons") == REASONS
    assert tuple(study_parts)[-len(REASONS) :] == REASONS


def test_every_seed_is_measured(study_parts: dict[str, Part], done: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull_pass, "pulls_of", lambda shop, training: {"model_final": training.name})
    content = study_parts["pulls"].work()
    assert content["pulls"] == {str(seed): {"model_final": f"seed{seed}_DnT"} for seed in SEEDS}
    assert content["minutes"].keys() == {"evaluation"}


def test_motions_of_both_sets_and_of_every_tenth_frame(
    study_parts: dict[str, Part], done: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "compare_motions", lambda run: dict.fromkeys(MOTIONS, 1.0))
    found = study_parts["motion"].work()["motion"]
    assert {dataset: list(of) for dataset, of in found.items()} == {NOVEL: ["1", "10"], SEEN: ["1", "10"]}
    assert all(list(seeds) == ["1", "2", "3"] for of in found.values() for seeds in of.values())
    assert done[:2] == [("pass", "seed1_DnT"), ("pass", "seed1_DnT", "tau_10")]


def test_alpha_on_both_sets(study_parts: dict[str, Part], done: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "compare_alphas", lambda run: {"single frames": 1.0, "alpha": {"0.5": 2.0}})
    found = study_parts["alpha"].work()["alpha"]
    assert {dataset: list(seeds) for dataset, seeds in found.items()} == {name: ["1", "2", "3"] for name in SETS}
    assert [name for _, name in done] == [f"seed{seed}_DnT" for seed in SEEDS]


def test_far_pairs_are_trained_and_tested_at_both_strides(
    study_parts: dict[str, Part], done: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "compare_motions", lambda run: dict.fromkeys(MOTIONS, 1.0))
    monkeypatch.setattr(module, "moved", lambda shop, training, datasets: {"moves": {name: {} for name in datasets}})
    content = study_parts[FAR_PAIRS].work()
    assert (list(content["motion"]), list(content["moves"])) == (["1", "10"], [NOVEL])
    assert content["minutes"].keys() == {"training", "evaluation"}
    assert done == [
        *(("train", "seed1_D"), ("train", FAR_PAIRS)),
        *(("pass", FAR_PAIRS), ("pass", FAR_PAIRS, "tau_10")),
    ]


def test_the_other_set_in_the_variants(study_parts: dict[str, Part], done: list[Any]) -> None:
    content = study_parts["other_frames"].work()
    assert content["dataset"] == SEEN
    assert {seed: list(of) for seed, of in content["results"].items()} == {key: list(OTHER_FRAMES) for key in "123"}
    assert done[:3] == [("pass", "seed1_DnT", name) for name in OTHER_FRAMES]


def test_claims_about_the_loss_are_judged_on_both_sets(
    study_parts: dict[str, Part], done: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "frame_scores", partial(frame_scores, workers=1))
    monkeypatch.setattr(module, "judge_claims", partial(judge_claims, resamples=20))
    found = study_parts["loss"].work()["claims"]
    assert list(found) == list(SETS)
    assert [claim["name"] for claim in found[NOVEL]] == [claim.name for claim in loss_claims()]
    assert all(claim["together"]["difference"] == 0 for claim in found[SEEN])  # every run is the same one
    asked = {name for _, name in done}
    assert asked == {training.name for of in MODELS.values() for training in of} >= set(REASON_TRAININGS)
