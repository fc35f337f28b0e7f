"""Trainings that are killed, or asked to stop, at random moments, and resumed."""

from __future__ import annotations

import random
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
        plan=_plan(stops, seed, ("iterations", "evaluation")),
        strike=lambda trial: trial.send(number),
        status=128 + number,
    )


@dataclass(frozen=True)
class _Stroke:
    """When to strike: so many seconds into a moment, the first after so many new checkpoints."""

    moment: str
    checkpoints: int
    delay: float


def _plan(count: int, seed: int, moments: Sequence[str] = _MOMENTS) -> list[_Stroke]:
    """Each kind of moment in turn, in random order."""
    rng = random.Random(seed)
    kinds = [moments[i % len(moments)] for i in range(count)]
    rng.shuffle(kinds)
    return [_Stroke(kind, rng.randrange(2), 0.0 if "writing" in kind else rng.uniform(0.0, 1.5)) for kind in kinds]


def _interrupted(
    run: SmallRun,
    expected: Outcome,
    name: str,
    *,
    what: str,
    plan: list[_Stroke],
    strike: Callable[[Trial], int],
    status: int,
) -> Fault:
    began, folder = time.monotonic(), run.folder / name
    survived, again, struck, starts = 0, 0, Counter[str](), list[int]()
    for stroke in plan:
        trial = Trial.begin(run, name, "--resume", **keys(SIZES))
        if not _comes(stroke, trial, folder):
            survived += trial.end() == 0  # it was through before its moment came
            continue
        trial.go_on_for(stroke.delay)
        ended = strike(trial)
        struck[stroke.moment] += ended == status
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


def _comes(stroke: _Stroke, trial: Trial, folder: Path) -> bool:
    """Wait for the moment; False when the training ended before."""
    saved = "Saving checkpoint to"
    if not trial.says(BEGUN) or not trial.wait_for(lambda: trial.said().count(saved) >= stroke.checkpoints):
        return False
    if stroke.moment == "writing a checkpoint":
        left = set(folder.glob(".model_*.tmp"))  # by the one that was killed before
        return trial.wait_for(lambda: any(path not in left for path in folder.glob(".model_*.tmp")))
    evaluations = trial.said().count(EVALUATING)
    return stroke.moment == "iterations" or trial.wait_for(lambda: trial.said().count(EVALUATING) > evaluations)


def first_iteration(text: str) -> int:
    """Where a training has begun, by what it said; -1 if it didn't."""
    found = re.search(rf"{BEGUN} (\d+)", text)
    return int(found[1]) if found else -1
