"""Processes leave their group before they end: its threads are gone, whoever still held it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from detectron2.utils import comm
from torch import distributed

from dnt_d2.launching import launch_ranks, leave_groups, run_rank

_TASKS = Path("/proc/self/task")
needs_proc = pytest.mark.skipif(not _TASKS.is_dir(), reason="counts threads in /proc, which is Linux's")


@pytest.fixture
def group() -> Iterator[set[str]]:
    """The groups of a process that Detectron2's `launch` started, here of one rank; gives their threads."""
    before = set(os.listdir(_TASKS)) if _TASKS.is_dir() else set()
    distributed.init_process_group("gloo", store=distributed.HashStore(), world_size=1, rank=0)
    comm.create_local_process_group(1)
    gathered: list[Any] = [None]
    distributed.all_gather_object(gathered, {"some": "thing"})
    yield set(os.listdir(_TASKS)) - before if _TASKS.is_dir() else set()
    leave_groups()


def test_without_a_group_there_is_nothing_to_leave() -> None:
    leave_groups()
    assert not distributed.is_initialized()


@needs_proc
def test_no_thread_is_left(group: set[str]) -> None:
    """Nor when a model that nobody uses, and is part of a circle, still has the group."""
    model: Any = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(2, 2))
    model.itself = [model]
    del model
    assert group
    assert group <= set(os.listdir(_TASKS))
    leave_groups()
    assert not distributed.is_initialized()
    assert not group & set(os.listdir(_TASKS))


def test_a_group_can_be_made_again(group: set[str]) -> None:
    leave_groups()
    distributed.init_process_group("gloo", store=distributed.HashStore(), world_size=1, rank=0)
    comm.create_local_process_group(1)
    assert comm.get_local_size() == 1


def test_the_group_is_there_until_main_ends(group: set[str]) -> None:
    seen = []
    run_rank(lambda *args: seen.append((args, distributed.is_initialized())), 1, "two")
    assert seen == [((1, "two"), True)]
    assert not distributed.is_initialized()


def test_after_an_error_nobody_is_waited_for(group: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The others may never come."""

    def fail() -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(comm, "synchronize", lambda: pytest.fail("waits for the others"))
        with pytest.raises(ZeroDivisionError):
            run_rank(fail)
    assert distributed.is_initialized()


def test_one_process_is_this_one() -> None:
    args = argparse.Namespace(num_gpus=1, num_machines=1, machine_rank=0, dist_url="auto")
    seen = []
    launch_ranks(seen.append, args)
    assert seen == [args]
