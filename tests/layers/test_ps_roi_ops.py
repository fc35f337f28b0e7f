"""dnt_d2/layers/ps_roi_ops.py: what compilers are told about the operators is true."""

from __future__ import annotations

import pytest
import torch

from dnt_d2.layers import PSRoIPool

MAPS, ROIS = torch.randn(2, 8, 5, 6), torch.tensor([[0, 3, 4, 50, 60], [1, 0, 0, 95, 79.0]])


@pytest.mark.parametrize("rois", [ROIS, ROIS[:0]])
def test_shapes_and_dtypes(rois: torch.Tensor) -> None:
    maps = MAPS.bfloat16()
    out, said = (
        torch.ops.dnt_d2.ps_roi_pool(m, r, 2, 1 / 16) for m, r in [(maps, rois), (maps.to("meta"), rois.to("meta"))]
    )
    assert (out.shape, out.dtype, out.stride()) == (said.shape, said.dtype, said.stride())
    arguments = list(maps.shape), maps.dtype, 2, 1 / 16
    back = [torch.ops.dnt_d2.ps_roi_pool_backward(x, r, *arguments) for x, r in [(out, rois), (said, rois.to("meta"))]]
    assert (back[0].shape, back[0].dtype, back[0].stride()) == (back[1].shape, back[1].dtype, back[1].stride())


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
