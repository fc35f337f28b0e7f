"""The soak of more processes and machines: its commands, its measures, and (slow) a small share of its faults."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from dnt_d2.soak.distributed import largest_difference, run
from dnt_d2.soak.distributed_cases import Case, signal_rank
from dnt_d2.soak.distributed_reference import same_checkpoints
from dnt_d2.soak.distributed_starts import Started, Way, has_ended
from dnt_d2.soak.record import Work

COMMAND = ["python", "train_net.py", "--config-file", "a.yaml"]


def test_one_machine_needs_no_meeting_point() -> None:
    assert Way("launch", 3).commands(COMMAND) == [
        ["python", "train_net.py", "--num-gpus", "3", "--config-file", "a.yaml"]
    ]


def test_a_module_is_a_program_too() -> None:
    (command,) = Way("launch", 2).commands(["python", "-m", "a.b", "--config-file", "a.yaml"])
    assert command == ["python", "-m", "a.b", "--num-gpus", "2", "--config-file", "a.yaml"]


def test_machines_differ_in_their_number_alone() -> None:
    first, second = Way("launch", 1, machines=2).commands(COMMAND)
    assert [pair for pair in zip(first, second, strict=True) if pair[0] != pair[1]] == [("0", "1")]
    assert first[first.index("--dist-url") + 1].startswith("tcp://127.0.0.1:")


def test_torchrun_gets_its_own_options() -> None:
    first, second = Way("torchrun", 2, machines=2).commands(COMMAND, "--max-restarts", "1")
    assert first[:3] == ["python", "-m", "torch.distributed.run"]
    assert first[-3:] == COMMAND[1:]
    assert [pair for pair in zip(first, second, strict=True) if pair[0] != pair[1]] == [("0", "1")]
    assert "--num-gpus" not in first


def test_the_largest_difference_counts_every_array_and_step() -> None:
    one = {"a": np.ones((2, 3)), "b": np.zeros((2, 3))}
    assert largest_difference(one, one) == 0
    other = {"a": np.array([[1, 1, 1], [1, 1, 1.003]]), "b": np.zeros((2, 3))}
    assert largest_difference(one, other) == pytest.approx(0.003 / 3**0.5)
    assert largest_difference(one, {"a": one["a"]}) == largest_difference({}, {}) == float("inf")


def test_a_run_without_checkpoints_equals_nothing(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "abcd"]
    for folder, value in zip(folders, (1.0, 1.0, 1.5, 1.0), strict=True):
        folder.mkdir()
        torch.save({"model": {"w": torch.tensor([value])}}, folder / "model_final.pth")
    (folders[3] / "model_0000003.pth").touch()
    assert same_checkpoints(folders[0], folders[1])
    assert not same_checkpoints(folders[0], folders[2])  # another weight
    assert same_checkpoints(folders[0], folders[3])
    assert not same_checkpoints(folders[3], folders[0])  # a checkpoint is missing
    assert not same_checkpoints(tmp_path, tmp_path)


def test_ranks_are_found_in_their_logs(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    case = Case(Way("launch", 2), "x", Started([process], tmp_path, tmp_path / "x.log"))
    assert case.started.rank(1) is None
    assert not signal_rank(case, 9)
    (tmp_path / "log.txt.rank1").write_text(
        f"... rank 1 of 2 is process 1 on x\n... rank 1 of 2 is process {process.pid} on x"
    )
    assert not has_ended(process.pid)
    assert signal_rank(case, 9)
    assert case.started.wait(10) == [-9]
    assert has_ended(process.pid)
    assert not signal_rank(case, 9)


def test_a_launcher_that_hangs_is_killed(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = Started([process], tmp_path, tmp_path / "x.log")
    assert not started.until(lambda: False, seconds=0.05)
    assert started.wait(0.0, machines=1) == [None]
    assert started.running()
    assert started.wait(0.0) == [None]
    assert not started.running()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", False),
        ("RankError: rank 1 of 2 (process 7) was ended by SIGKILL", True),
        ("  rank      : 1 (local_rank: 1)", True),
        ("rank 0 of 2 (process 7) was ended by SIGKILL", False),
    ],
)
def test_the_rank_must_be_named(tmp_path: Path, text: str, named: bool) -> None:
    log = tmp_path / "x.log"
    log.write_text(text)
    assert Case(Way("launch", 2), "x", Started([], tmp_path, log)).names_the_rank is named


@pytest.mark.slow
def test_a_small_share_is_survived(tmp_path: Path) -> None:
    """One way to start for each kind of fault: about three minutes."""
    faults = list(run(Work(tmp_path, amount=0.01)))
    assert len(faults) == 10
    assert [fault for fault in faults if not fault.passed] == []
