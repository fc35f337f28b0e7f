"""Loader workers leave signals to their parent, which still needs their items; and end when it says so."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import threading
import time

import cv2
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from dnt_d2.data.workers import SteadyLoader, init_worker

pytestmark = pytest.mark.skipif(not hasattr(signal, "sigwaitinfo"), reason="only Linux tells who sent a signal")


class Facts(Dataset):
    """Of the process that makes an item: its number, its random numbers, the threads of OpenCV."""

    def __len__(self) -> int:
        return 100

    def __getitem__(self, place: int) -> tuple[int, float, float, int]:
        time.sleep(0.005)
        return os.getpid(), random.random(), float(np.random.rand()), cv2.getNumThreads()


def loader(workers: int) -> DataLoader:
    return SteadyLoader(
        Facts(),
        batch_size=None,
        num_workers=workers,
        worker_init_fn=init_worker,
        generator=torch.Generator().manual_seed(1),
    )


def send_from_another_process(number: int, receivers: set[int]) -> None:
    child = os.fork()
    if not child:
        for receiver in receivers:
            os.kill(receiver, number)
        os._exit(0)
    os.waitpid(child, 0)


def test_signals_to_all_cost_no_item() -> None:
    """As a scheduler sends SIGTERM, and a terminal SIGINT."""
    items = iter(loader(2))
    facts = [next(items) for _ in range(10)]
    workers = {int(x[0]) for x in facts}
    assert len(workers) == 2
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
        send_from_another_process(number, workers)
    facts += list(items)
    assert len(facts) == 100
    assert {int(x[0]) for x in facts} == workers
    assert len({x[1] for x in facts}) == len({x[2] for x in facts}) == 100  # no two workers draw the same
    assert {int(x[3]) for x in facts} <= {0, 1}


@pytest.mark.parametrize("served", [False, True])
def test_the_parent_can_end_them(monkeypatch: pytest.MonkeyPatch, served: bool) -> None:
    """What a loader does with one that doesn't end by itself; also where a fork server is its parent to the system."""
    if served:
        monkeypatch.setattr(os, "getppid", lambda: 1)
    items = iter(loader(1))
    worker = int(next(items)[0])
    os.kill(worker, signal.SIGTERM)
    process = next(x for x in multiprocessing.active_children() if x.pid == worker)
    process.join(10)
    assert process.exitcode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_workers_start_comes_later(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not within the start, where Python would drop what its handler raises; and no worker has noticed."""
    log: list[str] = []
    start = multiprocessing.process.BaseProcess.start

    def started(process: multiprocessing.process.BaseProcess) -> None:
        start(process)
        assert process.pid is not None
        send_from_another_process(number, {process.pid, os.getpid()})
        log.append("a worker was started")

    before = signal.signal(number, lambda n, frame: log.append("the signal came"))
    done = threading.Event()
    threading.Thread(target=done.wait).start()  # which would take the signal
    try:
        monkeypatch.setattr(multiprocessing.process.BaseProcess, "start", started)
        items = list(loader(2))
    finally:
        signal.signal(number, before)
        done.set()
    assert log == ["a worker was started", "a worker was started", "the signal came"]
    assert len(items) == 100
