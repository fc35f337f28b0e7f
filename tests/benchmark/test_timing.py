"""dnt_d2/benchmark/timing.py: turns in order, medians, ratios of rounds."""

from __future__ import annotations

import time

import pytest

from dnt_d2.benchmark.timing import Timing, quartiles, take_turns


def test_no_calls_and_no_rounds() -> None:
    assert take_turns({}) == {}
    with pytest.raises(ValueError, match="at least one"):
        take_turns({"a": lambda: None}, rounds=0)


def test_calls_take_turns() -> None:
    order: list[str] = []
    found = take_turns({n: lambda n=n: order.append(n) for n in "ab"}, rounds=3, at_least=0)
    assert "".join(order[-6:]) == "ababab"
    assert {name: len(timing.seconds) for name, timing in found.items()} == {"a": 3, "b": 3}


def test_short_calls_are_repeated_and_time_is_that_of_one() -> None:
    calls = []
    found = take_turns({"nap": lambda: (calls.append(1), time.sleep(0.002))}, rounds=2, at_least=0.02)["nap"]
    assert len(calls) >= 2 * 3  # a nap may last longer than asked for
    assert 0.002 <= found.median < 0.05


def test_statistics() -> None:
    a, b = Timing((1.0, 2.0, 3.0, 4.0, 50.0)), Timing((1.0, 1.0, 1.0, 1.0, 10.0))
    assert a.median == 3.0
    assert a.spread == (2.0, 4.0)
    assert a.times_longer_than(b) == (3.0, 2.0, 4.0)  # of 1, 2, 3, 4, 5: not 3 / 1 of the medians by chance
    assert quartiles([5.0, 1.0]) == (1.0, 5.0)
