"""Two ranks that are asked to stop: the launcher is, or one of them alone."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from .interruption_runs import BEGUN, SIZES, STEPS, Outcome, Trial, keys
from .interruption_training import POINT, first_iteration
from .record import Fault
from .small_run import SmallRun

_OPTIONS = ("--num-gpus", "2")


def stopped_ranks(run: SmallRun) -> Fault:
    """SIGTERM to the launcher alone; in the resumed training, to its second rank alone."""
    began, name, survived, starts = time.monotonic(), "ranks", 0, list[int]()
    sizes = keys({**SIZES, "SOLVER.MAX_ITER": STEPS // 2, "TEST.EVAL_PERIOD": 0})
    Trial.begin(run, "whole_ranks", *_OPTIONS, **sizes).end()
    for second_rank in (False, True):
        trial = Trial.begin(run, name, *_OPTIONS, "--resume", **sizes)
        trial.says(BEGUN)
        trial.go_on_for(2.0)
        os.kill(_ranks(trial.process.pid)[1] if second_rank else trial.process.pid, signal.SIGTERM)
        survived += trial.end() == 128 + signal.SIGTERM
        starts.append(first_iteration(trial.said()))
    last = Trial.begin(run, name, *_OPTIONS, "--resume", **sizes)
    finished = last.end() == 0
    starts.append(first_iteration(last.said()))
    expected = Outcome.read(run.folder / "whole_ranks")
    return Fault(
        POINT,
        "SIGTERM in training on two ranks: to the launcher alone, to the second rank alone",
        "both ranks stop after the same iteration, with a checkpoint and exit status 143; --resume, the same end",
        injected=2,
        survived=survived if finished and starts == sorted(set(starts)) else 0,
        lost=Outcome.read(run.folder / name).lost(expected) if finished else STEPS,
        unit="iterations",
        seconds=time.monotonic() - began,
        details={"started at iterations": starts},
    )


def _ranks(launcher: int) -> list[int]:
    """Processes that a launcher started, without those that only serve it, in order."""
    children = [int(x) for x in Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()]
    return [x for x in children if b"spawn_main" in Path(f"/proc/{x}/cmdline").read_bytes()]
