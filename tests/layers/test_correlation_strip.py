"""Strips: where buffers and maps overlap, and that forward and backward are adjoint."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor

from dnt_d2.layers import correlation_strip
from dnt_d2.layers.correlation_phase import Phase
from dnt_d2.layers.correlation_strip import Strip, _overlap, backpropagate, correlate, product_dtype, sum_dtype


def random_phase(size: tuple[int, int], step: int, top: int, left: int) -> Phase:
    generator = torch.Generator().manual_seed(0)
    new = {"dtype": torch.float64, "generator": generator}
    x, maps = torch.randn(1, 3, *size, **new), torch.randn(1, 5, 5, *size, **new)
    return Phase(x, torch.randn(1, 3, size[0] * step + 1, size[1] * step + 2, **new), maps, step, top, left)


def run(phase: Phase) -> tuple[Tensor, Tensor, Tensor]:
    """The correlation of a phase, and the gradients for ``phase.maps``."""
    out, x_grad, y_grad = torch.zeros_like(phase.maps[0]), torch.zeros_like(phase.x[0]), torch.zeros_like(phase.y[0])
    strip = Strip(phase)
    for left in strip.lefts():
        strip.load(phase.x[0], phase.y[0], left)
        strip.correlate(out, left)
    strip = Strip(phase)
    for left in strip.lefts():
        strip.load(phase.x[0], phase.y[0], left)
        strip.backpropagate(phase.maps[0], x_grad, y_grad, left)
    return out, x_grad, y_grad


@pytest.mark.parametrize("size", [(1, 1), (4, 16), (5, 17), (9, 35), (6, 64)])
@pytest.mark.parametrize(("step", "top", "left"), [(1, 2, 2), (2, 2, 1), (3, 0, -1), (1, 7, -50)])
@pytest.mark.parametrize("channels_last", [False, True])
def test_gradients_are_adjoint(size: tuple[int, int], step: int, top: int, left: int, channels_last: bool) -> None:
    phase = random_phase(size, step, top, left)
    if channels_last:
        x, y = (tensor.to(memory_format=torch.channels_last) for tensor in (phase.x, phase.y))
        phase = phase._replace(x=x, y=y)
    out, x_grad, y_grad = run(phase)
    value = (out * phase.maps[0]).sum()  # linear in x and in y
    torch.testing.assert_close((x_grad * phase.x[0]).sum(), value)
    torch.testing.assert_close((y_grad * phase.y[0]).sum(), value)


def test_one_position_by_hand() -> None:
    phase = random_phase((6, 20), 2, 3, 1)
    out = run(phase)[0]
    dy, dx, i, j = 4, 2, 5, 17
    expected = (phase.x[0, :, i, j] * phase.y[0, :, 2 * i + dy - 3, 2 * j + dx - 1]).mean()
    torch.testing.assert_close(out[dy, dx, i, j], expected)
    assert (out[:3, :, 0] == 0).all()  # rows -3 to -1 of y


@pytest.mark.parametrize("tile_units", [False, True])
@pytest.mark.parametrize("channels_last", [False, True])
def test_bfloat16_is_rounded_once_by_either_way(
    monkeypatch: pytest.MonkeyPatch, tile_units: bool, channels_last: bool
) -> None:
    monkeypatch.setattr(correlation_strip, "_has_tile_units", lambda: tile_units)
    phase = random_phase((6, 18), 1, 2, 2)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    x, y = (tensor.bfloat16().to(memory_format=layout) for tensor in (phase.x, phase.y))
    narrow = phase._replace(x=x, y=y, maps=phase.maps.bfloat16())
    assert product_dtype(narrow) == (torch.bfloat16 if tile_units else torch.float32)
    wide = phase._replace(x=x.double(), y=y.double(), maps=narrow.maps.double())
    assert product_dtype(wide) == torch.float64
    out, grads = torch.empty_like(narrow.maps), (torch.zeros_like(x), torch.zeros_like(y))
    correlate(narrow._replace(maps=out))
    backpropagate(narrow, *grads)
    for ours, theirs in zip((out[0], *(grad[0] for grad in grads)), run(wide), strict=True):
        torch.testing.assert_close(ours.double(), theirs, rtol=2**-8, atol=1e-6)


def test_buffers_have_the_layout_of_the_maps() -> None:
    phase = random_phase((6, 18), 1, 2, 2)
    strip = Strip(phase)
    last = Strip(phase._replace(x=phase.x.to(memory_format=torch.channels_last)))
    assert strip.x.stride()[2] == strip.y.stride()[2] == 1
    assert (
        last.x.stride()[0] == last.y.stride()[0] == last.gradients[0].stride()[1] == last.gradients[1].stride()[0] == 1
    )


def test_products_are_contiguous_in_the_order_that_is_fast() -> None:
    phase = random_phase((6, 18), 1, 2, 2)
    assert Strip(phase).product.is_contiguous()
    last = Strip(phase._replace(x=phase.x.to(memory_format=torch.channels_last)))
    assert last.product.mT.is_contiguous()
    assert last.gradients[0].mT.is_contiguous()


def test_tiles_of_nearly_equal_size() -> None:
    phase = random_phase((9, 33), 1, 2, 2)
    strip = Strip(phase)
    assert strip.tile == (3, 11)
    assert list(strip.lefts()) == [0, 11, 22]
    last = Strip(phase._replace(x=phase.x.to(memory_format=torch.channels_last)))
    assert last.tile == (3, 7)
    assert list(last.lefts()) == [0, 7, 14, 21, 28]


def test_tiles_of_channels_last_maps_are_wide_with_tile_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correlation_strip, "_has_tile_units", lambda: True)
    phase = random_phase((9, 33), 1, 2, 2)
    x, y = (tensor.bfloat16().to(memory_format=torch.channels_last) for tensor in (phase.x, phase.y))
    assert Strip(phase._replace(x=x, y=y, maps=phase.maps.bfloat16())).tile == (3, 11)


def test_overlap_is_that_of_positions() -> None:
    for start, length, size in product(range(-7, 8), range(4), range(5)):
        buffer, source = torch.zeros(1, length, 2), torch.zeros(1, size, 2)
        inside, outside = _overlap(buffer, source, start, 0)
        expected = [n for n in range(length) if 0 <= start + n < size]
        assert list(range(length))[inside[1]] == expected
        assert list(range(size))[outside[1]] == [start + n for n in expected]
        assert inside[2] == outside[2] == slice(0, 2)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (torch.float16, torch.float16, torch.float32),
        (torch.bfloat16, torch.float16, torch.float32),
        (torch.float32, torch.bfloat16, torch.float32),
        (torch.float32, torch.float64, torch.float64),
    ],
)
def test_dtype_of_sums(first: torch.dtype, second: torch.dtype, expected: torch.dtype) -> None:
    assert sum_dtype(torch.zeros(1, dtype=first), torch.zeros(1, dtype=second)) == expected
