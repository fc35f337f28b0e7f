"""Exclusive times of parts of live objects, which are as before afterwards."""

from __future__ import annotations

import types
from collections.abc import Iterator

import pytest
import torch

from dnt_d2.benchmark import stopwatch
from dnt_d2.benchmark.stopwatch import Part, Stopwatch


class Clock:
    """A time that only passes when somebody says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(stopwatch, "time", clock)
    return clock


class Machine:
    """Two parts, of which the outer one calls the inner one twice."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def outer(self, work: float) -> float:
        self.clock.now += work
        return self.inner(2.0) + self.inner(3.0)

    def inner(self, work: float) -> float:
        self.clock.now += work
        return work


def test_nothing_is_the_rest(clock: Clock) -> None:
    with Stopwatch([]) as watch:
        clock.now += 4
    assert watch.seconds == {"rest": 4.0}
    assert watch.total == 4.0


def test_times_are_exclusive_and_add_up(clock: Clock) -> None:
    machine = Machine(clock)
    with Stopwatch([Part("outer", machine, "outer"), Part("inner", machine, "inner")]) as watch:
        clock.now += 10
        assert machine.outer(1.0) == 5.0
        machine.inner(7.0)
        clock.now += 20
    assert watch.seconds == {"outer": 1.0, "inner": 12.0, "rest": 30.0}
    assert watch.calls == {"outer": 1, "inner": 3, "rest": 0}
    assert watch.total == clock.now - 100


def test_functions_that_share_a_name(clock: Clock) -> None:
    machine = Machine(clock)
    with Stopwatch([Part("all", machine, "outer"), Part("all", machine, "inner")]) as watch:
        machine.outer(1.0)
    assert watch.seconds == {"all": 6.0, "rest": 0.0}


def test_blocks_and_iterators(clock: Clock) -> None:
    def frames() -> Iterator[int]:
        for i in range(3):
            clock.now += 2
            yield i
        clock.now += 1  # to see that there is no other

    machine = Machine(clock)
    with Stopwatch([Part("inner", machine, "inner")], also=["decode", "draw"]) as watch:
        for _ in watch.each("decode", frames()):
            with watch.part("draw"):
                clock.now += 10
                machine.inner(0.5)
            clock.now += 100
    assert watch.seconds == {"inner": 1.5, "decode": 7.0, "draw": 30.0, "rest": 300.0}


@pytest.mark.parametrize("fails", [False, True])
def test_everything_is_put_back(clock: Clock, fails: bool) -> None:
    """Attributes of objects, of classes and of modules, and of networks, also after an error."""
    machine, layer, module = Machine(clock), torch.nn.Linear(1, 1), types.ModuleType("made")
    module.double = lambda x: 2 * x  # type: ignore[attr-defined]
    machine.inner = lambda work: 5 * work  # type: ignore[method-assign]
    owners = [machine, Machine, layer, module]
    before = [dict(vars(owner)) for owner in owners]
    parts = [Part("a", machine, "outer"), Part("b", machine, "inner"), Part("c", Machine, "inner")]
    parts += [Part("d", layer, "forward"), Part("e", module, "double")]
    try:
        with Stopwatch(parts) as watch:
            assert module.double(4) == 8
            assert layer(torch.ones(1, 1)).shape == (1, 1)
            assert Machine(clock).inner(1.0) == 1.0
            if fails:
                raise KeyError
    except KeyError:
        pass
    assert [watch.calls[name] for name in "abcde"] == [0, 0, 1, 1, 1]
    assert [dict(vars(owner)) for owner in owners] == before


def test_a_part_that_fails_ends(clock: Clock) -> None:
    machine = Machine(clock)
    with Stopwatch([Part("outer", machine, "outer")]) as watch:
        with pytest.raises(TypeError):
            machine.outer("x")  # type: ignore[arg-type]
        clock.now += 3
    assert watch.seconds == {"outer": 0.0, "rest": 3.0}


def test_a_function_that_is_not_there(clock: Clock) -> None:
    with pytest.raises(AttributeError, match="third"):
        Stopwatch([Part("x", Machine(clock), "third")])
