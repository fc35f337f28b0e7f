"""The point "numbers", with a few of its faults."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from dnt_d2.soak import numbers, numbers_half, numbers_shapes
from dnt_d2.soak.numbers_training import lost_iterations
from dnt_d2.soak.record import Work


@pytest.mark.parametrize("dtype", numbers_half.DTYPES)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_half_precision_is_as_good_as_its_numbers(dtype: torch.dtype, scale: float) -> None:
    generator = torch.Generator().manual_seed(0)
    for check in (numbers_half.check_correlation, numbers_half.check_norms, numbers_half.check_pooling):
        assert check(generator, dtype, 512, scale) == ""


def test_half_precision_that_is_worse_is_noticed() -> None:
    truth = torch.tensor([1.0, 70000.0, 3.0], dtype=torch.float64)
    off = numbers_half._off
    assert off(torch.tensor([1.0, float("inf"), 3.0]).half(), truth) == ""
    assert "times" in off(torch.tensor([1.0, 2.99]).half(), truth[::2])
    assert "finite" in off(torch.tensor([1.0, 65504.0, 3.0]).half(), truth)
    assert "finite" in off(torch.tensor([float("nan"), float("inf"), 3.0]).half(), truth)


def test_shapes(tmp_path: Path) -> None:
    for fault in numbers_shapes.run(Work(tmp_path, seed=1, amount=0.04)):
        assert fault.passed, fault
        assert fault.details["wrong"] == []


def test_iterations_that_are_lost() -> None:
    said = "Starting training from iteration 4\nmore"
    assert lost_iterations(said, 5) == 0
    assert lost_iterations(said, 9) == 4
    assert lost_iterations("nothing", 9) == 8
    assert lost_iterations("Starting training from iteration 0\n", 3) == 0


@pytest.mark.slow
def test_all_of_it(tmp_path: Path) -> None:
    for fault in numbers.run(Work(tmp_path, amount=0.05)):
        assert fault.passed, fault
