"""dnt_d2/layers/operators.py: an operator is what was declared, and kernels are there only if they run."""

from __future__ import annotations

from types import ModuleType

import pytest
import torch

from dnt_d2.layers import correlation_ops, ps_roi_ops
from dnt_d2.layers.operators import declare, triton_kernels


def refuse(kernels: ModuleType) -> None:
    raise AssertionError(f"{kernels} must not be tried")


def test_an_operator() -> None:
    declare("twice_for_a_test(Tensor x) -> Tensor", lambda x: 2 * x, torch.empty_like)
    x = torch.ones(2, 3)
    assert torch.equal(torch.ops.dnt_d2.twice_for_a_test(x), 2 * x)
    assert torch.ops.dnt_d2.twice_for_a_test(x.to("meta")).shape == (2, 3)


def test_a_module_that_is_not_there_or_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DNT_D2_TRITON", raising=False)
    assert triton_kernels("no_such_kernels", refuse, "nothing") is None
    monkeypatch.setenv("DNT_D2_TRITON", "0")
    assert triton_kernels("operators", refuse, "nothing") is None


def test_a_module_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DNT_D2_TRITON", raising=False)
    kernels = triton_kernels("operators", lambda module: None, "nothing")
    assert kernels is not None
    assert kernels.__name__ == "dnt_d2.layers.operators"


@pytest.mark.skipif(torch.cuda.is_available(), reason="Triton may well work")
@pytest.mark.parametrize("operators", [correlation_ops, ps_roi_ops])
def test_a_triton_that_fails_is_not_used_and_says_so(monkeypatch: pytest.MonkeyPatch, operators: ModuleType) -> None:
    pytest.importorskip("triton")
    monkeypatch.delenv("DNT_D2_TRITON", raising=False)
    operators._triton_path.cache_clear()
    with pytest.warns(UserWarning, match="Triton can't be used"):
        assert operators._triton_path() is None
    operators._triton_path.cache_clear()
