"""dnt_d2/benchmark/floors.py: rates that a computer can have."""

from __future__ import annotations

import torch

from dnt_d2.benchmark.floors import copy_rate, matmul_rate


def test_rates_are_those_of_a_computer() -> None:
    assert 1e8 < matmul_rate(size=128) < 1e15
    assert 1e8 < copy_rate(num_bytes=1 << 20) < 1e13


def test_a_rate_is_measured_once() -> None:
    assert matmul_rate("cpu", torch.float64, 64) == matmul_rate("cpu", torch.float64, 64)
