"""dnt_d2/study/pulls.py: gradients are those of training, and what is said of them is what they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from detectron2.utils.events import EventStorage

from dnt_d2.study.pulls import TRACKING, measure_pulls, shared_weights, summarise_pulls

Make = Callable[..., Any]


def test_what_shares_nothing_is_refused(small_cfg: Make, small_model: Make, make_pair: Make) -> None:
    model = small_model(lively=True)
    with pytest.raises(ValueError, match="in testing mode"):
        measure_pulls(model, [[make_pair()]], seed=0)
    with pytest.raises(ValueError, match="no batches"):
        measure_pulls(model.train(), [], seed=0)
    d = small_model(small_cfg("MODEL.TRACK_HEAD.NAME", ""))
    with pytest.raises(ValueError, match=r"no track head \(D\)"):
        measure_pulls(d.train(), [], seed=0)


def test_frozen_weights_are_not_shared(small_model: Make) -> None:
    model = small_model()
    assert list(shared_weights(model)) == ["trunk", "reduction", "box maps"]
    assert all(weight.requires_grad for of in shared_weights(model).values() for weight in of)
    model.backbone.requires_grad_(False)
    assert list(shared_weights(model)) == ["reduction", "box maps"]


def test_gradients_are_those_of_training(small_model: Make, make_pair: Make) -> None:
    model, batch = small_model(lively=True).train(), [make_pair(), make_pair(move=(4, 10))]
    found = measure_pulls(model, [batch], seed=7)
    assert all(weight.grad is None for weight in model.parameters())
    torch.manual_seed(7)
    with EventStorage():
        losses = model(batch)
    losses[TRACKING].backward()
    expected = torch.cat([weight.grad.flatten() for weight in model.roi_heads.box_conv.parameters()])
    assert found["box maps"]["tracking"] == pytest.approx(float(expected.norm()), rel=1e-4)
    assert found["all"]["tracking"] > found["box maps"]["tracking"] > 0
    assert -1 <= found["all"]["cosine"] <= 1
    assert found["all"]["batches"] == 1


def test_what_weighs_nothing_pulls_at_nothing(small_cfg: Make, small_model: Make, make_pair: Make) -> None:
    model = small_model(small_cfg("MODEL.TRACK_HEAD.LOSS_WEIGHT", 0.0), lively=True).train()
    found = measure_pulls(model, [[make_pair()]], seed=0)["all"]
    assert (found["tracking"], found["ratio"], found["cosine"]) == (0, 0, 0)
    assert found["detection"] > 0


def test_a_heavier_loss_pulls_as_much_harder(small_cfg: Make, small_model: Make, make_pair: Make) -> None:
    one, four = (
        measure_pulls(
            small_model(small_cfg("MODEL.TRACK_HEAD.LOSS_WEIGHT", weight), lively=True).train(),
            [[make_pair()]],
            seed=0,
        )["trunk"]
        for weight in (1.0, 4.0)
    )
    assert four["ratio"] == pytest.approx(4 * one["ratio"], rel=1e-4)
    assert four["cosine"] == pytest.approx(one["cosine"], abs=1e-4)


def test_known_gradients() -> None:
    along, across = torch.tensor([3.0, 0.0]), torch.tensor([0.0, 1.0])
    found = summarise_pulls([(along, 2 * along), (along, across)])
    assert found["detection"] == 3
    assert found["tracking"] == pytest.approx((37 / 2) ** 0.5)
    assert (found["cosine"], found["deviation"]) == (0.5, 0.5)
    assert found["steady_ratio"] == pytest.approx(37**0.5 / 6)
    assert found["steady_cosine"] == pytest.approx(6 / 37**0.5)


def test_noise_is_averaged_out() -> None:
    steady, noise = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 10.0])
    found = summarise_pulls([(steady, steady + noise), (steady, steady - noise)])
    assert found["ratio"] > 10
    assert (found["steady_ratio"], found["steady_cosine"]) == (1, 1)
