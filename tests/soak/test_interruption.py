"""The point "interruption", in small; and what tells a training that lost something from one that didn't."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from dnt_d2.soak import interruption
from dnt_d2.soak.interruption_runs import STEPS, Outcome, same
from dnt_d2.soak.record import Work


def leave(folder: Path, *, weight: float = 1.0, iterations: tuple[int, ...] = (3, 7), **scalars: Any) -> Path:
    """What a training leaves in its folder."""
    folder.mkdir()
    hooks = {"Records": {"written": len(folder.name)}, "LRScheduler": {"last_epoch": 7}}
    torch.save({"model": {"w": torch.tensor([weight])}, "trainer": {"hooks": hooks}}, folder / "model_final.pth")
    lines = [json.dumps({"iteration": i, "loss": i / 2, "time": len(folder.name), **scalars}) for i in iterations]
    (folder / "metrics.json").write_text("\n".join(lines) + "\n")
    return folder


def test_nothing_left_is_everything_lost(tmp_path: Path) -> None:
    assert Outcome.read(tmp_path).lost(Outcome.read(leave(tmp_path / "whole"))) == STEPS


@pytest.mark.parametrize(
    ("changes", "lost"),
    [
        ({}, 0),
        ({"weight": 1.0000001}, STEPS),
        ({"iterations": (3,)}, 1),
        ({"iterations": (3, 7, 9)}, 1),
        ({"iterations": (3, 3, 7)}, 1),
        ({"loss": 0.1}, 2),
    ],
)
def test_what_counts_as_lost(tmp_path: Path, changes: dict[str, Any], lost: int) -> None:
    expected, found = (leave(tmp_path / name, **c) for name, c in (("whole", {}), ("killed", changes)))
    assert Outcome.read(found).lost(Outcome.read(expected)) == lost


def test_same_to_the_last_bit() -> None:
    one = {"a": [torch.tensor([1.0, 2.0]), float("nan")], "b": (3, "x")}
    assert same(one, {"a": [torch.tensor([1.0, 2.0]), float("nan")], "b": (3, "x")})
    for other in ({"a": 1}, {**one, "b": (3, "y")}, {**one, "a": [torch.tensor([1, 2]), float("nan")]}):
        assert not same(one, other)


@pytest.mark.slow
def test_a_kill_a_signal_and_a_killed_evaluation(tmp_path: Path) -> None:
    faults = list(interruption.run(Work(tmp_path, amount=0.1)))
    assert [fault.injected for fault in faults] == [1, 1, 1]
    assert all(fault.passed for fault in faults), faults
