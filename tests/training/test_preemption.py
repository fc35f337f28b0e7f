"""A signal ends a training after its iteration, with a checkpoint, and an evaluation at once; launchers pass it on."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from detectron2.engine import HookBase, TrainerBase
from detectron2.engine.hooks import EvalHook
from detectron2.utils import comm
from torch.multiprocessing import ProcessExitedException, start_processes

from dnt_d2.training.preemption import StopOnSignal, signals_passed_on

STEPS = 6


class Checkpointer:
    """Keeps names and iterations."""

    def __init__(self) -> None:
        self.saved, self.all = "", list[tuple[str, int]]()

    def save(self, name: str, iteration: int) -> None:
        self.saved = f"{name}.pth"
        self.all.append((name, iteration))


class Periodic(HookBase):
    """A checkpoint after every third iteration, and at the end."""

    def after_step(self) -> None:
        if (self.trainer.iter + 1) % 3 == 0:
            self.trainer.checkpointer.save(f"model_{self.trainer.iter:07d}", self.trainer.iter)
        if self.trainer.iter + 1 == self.trainer.max_iter:
            self.trainer.checkpointer.save("model_final", self.trainer.iter)


class Training(TrainerBase):
    """Evaluates after every second iteration, and at the end."""

    def __init__(self, at: Callable[[str, int], None]) -> None:
        """``at`` is told when a step begins and ends ("step", "stepped"), and an evaluation."""
        super().__init__()
        self.at, self.log = at, list[str]()
        self.checkpointer: Any = Checkpointer()
        self.stop = StopOnSignal(self.checkpointer)
        self.register_hooks([Periodic(), self.stop, EvalHook(2, self.evaluate)])

    def run_step(self) -> None:
        self.at("step", self.iter)
        self.log.append(f"step {self.iter}")

    def evaluate(self) -> dict[str, Any]:
        self.at("evaluation", self.iter)
        self.log.append(f"evaluation {self.iter}")
        return {}

    def go(self, start: int = 0) -> Training:
        with self.stop.listening():
            self.train(start, STEPS)
        return self


def sends(*numbers: int, moment: str, iteration: int) -> Callable[[str, int], None]:
    def at(now: str, i: int) -> None:
        if (now, i) == (moment, iteration):
            for number in numbers:
                os.kill(os.getpid(), number)
                time.sleep(0)  # the interpreter looks at signals between two lines

    return at


def stopped(at: Callable[[str, int], None], start: int = 0) -> tuple[Training, Any]:
    training = Training(at)
    with pytest.raises(SystemExit) as stop:
        training.go(start)
    return training, stop.value.code


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Those of before are there again."""
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    yield
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


