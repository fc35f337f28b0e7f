"""Stages end, break and stop; Ctrl-C stops them one after the other."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from dnt_d2.demo.stopping import Stage, interruptible


def broken(count: int) -> Iterator[int]:
    yield from range(count)
    raise ValueError(f"broken after {count}")


def test_no_items() -> None:
    stage = Stage(keep_going=True)
    assert list(stage([])) == []
    assert (stage.count, stage.ended, stage.stopped, stage.error) == (0, True, False, None)


@pytest.mark.parametrize(("limit", "expected"), [(None, [0, 1, 2]), (2, [0, 1]), (3, [0, 1, 2]), (9, [0, 1, 2])])
def test_a_limit(limit: int | None, expected: list[int]) -> None:
    made: list[int] = []
    stage = Stage(limit=limit)

    def items() -> Iterator[int]:
        for i in range(3):
            made.append(i)
            yield i

    assert list(stage(items())) == expected
    assert made == expected  # and not one more
    assert (stage.count, stage.ended) == (len(expected), True)


def test_a_stopped_stage_hands_on_nothing_more() -> None:
    stage = Stage()
    found = []
    for item in stage(range(9)):
        found.append(item)
        if item == 2:
            stage.stop()
    assert found == [0, 1, 2]
    assert stage.ended
    assert list(stage(range(9))) == []


def test_an_item_that_comes_after_the_stop_is_dropped() -> None:
    stage = Stage()

    def items() -> Iterator[int]:
        yield 0
        stage.stop()  # while this one is waited for
        yield 1

    assert list(stage(items())) == [0]


def test_an_error_is_kept_if_there_is_something_to_go_on_with() -> None:
    stage = Stage(keep_going=True)
    assert list(stage(broken(2))) == [0, 1]
    assert str(stage.error) == "broken after 2"
    assert stage.ended
    with pytest.raises(ValueError, match="broken after 0"):
        list(Stage(keep_going=True)(broken(0)))
    with pytest.raises(ValueError, match="broken after 2"):
        list(Stage()(broken(2)))


def started(stage: Stage, count: int) -> Iterator[int]:
    """A stage under way, of which so many items were taken."""
    items = iter(stage(range(9)))
    for _ in range(count):
        next(items)
    return items


def test_each_interrupt_stops_the_next_stage(capfd: pytest.CaptureFixture[str]) -> None:
    reading, showing = Stage(), Stage()
    before = signal.getsignal(signal.SIGINT)
    with interruptible({"reading stops": reading, "showing stops": showing}) as interrupts:
        others = started(reading, 2), started(showing, 1)
        signal.raise_signal(signal.SIGINT)
        assert (interrupts.count, reading.stopped, showing.stopped) == (1, True, False)
        signal.raise_signal(signal.SIGINT)
        assert showing.stopped
        assert [list(items) for items in others] == [[], []]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert capfd.readouterr().err.split("\n") == ["", "reading stops", "", "showing stops", ""]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_stage_that_has_ended_is_passed_over_when_the_next_has_begun() -> None:
    """Between the two the tubes are linked: an interrupt there must not cost what was read."""
    reading, showing = Stage(), Stage()
    with interruptible({"a": reading, "b": showing}):
        list(reading(range(3)))
        signal.raise_signal(signal.SIGINT)
        assert (reading.stopped, showing.stopped) == (True, False)
    reading, showing = Stage(), Stage()
    with interruptible({"a": reading, "b": showing}):
        list(reading(range(3)))
        kept = started(showing, 1)
        signal.raise_signal(signal.SIGINT)
        assert (reading.stopped, showing.stopped, list(kept)) == (False, True, [])


def test_two_quick_interrupts_are_one() -> None:
    """Nothing is shown as long as the tubes are linked, so that all would be lost."""
    reading, showing = Stage(), Stage()
    with interruptible({"a": reading, "b": showing}):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        assert (reading.stopped, showing.stopped) == (True, False)
        signal.raise_signal(signal.SIGINT)
        assert showing.stopped


def test_an_interrupt_too_late_costs_nothing() -> None:
    showing = Stage()
    with interruptible({"the files are being finished": showing}) as interrupts:
        assert list(showing(range(3))) == [0, 1, 2]
        signal.raise_signal(signal.SIGINT)
    assert interrupts.count == 1


def test_in_another_thread_there_are_no_signals() -> None:
    counts: list[int] = []

    def work() -> None:
        with interruptible({"a": Stage()}) as interrupts:
            counts.append(interrupts.count)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert counts == [0]
