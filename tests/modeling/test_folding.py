"""dnt_d2/modeling/folding.py: the copy says what the network says, and the network stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from detectron2.layers import Conv2d, FrozenBatchNorm2d
from torch import nn

from dnt_d2.modeling import DetectAndTrack, VideoStream, folded
from dnt_d2.modeling.folding import _fold, has_fixed_statistics

Make = Callable[..., Any]


@pytest.fixture
def model(small_cfg: Make, small_model: Make) -> DetectAndTrack:
    """With batch norms that shift and scale."""
    model = small_model(small_cfg(), lively=True)
    for norm in model.modules():
        if isinstance(norm, FrozenBatchNorm2d):
            for value in (norm.bias, norm.running_mean):
                value.copy_(torch.linspace(-0.2, 0.2, len(value)))
            norm.running_var.copy_(torch.linspace(0.7, 1.4, len(norm.running_var)))
    return model


def test_norms_that_depend_on_the_batch_stay() -> None:
    assert has_fixed_statistics(nn.BatchNorm2d(2))
    assert has_fixed_statistics(FrozenBatchNorm2d(2))
    of_the_batch = nn.BatchNorm2d(2, affine=False), nn.BatchNorm2d(2, track_running_stats=False)
    assert not any(has_fixed_statistics(norm) for norm in (None, nn.GroupNorm(1, 2), *of_the_batch))


@pytest.mark.parametrize("kind", [FrozenBatchNorm2d, nn.BatchNorm2d])
@pytest.mark.parametrize("bias", [True, False])
def test_one_layer(kind: type, bias: bool, device: torch.device) -> None:
    norm = kind(4).to(device).eval()
    layer = Conv2d(3, 4, 3, bias=bias, norm=norm).to(device).double()
    for value in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
        value.data = torch.rand(4).double() + 0.5
    x = torch.randn(2, 3, 7, 6).double()
    with torch.no_grad():
        expected = layer(x)
        _fold(layer, norm)
        assert layer.norm is None
        torch.testing.assert_close(layer(x), expected, atol=1e-9, rtol=0)


def test_a_video_through_the_copy(model: DetectAndTrack, make_video: Make) -> None:
    model.train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    copied = folded(model)
    assert model.training
    assert not copied.training
    assert not any(isinstance(layer, FrozenBatchNorm2d) for layer in copied.modules())
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])
    video = make_video(0, 3)
    for ours, theirs in zip(VideoStream(copied)(video), VideoStream(model.eval())(video), strict=True):
        assert len(ours["instances"]) == len(theirs["instances"]) > 0
        for name in ("link_candidates", "tracklets"):
            for (_, a), (_, b) in zip(
                sorted(ours[name].get_fields().items()), sorted(theirs[name].get_fields().items()), strict=True
            ):
                a, b = (x if isinstance(x, torch.Tensor) else x.tensor for x in (a, b))
                torch.testing.assert_close(a, b, atol=2e-2, rtol=1e-3)  # pixels, and scores


def test_half_precision_is_cast_once(small_cfg: Make, small_model: Make, make_video: Make) -> None:
    half = small_model(small_cfg("TEST.PRECISION", "bfloat16"), lively=True)
    copied = folded(half)
    convolutions = [layer for layer in copied.modules() if isinstance(layer, nn.Conv2d)]
    assert {layer.weight.dtype for layer in convolutions} == {torch.bfloat16}
    for x in make_video(0, 2):
        (found,), (expected,) = copied([x]), half([x])
        assert found["instances"].scores.dtype == torch.float32
        torch.testing.assert_close(found["instances"].scores[:3], expected["instances"].scores[:3], atol=0.1, rtol=0)
