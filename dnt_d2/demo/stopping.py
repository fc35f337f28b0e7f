"""Work that can be told to stop: Ctrl-C ends its stages, one after the other, so that what is done is kept."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from types import FrameType
from typing import TypeVar

T = TypeVar("T")


class Stage:
    """Hands items on until they end, until there are enough of them, or until it is told to stop.

    It may run in one thread and be stopped from another. ``for item in stage(items)``, once.

    Args:
        limit: how many items at most; None is all.
        keep_going: an error of the items, after the first of them, ends them and is kept in ``error``, rather than
            raised: what comes after this stage finishes its work.

    Attributes:
        count: how many items were handed on.
        ended: whether the last one was.
        stopped: whether :meth:`stop` was called.
        error: what ended the items, if ``keep_going``.
    """

    def __init__(self, *, limit: int | None = None, keep_going: bool = False) -> None:
        self._limit, self._keep_going = limit, keep_going
        self.count, self.ended, self.stopped = 0, False, False
        self.error: Exception | None = None

    def stop(self) -> None:
        """Hand on no other item."""
        self.stopped = True

    def __call__(self, items: Iterable[T]) -> Iterator[T]:
        """The items, as long as the stage is open."""
        try:
            for item in () if self.stopped else islice(items, self._limit):
                if self.stopped:  # while the item was waited for
                    return
                self.count += 1
                yield item
                if self.stopped:
                    return
        except (OSError, ValueError) as error:
            if not (self._keep_going and self.count):
                raise
            self.error = error
        finally:
            self.ended = True


class Interrupts:
    """How often Ctrl-C was pressed, and what that means to the stages."""

    def __init__(self, stages: dict[str, Stage]) -> None:
        self._stages, self.count = stages, 0
        self._patient = True

    def handle(self, number: int = signal.SIGINT, frame: FrameType | None = None) -> None:
        """Stop the first stage that is at work; where all are stopped, raise KeyboardInterrupt as usual.

        A stage that waits for its first item is stopped by a second try: two quick presses must not cost an hour.
        """
        try:
            self._stop_one()
        finally:
            self.count += 1

    def _stop_one(self) -> None:
        stages = list(self._stages.values())
        for message, stage, after in zip(self._stages, stages, [*stages[1:], None], strict=True):
            # What comes of a stage that has ended may still be in the making, until the next stage has begun.
            over = stage.ended and after is not None and after.count > 0
            if stage.stopped or over:
                continue
            if self._patient and stage is not stages[0] and not stage.count:
                self._patient = False
                _say("Ctrl-C: nothing has come of it yet, wait a moment; once more gives up what was read")
                return
            stage.stop()
            _say(message)
            return
        raise KeyboardInterrupt


def _say(message: str) -> None:
    """Print it, also in the middle of another print, as signals come."""
    os.write(2, f"\n{message}\n".encode())


@contextmanager
def interruptible(stages: dict[str, Stage]) -> Iterator[Interrupts]:
    """Within the block, each Ctrl-C stops the first of these stages that is at work; then it works as ever.

    Args:
        stages: in their order, by what is said when one is stopped. The last counts as being at work until the block
            ends, so that one Ctrl-C too late doesn't cost what is being finished.

    Yields:
        the count of interrupts. In another thread than the main one, which gets no signals, it stays 0.
    """
    interrupts = Interrupts(stages)
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    before = signal.signal(signal.SIGINT, interrupts.handle)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, before)
