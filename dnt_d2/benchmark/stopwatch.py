"""Where the time goes in code that has no timers: functions of a live object are timed from outside, for a while.

with Stopwatch([Part("trunk", model.backbone, "forward"), Part("maps", model.roi_heads, "maps")]) as watch:
    stream(frames)
watch.seconds  # {"trunk": ..., "maps": ..., "rest": ...}
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import wraps
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

from .timing import wait_for

T = TypeVar("T")

REST = "rest"
"""What no part took."""


class Part(NamedTuple):
    """A function to be timed.

    Attributes:
        name: what its time is added to; several functions may share a name.
        owner: the object, class or module by which it is called.
        function: its name there.
    """

    name: str
    owner: Any
    function: str


class Stopwatch(AbstractContextManager["Stopwatch"]):
    """Times parts of what happens in its ``with`` block.

    Times are exclusive: while a part calls another one, only the inner one's time goes on. So the parts, with what is
    left over as ``"rest"``, add up to the whole. It is for one thread: what others do meanwhile must not be timed. On
    a GPU the beginning and the end of each part wait for the device, so that the whole takes a little longer.

    Attributes:
        seconds: by part, in the order of ``parts``, when the block has ended; "rest" is the last.
        calls: how often each part was begun.
    """

    def __init__(self, parts: Sequence[Part], *, device: str = "cpu", also: Iterable[str] = ()) -> None:
        """
        Args:
            parts: functions to be timed; each is put back at the end of the block.
            device: that is computed on.
            also: names of further parts, which the block times itself, by :meth:`part` and :meth:`each`.

        Raises:
            AttributeError: an owner has no such function.
        """
        for part in parts:
            getattr(part.owner, part.function)
        self._parts, self._device = parts, device
        self.seconds = dict.fromkeys([*(part.name for part in parts), *also, REST], 0.0)
        self.calls = dict.fromkeys(self.seconds, 0)
        self._under_way: list[str] = []
        self._restore = ExitStack()
        self._since = 0.0

    @property
    def total(self) -> float:
        """Seconds of the whole block."""
        return sum(self.seconds.values())

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time what is done in a ``with`` block of its own."""
        self._switch()
        self._under_way.append(name)
        self.calls[name] += 1
        try:
            yield
        finally:
            self._switch()
            self._under_way.pop()

    def each(self, name: str, items: Iterable[T]) -> Iterator[T]:
        """The same items, with the time that it takes to make them."""
        iterator = iter(items)
        while True:
            with self.part(name):
                try:
                    item = next(iterator)
                except StopIteration:
                    return
            yield item

    def _switch(self) -> None:
        """The time until now belongs to the part that is under way."""
        wait_for(self._device)
        now = time.perf_counter()
        self.seconds[self._under_way[-1] if self._under_way else REST] += now - self._since
        self._since = now

    def _timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.part(name):
                return function(*args, **kwargs)

        return timed

    def __enter__(self) -> Self:
        for name, owner, function in self._parts:
            # What a class or a base class has is hidden by an attribute of the owner, which goes away again.
            own = vars(owner).get(function)
            restore = (setattr, owner, function, own) if function in vars(owner) else (delattr, owner, function)
            setattr(owner, function, self._timed(name, getattr(owner, function)))
            self._restore.callback(*restore)
        wait_for(self._device)
        self._since = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._switch()
        self._restore.close()
