"""As many processes as asked for, by gloo on the CPU; contradictions are refused; last words name the rank."""

from __future__ import annotations

import argparse
import functools
import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from detectron2.utils import comm
from torch import distributed, multiprocessing
from torch.multiprocessing import ProcessExitedException

from dnt_d2.processes import launching
from dnt_d2.processes.launching import RankError, argument_parser, launch_ranks


def parse(*options: str) -> argparse.Namespace:
    return argument_parser().parse_args(options)


@pytest.fixture(autouse=True)
def _outside_of_torchrun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOCAL_RANK", raising=False)


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What Detectron2's launch would have got, and which GPUs its processes would have seen."""
    calls: list[dict[str, Any]] = []

    def spy(main: Any, ranks: int, **rest: Any) -> None:
        calls.append({"ranks": ranks, "gpus": os.environ.get("CUDA_VISIBLE_DEVICES"), **rest})

    monkeypatch.setattr(launching, "launch", spy)
    return calls


def test_one_process_is_this_one() -> None:
    args = parse()
    seen: list[Any] = []
    assert launch_ranks(seen.append, args)
    assert seen == [args]


def test_launch_gets_the_machines_and_the_timeout(launched: list[dict[str, Any]]) -> None:
    options = ["--num-gpus", "3", "--num-machines", "2", "--machine-rank", "1", "--dist-url", "tcp://a:1"]
    launch_ranks(print, parse(*options, "--timeout", "1.5", "MODEL.DEVICE", "cpu"))
    (call,) = launched
    assert (call["ranks"], call["num_machines"], call["machine_rank"], call["dist_url"]) == (3, 2, 1, "tcp://a:1")
    assert call["timeout"] == timedelta(seconds=90)


def test_one_machine_takes_a_free_port(launched: list[dict[str, Any]]) -> None:
    launch_ranks(print, parse("--num-gpus", "2", "MODEL.DEVICE", "cpu"))
    assert launched[0]["dist_url"] == "auto"
    assert launched[0]["timeout"] == timedelta(minutes=30)


@pytest.mark.parametrize("before", [None, "0,1"])
def test_on_the_cpu_processes_see_no_gpu(
    launched: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    """Detectron2's launch joins them by NCCL where it sees one."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if before is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", before)
    launch_ranks(print, parse("--num-gpus", "2", "MODEL.DEVICE", "cpu"))
    assert launched[0]["gpus"] == ""
    assert os.environ.get("CUDA_VISIBLE_DEVICES") == before


def test_on_gpus_processes_see_them(launched: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5")
    launch_ranks(print, parse("--num-gpus", "2", "MODEL.DEVICE", "cuda"))
    assert launched[0]["gpus"] == "4,5"
    with pytest.raises(ValueError, match="--num-gpus is 3, but this machine has 2 GPUs"):
        launch_ranks(print, parse("--num-gpus", "3", "MODEL.DEVICE", "cuda"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--num-gpus", "0"], "--num-gpus 0 and --num-machines 1 must be 1 or more"),
        (["--num-machines", "2", "--machine-rank", "2"], "--machine-rank is 2, but with --num-machines 2"),
        (["--num-machines", "2"], r"--num-machines is 2: give --dist-url tcp://HOST:PORT too"),
        (["--num-machines", "2", "--dist-url", "auto"], "give --dist-url tcp://HOST:PORT too"),
        (["--timeout", "0"], "--timeout is 0: it must be above 0 minutes"),
    ],
)
def test_contradictions_are_refused(options: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        launch_ranks(print, parse(*options))


def test_torchrun_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "2"}
    for name, value in (told | {"MASTER_ADDR": "a", "MASTER_PORT": "1"}).items():
        monkeypatch.setenv(name, value)
    ran: list[Any] = []
    monkeypatch.setattr(launching, "run_place", lambda *args: ran.append(args[2:]))
    assert launch_ranks(print, parse("MODEL.DEVICE", "cpu"))
    assert ran == [(launching.place_from(os.environ), "cpu")]
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert not launch_ranks(print, parse("MODEL.DEVICE", "cpu"))
    with pytest.raises(ValueError, match="--num-gpus is 4, but torchrun says 2"):
        launch_ranks(print, parse("--num-gpus", "4"))


def note_group(args: argparse.Namespace) -> None:
    """Each rank leaves a file; the second one then does as the last option says."""
    torch.set_num_threads(1)
    told = f"{comm.get_world_size()} {comm.get_local_rank()} {distributed.get_backend()}"
    Path(args.config_file).with_name(f"rank_{comm.get_rank()}").write_text(told)
    if comm.get_rank() == 1 and args.eval_only:
        os.kill(os.getpid(), signal.SIGKILL)
    if comm.get_rank() == 1 and args.resume:
        raise ZeroDivisionError("in the second rank")
    comm.synchronize()


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Options of two forked processes: to start anew they would import everything, which takes longer."""
    fork = functools.partial(multiprocessing.start_processes, start_method="fork")
    monkeypatch.setattr(multiprocessing, "start_processes", fork)
    monkeypatch.setattr("dnt_d2.processes.ranks.SECONDS_FOR_THE_CAUSE", 1.0)
    (tmp_path / "c.yaml").write_text(f"OUTPUT_DIR: {tmp_path / 'out'}\nMODEL: {{DEVICE: cpu}}\nVERSION: 2\n")
    return ["--num-gpus", "2", "--timeout", "0.5", "--config-file", str(tmp_path / "c.yaml")]


def test_two_processes_are_joined_by_gloo(two: list[str], tmp_path: Path) -> None:
    assert launch_ranks(note_group, parse(*two))
    assert [(tmp_path / f"rank_{i}").read_text() for i in range(2)] == ["2 0 gloo", "2 1 gloo"]


def test_a_rank_that_raises_is_named_with_its_error(two: list[str], tmp_path: Path) -> None:
    with pytest.raises(RankError) as caught:
        launch_ranks(note_group, parse(*two, "--resume"))
    words = str(caught.value)
    assert "ZeroDivisionError: in the second rank\n\nrank 1 of 2 (process " in words
    assert f"Its log is {tmp_path / 'out' / 'log.txt.rank1'}" in words
    assert words.endswith("a training with --resume.")


def test_a_rank_that_is_killed_is_named(two: list[str]) -> None:
    with pytest.raises(RankError, match=r"^rank 1 of 2 \(process \d+\) was ended by SIGKILL \(which the system sends"):
        launch_ranks(note_group, parse(*two, "--eval-only"))


def test_a_rank_that_exits_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def exits(*args: Any, **kwargs: Any) -> None:
        raise ProcessExitedException("", error_index=0, error_pid=7, exit_code=3)

    monkeypatch.setattr(launching, "launch", exits)
    options = ["--num-gpus", "2", "--num-machines", "2", "--machine-rank", "1", "--dist-url", "tcp://a:1"]
    with pytest.raises(RankError, match=r"^rank 2 of 4 \(process 7\) ended with exit status 3; .*/log\.txt\.rank2\. "):
        launch_ranks(print, parse(*options, "OUTPUT_DIR", "some/where", "MODEL.DEVICE", "cpu"))
