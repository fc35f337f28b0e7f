"""Work that goes on in the background, a few items ahead of whoever takes them.

    drawn = ahead(map(draw, ahead(read_frames("clip.mp4"))))
    for picture in drawn:
        writer.write(picture)

Here one thread decodes, another draws, and the caller encodes: the slowest of them sets the pace. They are threads, not
processes such as PyTorch's ``DataLoader`` has: decoders, resizers, encoders and networks let other threads run while
they compute, so that nothing is gained by sending each frame from process to process; and a decoder, which has a state,
could not be shared out to several workers anyway.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future
from contextlib import closing, nullcontext
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import Generic, TypeVar

T = TypeVar("T")


def ahead(items: Iterable[T], depth: int = 4) -> Generator[T, None, None]:
    """The same items in the same order, each made in a background thread before it is asked for.

    Args:
        items: iterated over in that thread. An item must not change when the next one is made, as it would if a
            camera wrote all of its frames into one array.
        depth: how many items may be made and not yet taken, at least 1. Memory is that of so many items.

    Returns:
        An iterator. The thread starts with its first item, and ends with the last one, with an error, or when the
        iterator is closed or forgotten; then ``items`` is closed too, if it is a generator (a ``map`` over one is
        none: close that yourself). An error of ``items`` is raised where its item would have been.

    Raises:
        ValueError: for a depth below 1.
    """
    if depth < 1:
        raise ValueError(f"depth is {depth}: it must be at least 1")
    return _taken(items, depth)


def _taken(items: Iterable[T], depth: int) -> Generator[T, None, None]:
    maker = _Maker(items, depth)
    maker.start()
    try:
        while (future := maker.made.get()) is not None:
            maker.free.release()
            yield future.result()
            del future  # with its item, before the next one is waited for
    finally:
        maker.stop()


class _Maker(Thread, Generic[T]):
    """The background thread.

    Attributes:
        made: items, or the error in the place of one; None is the end.
        free: how many items may still be made: it bounds the queue.
    """

    def __init__(self, items: Iterable[T], depth: int) -> None:
        super().__init__(name="ahead", daemon=True)  # an impatient user, who interrupts twice, need not wait for it
        self.made: SimpleQueue[Future[T] | None] = SimpleQueue()
        self.free = Semaphore(depth)
        self._items, self._stopped = items, False

    def run(self) -> None:
        try:
            self._make(iter(self._items))
        except BaseException as error:  # whatever it is, it is the caller's
            failed: Future[T] = Future()
            failed.set_exception(error)
            self.made.put(failed)
        self.made.put(None)

    def _make(self, iterator: Iterator[T]) -> None:
        # A generator frees what it holds (a file, a camera) in the thread that it ran in.
        with closing(iterator) if isinstance(iterator, Generator) else nullcontext():
            self.free.acquire()
            for item in iterator:
                future: Future[T] = Future()
                future.set_result(item)
                self.made.put(future)
                del item, future  # they are the caller's, who may let go of them before the next one is made
                self.free.acquire()
                if self._stopped:
                    return

    def stop(self) -> None:
        """Wait for the item that is being made, and make no other."""
        self._stopped = True
        self.free.release()
        self.join()