def test_without_a_signal_nothing_changes() -> None:
    training = Training(lambda moment, iteration: None).go()
    assert training.log[-3:] == ["step 4", "step 5", f"evaluation {STEPS}"]
    assert [name for name, _ in training.checkpointer.all] == ["model_0000002", "model_0000005", "model_final"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("iteration", [0, 1, 3, 4])
def test_the_iteration_ends_and_is_saved(number: signal.Signals, iteration: int) -> None:
    training, code = stopped(sends(number, moment="step", iteration=iteration))
    assert code == 128 + number
    assert training.log[-1] == f"step {iteration}"
    assert training.checkpointer.all[-1] == (f"model_{iteration:07d}", iteration)


def test_what_is_saved_is_not_saved_again() -> None:
    training, _ = stopped(sends(signal.SIGTERM, moment="step", iteration=2))
    assert training.checkpointer.all == [("model_0000002", 2)]


def test_in_the_last_iteration_nothing_is_evaluated() -> None:
    """That may take hours; --resume does it."""
    training, code = stopped(sends(signal.SIGTERM, moment="step", iteration=STEPS - 1))
    assert code == 143
    assert training.log[-1] == f"step {STEPS - 1}"
    assert training.checkpointer.saved == "model_final.pth"


@pytest.mark.parametrize(("iteration", "saved"), [(1, "model_0000001.pth"), (3, "model_0000003.pth")])
def test_an_evaluation_ends_at_once(iteration: int, saved: str) -> None:
    training, code = stopped(sends(signal.SIGTERM, moment="evaluation", iteration=iteration))
    assert code == 143
    assert training.log[-1] == f"step {iteration}"
    assert training.checkpointer.saved == saved


def test_the_evaluation_at_the_end_ends_at_once() -> None:
    training, code = stopped(sends(signal.SIGINT, moment="evaluation", iteration=STEPS))
    assert code == 130
    assert training.log[-1] == f"step {STEPS - 1}"
    assert training.checkpointer.saved == "model_final.pth"


def test_a_resumed_training_that_has_done_nothing_saves_nothing() -> None:
    """It makes up for an evaluation first."""
    training = Training(sends(signal.SIGTERM, moment="evaluation", iteration=STEPS + 1))  # Detectron2 counts on
    with pytest.raises(SystemExit):
        training.go(STEPS)
    assert training.checkpointer.all == []


def test_sigterm_may_come_many_times() -> None:
    training, code = stopped(sends(signal.SIGTERM, signal.SIGTERM, signal.SIGINT, moment="step", iteration=3))
    assert code == 143
    assert training.checkpointer.saved == "model_0000003.pth"


def test_a_second_ctrl_c_is_in_earnest() -> None:
    training = Training(sends(signal.SIGINT, signal.SIGINT, moment="step", iteration=3))
    with pytest.raises(KeyboardInterrupt):
        training.go()
    assert training.log[-1] == "step 2"


def test_all_ranks_stop_when_one_is_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here the other one of two is, in iteration 3. This one doesn't return: a group's threads would abort it."""
    import torch

    monkeypatch.setattr(comm, "get_world_size", lambda: 2)
    monkeypatch.setattr(comm, "synchronize", lambda: ended.append("waited for all"))
    ended: list[Any] = []

    def end(code: int) -> None:
        ended.append(code)
        raise SystemExit(code)

    training = Training(lambda moment, iteration: None)
    training.model = torch.nn.Linear(1, 1)  # type: ignore[attr-defined]

    def all_reduce(flag: torch.Tensor, op: Any) -> None:
        flag.fill_(15 if training.iter == 3 else 0)

    monkeypatch.setattr(torch.distributed, "all_reduce", all_reduce)
    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr("logging.shutdown", lambda: None)
    with pytest.raises(SystemExit):
        training.go()
    assert training.log[-1] == "step 3"
    assert training.checkpointer.saved == "model_0000003.pth"
    assert ended == ["waited for all", "waited for all", 143]


def test_while_workers_start_sigterm_is_held_back() -> None:
    """They inherit that, and must not die before they ignore it."""
    held = {}

    def at(moment: str, iteration: int) -> None:
        held[moment, iteration] = signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, ())

    Training(at).go()
    assert [place for place, value in held.items() if value] == [("step", 0)]
    assert signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_in_another_thread_signals_are_left_alone() -> None:
    training = Training(lambda moment, iteration: None)
    thread = threading.Thread(target=training.go)
    thread.start()
    thread.join()
    assert training.log[-1] == f"evaluation {STEPS}"
    with signals_passed_on():
        pass


# The launcher


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_the_launcher_waits_for_its_ranks(
    tmp_path: Path, in_a_copy: Callable[..., int], number: signal.Signals, code: int
) -> None:
    def rank(index: int) -> None:
        def stop(received: int, frame: Any) -> None:
            time.sleep(0.1)
            (tmp_path / f"{index}").write_text(str(received))
            os._exit(143)

        signal.signal(signal.SIGTERM, stop)
        (tmp_path / f"ready{index}").touch()
        time.sleep(60)

    def launch() -> None:
        launcher = os.getpid()
        if not os.fork():
            while len(list(tmp_path.glob("ready*"))) < 2:
                time.sleep(0.01)
            os.kill(launcher, number)
            os._exit(0)
        try:
            with signals_passed_on():
                start_processes(rank, nprocs=2, start_method="fork")
        except SystemExit as stop:
            os._exit(int(str(stop.code)))

    assert in_a_copy(launch) == code
    assert [(tmp_path / name).read_text() for name in "01"] == ["15", "15"]


def failed(code: int) -> ProcessExitedException:
    return ProcessExitedException("", error_index=1, error_pid=7, exit_code=code)


@pytest.mark.parametrize("code", [143, 130])
def test_a_rank_that_was_asked_to_stop_alone(code: int) -> None:
    with pytest.raises(SystemExit) as stop, signals_passed_on():
        raise failed(code)
    assert stop.value.code == code


@pytest.mark.parametrize("code", [1, -9, -11])
def test_other_ends_are_no_stops(code: int) -> None:
    with pytest.raises(ProcessExitedException), signals_passed_on():
        raise failed(code)


def test_ranks_that_end_in_peace_after_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """As PyTorch has it."""
    monkeypatch.setattr(multiprocessing, "active_children", list)
    with pytest.raises(SystemExit) as stop, signals_passed_on():
        os.kill(os.getpid(), signal.SIGINT)
    assert stop.value.code == 130


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_copy_of_the_process_is_not_stopped(number: int, in_a_copy: Callable[..., int]) -> None:
    """As a loader's worker of an evaluation is one, until it has handlers of its own."""
    ended = []

    def at(moment: str, i: int) -> None:
        if (moment, i) == ("evaluation", 1):
            ended.append(in_a_copy(lambda: (os.kill(os.getpid(), number), time.sleep(0.01))))

    assert f"step {STEPS - 1}" in Training(at).go().log
    assert ended == [0]
