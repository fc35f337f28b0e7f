"""Processes leave their group before they end, say what went wrong, and end with their launcher."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from detectron2.utils import comm
from torch import distributed

from dnt_d2.processes import ranks
from dnt_d2.processes.ranks import OthersGoneError, leave_groups, others_are_gone, run_rank

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


def fail(error: Exception) -> None:
    raise error


def test_after_an_error_nobody_is_waited_for(group: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The others may never come."""
    with monkeypatch.context() as patch:
        patch.setattr(comm, "synchronize", lambda: pytest.fail("waits for the others"))
        patch.setattr(ranks.time, "sleep", lambda seconds: pytest.fail("is the cause, and waits"))
        with pytest.raises(ZeroDivisionError):
            run_rank(fail, ZeroDivisionError())
    assert distributed.is_initialized()


LOST = RuntimeError("[/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]")


def test_a_rank_that_lost_the_others_says_so_and_lets_the_cause_go_first(
    group: set[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    waited: list[float] = []
    with monkeypatch.context() as patch:
        patch.setattr(ranks.time, "sleep", waited.append)
        with pytest.raises(OthersGoneError, match=r"rank 0 of 1 lost the others: .* log\.txt\.rankN") as caught:
            run_rank(fail, LOST)
    assert caught.value.__cause__ is LOST
    assert waited == [ranks.SECONDS_FOR_THE_CAUSE]
    assert "rank 0 of 1 failed" in caplog.text


def test_one_process_has_no_others_to_lose() -> None:
    with pytest.raises(RuntimeError) as caught:
        run_rank(fail, LOST)
    assert caught.value is LOST


@pytest.mark.parametrize(
    ("error", "gone"),
    [
        (LOST, True),
        (RuntimeError("Timed out waiting 6000ms for recv operation to complete"), True),
        (distributed.DistBackendError("NCCL error"), True),
        (RuntimeError("The size of tensor a (3) must match the size of tensor b (4)"), False),
        (ValueError("gloo"), False),
    ],
)
def test_errors_that_mean_other_ranks(error: Exception, gone: bool) -> None:
    assert others_are_gone(error) is gone


# A launcher that starts a rank, tells its number, and waits. No network: end_with_parent alone is loaded from its file.
_LAUNCHER = """
import subprocess, sys, os
rank = subprocess.Popen([sys.executable, "-c", sys.argv[1], str(os.getpid())], stdout=subprocess.PIPE, text=True)
print(rank.pid, rank.stdout.readline(), flush=True)
rank.wait()
"""
_RANK = """
import ast, ctypes, os, signal, sys, time
tree = ast.parse(open({path!r}).read())
tree.body = [node for node in tree.body if getattr(node, "name", "") == "end_with_parent"]
exec(compile(tree, "ranks", "exec"))
end_with_parent(int(sys.argv[1]))
print("ready", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the system tells of a parent's end on Linux alone")
def test_a_rank_ends_when_its_launcher_is_killed() -> None:
    code = _RANK.format(path=ranks.__file__)
    launcher = subprocess.Popen([sys.executable, "-c", _LAUNCHER, code], stdout=subprocess.PIPE, text=True)
    assert launcher.stdout is not None
    rank = int(launcher.stdout.readline().split()[0])
    launcher.send_signal(signal.SIGKILL)
    launcher.wait()
    limit = time.monotonic() + 10
    while not ended(rank):
        assert time.monotonic() < limit, "an orphan"
        time.sleep(0.01)


def ended(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True
