"""The operators: what compilers are told of them, and the choice of the path."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import torch

from dnt_d2.layers import correlation_ops, correlation_strip
from dnt_d2.layers.correlation_ops import _path, _triton_path
from dnt_d2.layers.correlation_phase import Phase


@pytest.fixture(autouse=True)
def fresh_choice() -> Iterator[None]:
    _triton_path.cache_clear()
    yield
    _triton_path.cache_clear()


def phase_like(*dtypes: torch.dtype, is_cuda: bool) -> Phase:
    """What the choice sees of a phase."""
    return Phase(*(SimpleNamespace(dtype=dtype, is_cuda=is_cuda) for dtype in dtypes), 1, 0, 0)  # type: ignore[arg-type]


@pytest.mark.parametrize("strides", [(1, 1), (2, 3)])
def test_operators_are_what_they_declare(strides: tuple[int, int]) -> None:
    x, y = torch.randn(2, 1, 3, 6, 7, dtype=torch.float64)
    out = torch.ops.dnt_d2.local_correlation(x, y, 1, *strides)
    torch.library.opcheck(torch.ops.dnt_d2.local_correlation.default, (x, y, 1, *strides))
    arguments = torch.randn_like(out), x, y, 1, *strides
    torch.library.opcheck(torch.ops.dnt_d2.local_correlation_backward.default, arguments)


def test_shapes_without_arithmetic() -> None:
    x = torch.empty(2, 8, 37, 63, device="meta", dtype=torch.bfloat16)
    y = x.to(torch.float32)
    out = torch.ops.dnt_d2.local_correlation(x, y, 4, 2, 1)
    assert (out.device.type, out.dtype, out.shape) == ("meta", torch.float32, (2, 81, 19, 32))
    grads = torch.ops.dnt_d2.local_correlation_backward(out, x, y, 4, 2, 1)
    assert [grad.dtype for grad in grads] == [torch.bfloat16, torch.float32]
    assert [grad.shape for grad in grads] == [x.shape, y.shape]


def test_triton_is_for_cuda_and_equal_dtypes_up_to_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    fused = SimpleNamespace(DTYPES=(torch.float32, torch.float16))
    monkeypatch.setattr(correlation_ops, "_triton_path", lambda: fused)
    single, half, double = torch.float32, torch.float16, torch.float64
    assert _path(phase_like(half, half, half, is_cuda=True)) is fused
    assert _path(phase_like(half, half, half, is_cuda=False)) is correlation_strip
    assert _path(phase_like(half, single, single, is_cuda=True)) is correlation_strip
    assert _path(phase_like(double, double, double, is_cuda=True)) is correlation_strip


def test_triton_can_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DNT_D2_TRITON", "0")
    assert _triton_path() is None
    single = torch.float32
    assert _path(phase_like(single, single, single, is_cuda=True)) is correlation_strip


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_both_paths_agree_on_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = torch.randn(2, 2, 96, 19, 33, device="cuda")
    weights = torch.randn(2, 81, 19, 33, device="cuda")
    fused = correlation_ops.correlate(x, y, 4, 1, 1), *correlation_ops.correlate_backward(weights, x, y, 4, 1, 1)
    monkeypatch.setattr(correlation_ops, "_triton_path", lambda: None)
    plain = correlation_ops.correlate(x, y, 4, 1, 1), *correlation_ops.correlate_backward(weights, x, y, 4, 1, 1)
    for ours, theirs in zip(fused, plain, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
