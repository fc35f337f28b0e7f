"""A training that is killed and resumed records and evaluates what it would have in one go."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from detectron2.engine import HookBase, TrainerBase
from detectron2.engine.hooks import EvalHook, PeriodicWriter
from detectron2.utils.events import get_event_storage

from dnt_d2.training.metrics_file import MetricsFile
from dnt_d2.training.records import Records

STEPS, SAVED, EVALUATED, WRITTEN = 24, 3, 4, 6  # a checkpoint after every third iteration, and so on


class KillError(Exception):
    """Ends the "process" at some moment."""


class Training(TrainerBase):
    """Without a network: the loss is a function of the iteration."""

    def __init__(self, folder: Path, at: Callable[[str, int], None] = lambda moment, iteration: None) -> None:
        """``at`` is told of each moment: step, evaluation, evaluated, written."""
        super().__init__()
        self.at, self.states, self.evaluations = at, dict[int, Any](), list[int]()
        metrics = MetricsFile(folder / "metrics.json")
        later = [EvalHook(EVALUATED, self.evaluate), PeriodicWriter([metrics], WRITTEN)]
        self.register_hooks([Saver(), *later, Teller("written"), Records(later, metrics)])

    def run_step(self) -> None:
        self.at("step", self.iter)
        get_event_storage().put_scalars(loss=(self.iter * 7919) % 101 / 7, lr=0.5)

    def evaluate(self) -> dict[str, Any]:
        self.at("evaluation", self.iter)
        self.evaluations.append(self.iter)
        self.at("evaluated", self.iter)
        return {"tube": {"AP50": self.iter + 0.5, "AP50-car": float("nan")}}

    def go_on(self, state: dict[str, Any] | None) -> None:
        if state is not None:
            self.load_state_dict(copy.deepcopy(state))
        self.train(0 if state is None else self.iter + 1, STEPS)


class Saver(HookBase):
    def after_step(self) -> None:
        if (self.trainer.iter + 1) % SAVED == 0:
            self.trainer.states[self.trainer.iter] = copy.deepcopy(self.trainer.state_dict())


class Teller(HookBase):
    def __init__(self, moment: str) -> None:
        self.moment = moment

    def after_step(self) -> None:
        self.trainer.at(self.moment, self.trainer.iter)


def lines(folder: Path) -> list[str]:
    return (folder / "metrics.json").read_text().splitlines()


@pytest.fixture
def whole(tmp_path: Path) -> list[str]:
    folder = tmp_path / "whole"
    training = Training(folder)
    training.go_on(None)
    assert training.evaluations == [3, 7, 11, 15, 19, 24]
    found = lines(folder)
    assert [json.loads(line)["iteration"] for line in found] == [3, 5, 11, 15, 17, 19, 23, 24]
    return found


def killed(folder: Path, state: Any, moment: str, iteration: int) -> Training:
    """A training that dies then; what the error made it write is taken away, as a kill has no time for that."""
    left = b""

    def at(now: str, i: int) -> None:
        nonlocal left
        if (now, i) == (moment, iteration):
            left = (folder / "metrics.json").read_bytes() if (folder / "metrics.json").exists() else b""
            raise KillError

    training = Training(folder, at)
    with pytest.raises(KillError):
        training.go_on(state)
    (folder / "metrics.json").write_bytes(left)
    return training


# After iteration 11 there is everything: a checkpoint, an evaluation, a line.
MOMENTS = [("step", i) for i in (0, 2, 3, 9, 12, 14, 17, 22)]
MOMENTS += [(moment, 11) for moment in ("evaluation", "evaluated", "written")] + [("evaluation", 3), ("written", 5)]


@pytest.mark.parametrize(("moment", "iteration"), MOMENTS)
def test_killed_once(tmp_path: Path, whole: list[str], moment: str, iteration: int) -> None:
    first = killed(tmp_path, None, moment, iteration)
    last = max(first.states, default=None)
    second = Training(tmp_path)
    second.go_on(None if last is None else first.states[last])
    assert lines(tmp_path) == whole
    # Each evaluation is done, and none again that is recorded.
    assert {*first.evaluations, *second.evaluations} == {3, 7, 11, 15, 19, 24}
    if (moment, iteration) in (("written", 11), ("step", 12)):
        assert 11 not in second.evaluations


def test_killed_again_and_again(tmp_path: Path, whole: list[str]) -> None:
    state: Any = None
    for moment, iteration in (("step", 4), ("evaluation", 7), ("step", 13), ("evaluation", 15), ("written", 15)):
        training = killed(tmp_path, state, moment, iteration)
        state = training.states.get(max(training.states, default=-1), state)
    Training(tmp_path).go_on(state)
    assert lines(tmp_path) == whole


def test_stopped_with_a_checkpoint_in_between(tmp_path: Path, whole: list[str]) -> None:
    """As at a signal: Detectron2 writes a line of that iteration, which a run in one go has not."""

    def at(moment: str, iteration: int) -> None:
        if (moment, iteration) == ("written", 12):
            training.states[12] = copy.deepcopy(training.state_dict())
            raise KillError

    training = Training(tmp_path, at)
    with pytest.raises(KillError):
        training.go_on(None)
    assert json.loads(lines(tmp_path)[-1])["iteration"] == 12
    Training(tmp_path).go_on(training.states[12])
    assert lines(tmp_path) == whole


def test_an_older_checkpoint_takes_the_file_back_further(tmp_path: Path, whole: list[str]) -> None:
    """The newer ones are damaged, say."""
    training = Training(tmp_path)
    training.go_on(None)
    Training(tmp_path).go_on(training.states[8])
    assert lines(tmp_path) == whole


def test_a_checkpoint_of_an_earlier_version(tmp_path: Path, whole: list[str]) -> None:
    """It says nothing of records; lines of later iterations go, the others stay."""
    training = Training(tmp_path)
    training.go_on(None)
    state = training.states[11]
    del state["hooks"]["Records"]
    second = Training(tmp_path)
    second.go_on(state)
    assert second.evaluations == [15, 19, 24]
    assert lines(tmp_path)[:3] == whole[:3]
    assert [json.loads(x)["iteration"] for x in lines(tmp_path)] == [json.loads(x)["iteration"] for x in whole]


def test_a_finished_training_resumed(tmp_path: Path, whole: list[str]) -> None:
    """Or one that was killed in its last evaluation."""
    training = Training(tmp_path)
    training.go_on(None)
    Training(tmp_path).go_on(training.states[23])
    assert lines(tmp_path) == whole


def test_the_state_is_small_and_plain(tmp_path: Path) -> None:
    training = Training(tmp_path)
    training.go_on(None)
    state = training.states[23]["hooks"]["Records"]
    torch.save(state, tmp_path / "state.pth")
    assert torch.load(tmp_path / "state.pth", weights_only=True)["written"] == 17
    assert len(state["scalars"]["loss"]["values"]) == 20
