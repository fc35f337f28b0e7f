"""Times rise, whatever the stamps are."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from dnt_d2.video.times import RisingTimes

TICK = Fraction(1, 25)


def rising(*stamps: float | None) -> list[float]:
    """Stamps and times in multiples of 1 / 25 s."""
    times = RisingTimes(25)
    return [float(times.next(None if s is None else Fraction(s) * TICK) / TICK) for s in stamps]


def test_times_count_from_the_first_frame() -> None:
    assert rising(0) == [0]
    assert rising(100, 101, 105) == [0, 1, 5]
    assert rising(-7, -6, 0) == [0, 1, 7]


def test_missing_stamps_are_a_period_later() -> None:
    assert rising(None, None, None) == [0, 1, 2]
    assert rising(50, None, 52, None) == [0, 1, 2, 3]
    assert rising(None, 10, 12) == [0, 1, 3]


def test_repeated_and_early_stamps_come_a_little_later_and_true_ones_are_reached_again() -> None:
    assert rising(0, 1, 1, 1, 2, 3) == [0, 1, 1.25, 1.5, 2, 3]
    assert rising(0, 3, 2, 4) == [0, 3, 3.25, 4]


def test_time_goes_on_where_a_clock_was_set() -> None:
    assert rising(0, 50, 0, 1, 5) == [0, 50, 51, 52, 56]
    hour = 25 * 3600
    assert rising(0, 1, 1 + hour) == [0, 1, 1 + hour]
    assert rising(0, 1, 2 + hour, 3 + hour) == [0, 1, 2, 3]


def test_any_stamps_give_rising_times() -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        stamps = [None if x % 7 == 0 else x / 10 for x in random.integers(-1000, 1000, 40).tolist()]
        times = rising(*stamps)
        assert times[0] == 0
        assert (np.diff(times) > 0).all()
