"""Loaders whose workers leave signals to their parent, and what a worker does before its first item."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cv2
from detectron2.data.build import worker_init_reset_seed
from torch.utils.data import DataLoader

_STOPS = (signal.SIGTERM, signal.SIGINT)


class SteadyLoader(DataLoader):
    """A ``DataLoader`` that is not to be stopped while it starts its workers; these have :func:`init_worker`.

    Between its start and that function a worker would die of a signal to all processes, as PyTorch sets it up; and
    Python drops what a signal's handler raises while it forks.
    """

    def __iter__(self) -> Any:
        with _signals_held():
            return super().__iter__()


@contextmanager
def _signals_held() -> Iterator[None]:
    """SIGTERM and SIGINT wait: for processes that are started meanwhile by a mask, which they inherit, and for this one
    by other handlers, since a mask is of one thread, and another would take the signal."""
    if not hasattr(signal, "pthread_sigmask") or threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    handlers = {number: signal.getsignal(number) for number in _STOPS}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, set(_STOPS))
    for number in _STOPS:
        signal.signal(number, lambda n, frame: came.append(n))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)  # one that waits comes now
        for number, handler in handlers.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for stop in dict.fromkeys(came):
            signal.raise_signal(stop)


def init_worker(worker_id: int) -> None:
    """Seed its random generators, leave the cores to the other workers, and end when the loader says so, not before.

    Args:
        worker_id: from 0 in each loader.
    """
    cv2.setNumThreads(0)  # the workers are the parallelism
    worker_init_reset_seed(worker_id)
    outlive_signals()


def outlive_signals() -> None:
    """Let a signal to stop, which often goes to every process there is, leave this one to its parent.

    A training that is asked to stop still needs the items of its iteration; without its workers it would end in an
    error. They see for themselves when it is gone. SIGTERM from the parent itself ends a process as ever.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "sigwaitinfo"):  # which tells the sender; not on macOS and Windows
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        threading.Thread(target=_end_when_the_parent_says, daemon=True).start()
    elif hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _end_when_the_parent_says() -> None:
    # The loader's process; from a fork server, the system's parent is another one.
    parent = multiprocessing.parent_process()
    may = {os.getpid(), os.getppid() if parent is None else parent.pid}
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid not in may:
        pass
    os._exit(0)
