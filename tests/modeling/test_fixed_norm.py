"""dnt_d2/modeling/fixed_norm.py: the same values and gradients as timm's own, and nothing else of a network changes."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torchvision.ops import FrozenBatchNorm2d

from dnt_d2.modeling.fixed_norm import FixedNorm, fix_batch_norms

timm = pytest.importorskip("timm")


def filled(norm: nn.Module) -> nn.Module:
    generator = torch.Generator().manual_seed(0)
    for buffer in norm.buffers():
        if buffer.is_floating_point():
            buffer.copy_(torch.rand(buffer.shape, generator=generator) + 0.5)
    return norm


@pytest.mark.parametrize("act", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_as_timm_computes_it(act: bool, dtype: torch.dtype) -> None:
    theirs = filled(timm.layers.FrozenBatchNormAct2d(5, eps=1e-3, apply_act=act, act_layer=nn.ReLU6))
    ours = FixedNorm(theirs)
    x = torch.randn(2, 5, 4, 3, dtype=dtype) * 4
    found, expected = ours(x.clone()), theirs(x.clone())
    assert found.dtype == expected.dtype == torch.float32
    torch.testing.assert_close(found, expected)


def test_as_torchvision_computes_it() -> None:
    theirs = filled(FrozenBatchNorm2d(3))
    x = torch.randn(1, 3, 2, 2)
    torch.testing.assert_close(FixedNorm(theirs)(x), theirs(x))


def test_gradients() -> None:
    theirs = filled(timm.layers.FrozenBatchNormAct2d(3, act_layer=nn.ReLU))
    ours, gradients = FixedNorm(theirs), []
    for norm in (ours, theirs):
        x = torch.linspace(-3, 3, 24).reshape(2, 3, 2, 2).requires_grad_()
        norm(x).square().sum().backward()
        gradients.append(x.grad)
    torch.testing.assert_close(*gradients)
    assert not list(ours.parameters())


def test_no_pictures() -> None:
    assert FixedNorm(filled(FrozenBatchNorm2d(3)))(torch.zeros(0, 3, 2, 2)).shape == (0, 3, 2, 2)


def test_a_whole_network() -> None:
    torch.manual_seed(0)
    network = timm.create_model("resnet10t", num_classes=3).eval()
    for norm in network.modules():
        if isinstance(norm, nn.BatchNorm2d):
            filled(norm)
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        expected, names = network(x), set(network.state_dict())
        fixed = fix_batch_norms(timm, network)
        torch.testing.assert_close(fixed(x), expected, rtol=1e-4, atol=1e-4)
    assert {name for name in names if "num_batches_tracked" not in name} == set(fixed.state_dict())
    assert not any(isinstance(m, nn.BatchNorm2d | FrozenBatchNorm2d) for m in fixed.modules())
    assert fix_batch_norms(timm, fixed) is fixed


def test_a_norm_alone_gives_way_to_another() -> None:
    fixed = fix_batch_norms(timm, nn.BatchNorm2d(4))
    assert isinstance(fixed, FixedNorm)
    assert "4, eps=1e-05" in repr(fixed)
