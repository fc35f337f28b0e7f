"""dnt_d2/modeling/caffe_heads.py: boxes that count their last pixel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from detectron2.config import CfgNode
from detectron2.modeling.box_regression import Box2BoxTransform

from dnt_d2.modeling import CaffeRFCNHeads, CaffeTrackHead, InclusiveBoxTransform

WEIGHTS = [(1.0, 1.0, 1.0, 1.0), (10.0, 10.0, 5.0, 5.0)]


def _boxes(count: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    corner = 200 * torch.rand(count, 2, generator=generator)
    return torch.cat([corner, corner + 1 + 80 * torch.rand(count, 2, generator=generator)], dim=1)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_no_boxes(weights: tuple[float, float, float, float]) -> None:
    transform, none = InclusiveBoxTransform(weights), torch.zeros(0, 4)
    assert transform.get_deltas(none, none).shape == transform.apply_deltas(none, none).shape == (0, 4)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_deltas_by_hand(weights: tuple[float, float, float, float]) -> None:
    transform = InclusiveBoxTransform(weights)
    source, target = torch.tensor([[10.0, 20, 19, 39]]), torch.tensor([[15.0, 16, 34, 35]])
    # 10 x 20 pixels around (14.5, 29.5), 20 x 20 pixels around (24.5, 25.5).
    expected = torch.tensor([[1.0, -0.2, torch.log(torch.tensor(2.0)), 0.0]]) * torch.tensor(weights)
    torch.testing.assert_close(transform.get_deltas(source, target), expected)
    torch.testing.assert_close(transform.apply_deltas(expected, source), target)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_there_and_back(weights: tuple[float, float, float, float]) -> None:
    transform, source, target = InclusiveBoxTransform(weights), _boxes(50, 0), _boxes(50, 1)
    moved = transform.apply_deltas(transform.get_deltas(source, target), source)
    torch.testing.assert_close(moved, target, rtol=0, atol=1e-3)


def test_how_far_detectron2s_transform_is_off() -> None:
    """By fractions of a pixel that depend on the deltas alone, not on the box."""
    deltas = 0.2 * torch.randn(50, 4, generator=torch.Generator().manual_seed(2))
    ours = InclusiveBoxTransform(WEIGHTS[0]).apply_deltas(deltas, _boxes(50, 3))
    plain = Box2BoxTransform(weights=WEIGHTS[0]).apply_deltas(deltas, _boxes(50, 3))
    shift, growth = deltas[:, :2], (deltas[:, 2:].exp() - 1) / 2
    torch.testing.assert_close(ours - plain, torch.cat([shift - growth, shift + growth], dim=1), rtol=0, atol=1e-4)


@pytest.fixture
def overrides() -> list[Any]:
    return ["MODEL.ROI_HEADS.NAME", "CaffeRFCNHeads", "MODEL.TRACK_HEAD.NAME", "CaffeTrackHead"]


def test_heads_of_a_config(
    small_cfg: Callable[..., CfgNode], small_model: Callable[..., Any], overrides: list[Any]
) -> None:
    model = small_model(small_cfg(*overrides))
    assert isinstance(model.roi_heads, CaffeRFCNHeads)
    assert isinstance(model.track_head, CaffeTrackHead)
    box = torch.tensor([[0.0, 0, 9, 9]])
    # A pixel of shift is a tenth of ten pixels.
    expected = torch.tensor([[0.1, 0, 0, 0]])
    torch.testing.assert_close(model.track_head.transform.get_deltas(box, box + torch.tensor([1, 0, 1, 0])), expected)
    torch.testing.assert_close(
        model.roi_heads.box2box_transform.get_deltas(box, box + torch.tensor([1, 0, 1, 0])), 10 * expected
    )


def test_they_train(
    small_cfg: Callable[..., CfgNode],
    small_model: Callable[..., Any],
    make_pair: Callable[..., dict[str, Any]],
    overrides: list[Any],
) -> None:
    from detectron2.utils.events import EventStorage

    model = small_model(small_cfg(*overrides)).train()
    with EventStorage():
        losses = model([make_pair()])
    assert losses["loss_track"] > 0
    sum(losses.values()).backward()
    assert model.track_head.conv.weight.grad.abs().sum() > 0
