"""Faults that count as survived, and those that don't."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dnt_d2.soak.record import Fault, Work

FAULT = Fault("data", "a file is cut off", "an error that names it", 3, 3, 0, "files", 0.5)


def test_all_survived() -> None:
    assert FAULT.passed


@pytest.mark.parametrize("change", [{"survived": 2}, {"lost": 1}, {"injected": 0, "survived": 0}])
def test_not_all_survived(change: dict[str, int]) -> None:
    """Nothing injected shows nothing either."""
    assert not replace(FAULT, **change).passed


@pytest.mark.parametrize(("amount", "count"), [(1.0, 10), (0.5, 5), (0.01, 1), (2.0, 20)])
def test_share_of_the_numbers(amount: float, count: int) -> None:
    assert Work(Path("x"), amount=amount).scaled(10) == count
    assert Work(Path("x"), amount=amount).scaled(10, least=3) == max(3, count)
