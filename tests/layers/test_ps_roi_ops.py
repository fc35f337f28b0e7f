"""dnt_d2/layers/ps_roi_ops.py: what compilers are told about the operators is true, and the choice of the path."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
import torch

from dnt_d2.layers import PSRoIPool, ps_roi_ops
from dnt_d2.layers.ps_roi_ops import _fused_path, _triton_path

MAPS, ROIS = torch.randn(2, 8, 5, 6), torch.tensor([[0, 3, 4, 50, 60], [1, 0, 0, 95, 79.0]])


@pytest.fixture(autouse=True)
def fresh_choice() -> Iterator[None]:
    _triton_path.cache_clear()
    yield
    _triton_path.cache_clear()


def tensor_like(dtype: torch.dtype, *, is_cuda: bool = True) -> torch.Tensor:
    """What the choice sees of a tensor."""
    return SimpleNamespace(dtype=dtype, is_cuda=is_cuda)  # type: ignore[return-value]


@pytest.mark.parametrize("rois", [ROIS, ROIS[:0]])
def test_shapes_and_dtypes(rois: torch.Tensor) -> None:
    maps = MAPS.bfloat16()
    out, said = (
        torch.ops.dnt_d2.ps_roi_pool(m, r, 2, 1 / 16) for m, r in [(maps, rois), (maps.to("meta"), rois.to("meta"))]
    )
    assert (out.shape, out.dtype, out.is_contiguous()) == (said.shape, said.dtype, True)
    arguments = list(maps.shape), maps.dtype, 2, 1 / 16
    back = [torch.ops.dnt_d2.ps_roi_pool_backward(x, r, *arguments) for x, r in [(out, rois), (said, rois.to("meta"))]]
    assert (back[0].shape, back[0].dtype, back[0].is_contiguous()) == (back[1].shape, back[1].dtype, True)


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_compiled_as_one_graph(backend: str) -> None:
    torch.compiler.reset()
    maps, expected_maps = (MAPS.clone().to(ROIS.device).requires_grad_() for _ in range(2))
    layer = PSRoIPool(2, 1 / 16)
    out, expected = torch.compile(layer, backend=backend)(maps, ROIS), layer(expected_maps, ROIS)
    torch.testing.assert_close(out, expected)
    out.square().sum().backward()
    expected.square().sum().backward()
    torch.testing.assert_close(maps.grad, expected_maps.grad)


def test_triton_is_for_cuda_and_dtypes_up_to_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    fused = SimpleNamespace(DTYPES=(torch.float32, torch.float16))
    monkeypatch.setattr(ps_roi_ops, "_triton_path", lambda: fused)
    single, half, double = tensor_like(torch.float32), tensor_like(torch.float16), tensor_like(torch.float64)
    assert _fused_path(half) is fused
    assert _fused_path(half, single) is fused
    assert _fused_path(double) is None
    assert _fused_path(single, double) is None
    assert _fused_path(tensor_like(torch.float16, is_cuda=False)) is None


def test_where_the_same_bits_are_demanded_nothing_is_added_by_atomics(monkeypatch: pytest.MonkeyPatch) -> None:
    fused = SimpleNamespace(pool=Mock(), spread=Mock())
    monkeypatch.setattr(ps_roi_ops, "_fused_path", lambda *_: fused)
    grad = MAPS.new_ones(2, 2, 2, 2)
    arguments = grad, ROIS, MAPS.shape, MAPS.dtype, 2, 1 / 16
    ps_roi_ops.pool_backward(*arguments)
    assert fused.spread.call_count == 1
    monkeypatch.setattr(torch, "are_deterministic_algorithms_enabled", lambda: True)
    ps_roi_ops.pool_backward(*arguments)
    assert fused.spread.call_count == 1
    ps_roi_ops.pool(MAPS, ROIS, 2, 1 / 16)
    assert fused.pool.call_count == 1


def test_triton_can_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DNT_D2_TRITON", "0")
    assert _triton_path() is None
    assert _fused_path(tensor_like(torch.float32)) is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_both_paths_agree_on_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    maps, rois = torch.randn(2, 3 * 49, 9, 11, device="cuda"), ROIS.to("cuda").repeat(20, 1)
    weights = torch.randn(40, 3, 7, 7, device="cuda")
    arguments = weights, rois, maps.shape, maps.dtype, 7, 1 / 16
    fused = ps_roi_ops.pool(maps, rois, 7, 1 / 16), ps_roi_ops.pool_backward(*arguments)
    monkeypatch.setattr(ps_roi_ops, "_triton_path", lambda: None)
    plain = ps_roi_ops.pool(maps, rois, 7, 1 / 16), ps_roi_ops.pool_backward(*arguments)
    for ours, theirs in zip(fused, plain, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
