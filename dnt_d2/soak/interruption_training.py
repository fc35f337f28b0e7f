"""Trainings that are killed, or asked to stop, at random moments, and resumed."""

from __future__ import annotations

import random
import re
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from .interruption_runs import BEGUN, EVALUATING, SIZES, STEPS, Outcome, Trial, keys
from .record import Fault
from .small_run import SmallRun

POINT = "interruption"
_MOMENTS = ("iterations", "writing a checkpoint", "evaluation")


def killed_training(run: SmallRun, expected: Outcome, kills: int, seed: int) -> Fault:
    """``kill -9`` of all processes, at random and in the midst of what takes long; ``--resume`` after each."""
    return _interrupted(
        run,
        expected,
        "killed",
        what="kill -9 in training",
        plan=_plan(kills, seed),
        strike=lambda trial: trial.send(signal.SIGKILL),
        status=-signal.SIGKILL,
    )


def stopped_training(run: SmallRun, expected: Outcome, stops: int, seed: int, number: signal.Signals) -> Fault:
    """SIGTERM or SIGINT to all processes, loader workers too."""
    return _interrupted(
        run,
        expected,
        number.name.lower(),
        what=f"{number.name} in training, to every process",
        plan=[(moment, delay) for moment, delay in _plan(stops, seed) if moment != "writing a checkpoint"]
        or [("iterations", 0.5)],
        strike=lambda trial: trial.send(number),
        status=128 + number,
    )


def _plan(count: int, seed: int) -> list[tuple[str, float]]:
    """Each kind of moment in turn, in random order, and how many seconds after it begins."""
    rng = random.Random(seed)
    moments = [_MOMENTS[i % len(_MOMENTS)] for i in range(count)]
    rng.shuffle(moments)
    return [(moment, 0.0 if "writing" in moment else rng.uniform(0.0, 2.0)) for moment in moments]


def _interrupted(
    run: SmallRun,
    expected: Outcome,
    name: str,
    *,
    what: str,
    plan: list[tuple[str, float]],
    strike: Callable[[Trial], int],
    status: int,
) -> Fault:
    began, folder = time.monotonic(), run.folder / name
    survived, again, struck, starts = 0, 0, Counter[str](), list[int]()
    for moment, delay in plan:
        trial = Trial.begin(run, name, "--resume", **keys(SIZES))
        if not _comes(moment, trial, folder):
            survived += trial.end() == 0  # it was through before its moment came
            continue
        trial.go_on_for(delay)
        ended = strike(trial)
        struck[moment] += ended == status
        survived += ended in (0, status)
        starts.append(first_iteration(trial.said()))
    last = Trial.begin(run, name, "--resume", **keys(SIZES))
    finished = last.end() == 0
    starts.append(first_iteration(last.said()))
    again = len(re.findall(r"beginning anew", last.log.read_text(errors="replace")))
    return Fault(
        POINT,
        what,
        "--resume goes on; weights, optimiser and records in the end are those of an undisturbed run, bit for bit",
        injected=len(plan),
        survived=survived if finished else 0,
        lost=Outcome.read(folder).lost(expected) if finished else STEPS,
        unit="iterations",
        seconds=time.monotonic() - began,
        details={"struck in": dict(struck), "started at iterations": starts, "without a checkpoint yet": again},
    )


def _comes(moment: str, trial: Trial, folder: Path) -> bool:
    if moment == "writing a checkpoint":
        left = set(folder.glob(".model_*.tmp"))  # by the one that was killed before
        return trial.wait_for(lambda: any(path not in left for path in folder.glob(".model_*.tmp")))
    return trial.says(EVALUATING if moment == "evaluation" else BEGUN)


def first_iteration(text: str) -> int:
    """Where a training has begun, by what it said; -1 if it didn't."""
    found = re.search(rf"{BEGUN} (\d+)", text)
    return int(found[1]) if found else -1
