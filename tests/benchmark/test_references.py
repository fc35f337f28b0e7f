"""The slow forms of the correlation: each is the plain sum of its definition, and they agree on gradients."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from dnt_d2.benchmark.references import all_pairs, shifted_products, unfold_einsum

Form = Callable[[Tensor, Tensor, int], Tensor]
forms = pytest.mark.parametrize("form", [shifted_products, all_pairs, unfold_einsum])


def random_maps(*shape: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(sum(shape))
    x, y = (torch.randn(shape, dtype=torch.float64, generator=generator) for _ in range(2))
    return x.requires_grad_(), y.requires_grad_()


def at(y: Tensor, row: int, col: int) -> Tensor:
    """The features (C,) of a cell of ``y`` (C, H, W), zero outside of it."""
    inside = 0 <= row < y.shape[1] and 0 <= col < y.shape[2]
    return y[:, row, col] if inside else torch.zeros_like(y[:, 0, 0])


@forms
def test_no_picture(form: Form) -> None:
    x, y = random_maps(0, 3, 4, 5)
    assert form(x, y, 1).shape == (0, 9, 4, 5)


@forms
@pytest.mark.parametrize(("size", "displacement"), [((1, 1), 0), ((1, 1), 2), ((3, 4), 0), ((3, 4), 1), ((2, 5), 3)])
def test_every_value_is_that_of_the_sum(form: Form, size: tuple[int, int], displacement: int) -> None:
    x, y = (tensor.detach() for tensor in random_maps(2, 3, *size))
    out = form(x, y, displacement)
    grid = 2 * displacement + 1
    assert out.shape == (2, grid * grid, *size)
    for n, channel, i, j in torch.cartesian_prod(*map(torch.arange, out.shape)).tolist():
        dy, dx = channel // grid - displacement, channel % grid - displacement
        expected = (x[n, :, i, j] * at(y[n], i + dy, j + dx)).sum() / 3
        torch.testing.assert_close(out[n, channel, i, j], expected)


@pytest.mark.parametrize("form", [all_pairs, unfold_einsum])
def test_gradients_are_those_of_the_definition(form: Form) -> None:
    x, y = random_maps(2, 4, 5, 6)
    weights = torch.randn(2, 25, 5, 6, dtype=torch.float64)
    expected = torch.autograd.grad(shifted_products(x, y, 2), (x, y), weights)
    for ours, theirs in zip(torch.autograd.grad(form(x, y, 2), (x, y), weights), expected, strict=True):
        torch.testing.assert_close(ours, theirs)
