"""Phases: together they are the strided correlation, and none shares a cell with another."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from dnt_d2.layers.correlation_phase import Phase, phases

STRIDES = list(product((1, 2, 3, 4), repeat=2))


def split(height: int, width: int, radius: int, stride: int, displacement_stride: int) -> list[Phase]:
    """The phases of maps whose cells hold their own index."""
    cells = torch.arange(height * width).reshape(1, 1, height, width)
    grid, rows, cols = 2 * radius + 1, -(-height // stride), -(-width // stride)
    maps = torch.arange(grid * grid * rows * cols).reshape(1, grid, grid, rows, cols)
    return list(phases(cells, cells, maps, radius, stride, displacement_stride))


def test_empty_maps_have_no_phases() -> None:
    assert split(0, 5, 1, 1, 2) == []
    x = torch.zeros(0, 3, 4, 5)
    assert list(phases(x, x, torch.zeros(0, 3, 3, 4, 5), 1, 1, 1)) == []


def test_equal_strides_are_one_phase_of_step_one() -> None:
    (phase,) = split(6, 9, 2, 3, 3)
    assert phase[3:] == (1, 2, 2)
    assert phase.x.tolist() == phase.y.tolist() == [[[[0, 3, 6], [27, 30, 33]]]]


@pytest.mark.parametrize(("stride", "displacement_stride"), STRIDES)
def test_phases_share_nothing_and_cover_every_output(stride: int, displacement_stride: int) -> None:
    parts = split(7, 10, 1, stride, displacement_stride)
    for name in ("x", "y", "maps"):
        seen = torch.cat([getattr(part, name).flatten() for part in parts]).tolist()
        assert len(seen) == len(set(seen))
    assert len(seen) == 9 * -(-7 // stride) * -(-10 // stride)


@pytest.mark.parametrize(("stride", "displacement_stride"), STRIDES)
def test_steps_lead_to_the_cells_of_the_definition(stride: int, displacement_stride: int) -> None:
    height, width, radius = 7, 10, 1
    for part in split(height, width, radius, stride, displacement_stride):
        for dy, dx, i, j in product(*map(range, part.maps.shape[1:])):
            row, col = divmod(int(part.x[0, 0, i, j]), width)
            target = row + (dy - radius) * displacement_stride, col + (dx - radius) * displacement_stride
            inside = 0 <= target[0] < height and 0 <= target[1] < width
            a, b = part.step * i + dy - part.top, part.step * j + dx - part.left
            assert inside == (0 <= a < part.y.shape[2] and 0 <= b < part.y.shape[3])
            if inside:
                assert divmod(int(part.y[0, 0, a, b]), width) == target


def test_scale_is_the_mean_over_channels() -> None:
    x = torch.zeros(1, 8, 2, 2)
    (phase,) = phases(x, x, torch.zeros(1, 1, 1, 2, 2), 0, 1, 1)
    assert phase.scale == 0.125
