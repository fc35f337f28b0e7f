"""Background work: order, bounds, errors in their place, and no thread that is left over."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Iterator
from itertools import count, islice

import pytest

from dnt_d2.pipeline import ahead

PATIENCE = 10.0  # seconds until a test fails that would wait for ever


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def until(condition: object) -> None:
    """Wait until a function says yes."""
    end = time.monotonic() + PATIENCE
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.001)


@pytest.mark.parametrize("depth", [1, 2, 50])
def test_nothing(depth: int) -> None:
    assert list(ahead([], depth)) == []


@pytest.mark.parametrize("depth", [1, 3, 50])
@pytest.mark.parametrize("length", [1, 2, 20])
def test_the_same_items_in_the_same_order(length: int, depth: int) -> None:
    assert list(ahead(range(length), depth)) == list(range(length))
    assert list(ahead(map(str, ahead(range(length), depth)), depth)) == [str(i) for i in range(length)]


def test_none_is_an_item() -> None:
    assert list(ahead([None, 1, None])) == [None, 1, None]


def test_items_are_made_in_another_thread_which_starts_with_the_first() -> None:
    threads: list[int] = []
    items = ahead(threads.append(threading.get_ident()) for _ in range(2))
    time.sleep(0.01)
    assert threads == []
    assert list(items) == [None, None]
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_no_more_is_made_than_asked_for(depth: int) -> None:
    """And so much is, though nobody asks for it yet."""
    made: list[int] = []
    items = ahead((made.append(i) or i for i in count()), depth)  # type: ignore[func-returns-value]
    for taken in range(1, 6):
        assert next(items) == taken - 1
        until(lambda n=taken: len(made) == n + depth)
        time.sleep(0.005)
        assert len(made) == taken + depth
    items.close()


def test_maker_and_taker_work_at_once() -> None:
    """Each waits until the other is at work: one after the other they would wait for ever."""
    both = threading.Barrier(2, timeout=PATIENCE)

    def make() -> Iterator[int]:
        for i in range(5):
            if i:
                both.wait()
            yield i

    for i in ahead(make(), 1):
        if i < 4:
            both.wait()


def test_three_stages_work_at_once() -> None:
    met = threading.Barrier(3, timeout=PATIENCE)

    def stage(items: Iterator[int], skip: int) -> Iterator[int]:
        for i in items:
            if 0 <= i - skip < 4:
                met.wait()
            yield i

    decoded = ahead(stage(iter(range(8)), 2), 1)
    drawn = ahead(stage(decoded, 1), 1)
    assert list(stage(drawn, 0)) == list(range(8))


def test_an_item_is_let_go_of() -> None:
    class Frame:
        pass

    seen: list[weakref.ref[Frame]] = []
    for frame in ahead((Frame() for _ in range(20)), 2):
        seen.append(weakref.ref(frame))
        del frame
        # The last one is the suspended iterator's, until it goes on.
        assert sum(r() is not None for r in seen[:-1]) == 0


class BrokenError(Exception):
    pass


def broken(at: int) -> Iterator[int]:
    yield from range(at)
    raise BrokenError(at)


@pytest.mark.parametrize("at", [0, 1, 7])
@pytest.mark.parametrize("depth", [1, 20])
def test_an_error_comes_in_its_place(at: int, depth: int) -> None:
    for items in (ahead(broken(at), depth), ahead(map(int, ahead(broken(at), depth)), depth)):
        taken = []
        with pytest.raises(BrokenError, match=str(at)):  # noqa: PT012
            for i in items:
                taken.append(i)
        assert taken == list(range(at))
        assert list(items) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError])
def test_any_error_is_handed_over(error: type[BaseException]) -> None:
    def make() -> Iterator[int]:
        yield 1
        raise error

    items = ahead(make())
    assert next(items) == 1
    with pytest.raises(error):
        next(items)


def test_what_can_not_be_iterated_over() -> None:
    with pytest.raises(TypeError, match="not iterable"):
        list(ahead(5))  # type: ignore[arg-type]


@pytest.mark.parametrize("how", ["close", "forget", "error"])
@pytest.mark.parametrize("taken", [1, 4])
def test_a_caller_that_stops_stops_the_thread_and_its_source(how: str, taken: int) -> None:
    """The source is endless; it is closed in the thread that it ran in."""
    closed: list[int] = []

    def camera() -> Iterator[int]:
        ident = threading.get_ident()
        try:
            yield from count()
        finally:
            closed.append(ident == threading.get_ident())

    items = ahead(map(int, ahead(camera(), 2)), 2)
    assert list(islice(items, taken)) == list(range(taken))
    if how == "close":
        items.close()
    elif how == "error":
        with pytest.raises(KeyboardInterrupt):
            items.throw(KeyboardInterrupt)
    del items
    gc.collect()
    assert closed == [True]


def test_closed_before_it_began() -> None:
    items = ahead(count())
    items.close()
    assert list(items) == []


def test_a_bad_depth() -> None:
    with pytest.raises(ValueError, match="depth is 0: it must be at least 1"):
        ahead([], 0)
