"""dnt_d2/study/part.py: a training after the one that it goes on from, its tests, and the minutes of both."""

from __future__ import annotations

import time
from typing import Any

import pytest

from dnt_d2.study import move_pass
from dnt_d2.study.commands import Workshop
from dnt_d2.study.design import NOVEL, SETS
from dnt_d2.study.part import Part, Trainings, since


def test_a_network_is_trained_after_the_one_it_goes_on_from(study_parts: dict[str, Part], done: list[Any]) -> None:
    content = study_parts["seed2_D_longer"].work()
    assert done == [("train", "seed2_D"), ("train", "seed2_D_longer"), ("pass", "seed2_D_longer")]
    assert content["results"] == {name: {"tube": {"AP50": 1.0}} for name in SETS}
    assert content["minutes"]["training"] == 1.5
    assert study_parts["seed2_DnT"].work()["results"][NOVEL] == {"tube": {"AP50": 0.0}}


def test_what_an_ablation_says_besides(
    study_parts: dict[str, Part], done: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(move_pass, "moves_of", lambda shop, training, datasets: {"moves": {training.name: datasets}})
    content = study_parts["ablation_conv3"].work()
    assert content["what"] == "conv3 alone"
    assert content["moves"] == {"ablation_conv3": (NOVEL,)}
    assert list(content["results"]) == [NOVEL]
    assert not {"what", "moves"} & study_parts["seed1_D"].work().keys()


def test_every_training_has_a_recipe(shop_of_root: Workshop) -> None:
    every = Trainings(shop_of_root)
    assert every.recipes.keys() == every.known.keys()
    assert every.part(every.known["seed1_DnT"], "core", SETS).recipe == every.recipes["seed1_DnT"]


def test_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 130.0)
    assert since(10.0) == 2.0
