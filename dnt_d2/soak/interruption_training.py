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
    began, folders = time.monotonic(), [run.folder / name]
    survived, struck, starts = 0, Counter[str](), list[int]()
    for stroke in plan:
        ended, start = _struck(run, folders, stroke, strike)
        struck[stroke.moment] += ended == status
        survived += ended == status
        starts.append(start)
    last = Trial.begin(run, folders[-1].name, "--resume", **keys(SIZES))
    finished = last.end() == 0
    starts.append(first_iteration(last.said()))
    logs = "".join(folder.with_suffix(".log").read_text(errors="replace") for folder in folders)
    return Fault(
        POINT,
        what,
        "--resume goes on; weights, optimiser and records in the end are those of an undisturbed run, bit for bit",
        injected=len(plan),
        survived=survived if finished else 0,
        lost=sum(Outcome.read(folder).lost(expected) for folder in folders) if finished else STEPS,
        unit="iterations",
        seconds=time.monotonic() - began,
        details={
            "struck in": dict(struck),
            "started at iterations": starts,
            "without a checkpoint yet": logs.count("beginning anew"),
            "trainings": len(folders),
        },
    )


def _struck(run: SmallRun, folders: list[Path], stroke: _Stroke, strike: Callable[[Trial], int]) -> tuple[int, int]:
    """Go on with the last training until the moment has come, and strike.

    One that is through before is followed by another in a folder of its own, so that each stroke hits something.

    Returns:
        the exit status, and the iteration that it had begun with.
    """
    while True:
        trial = Trial.begin(run, folders[-1].name, "--resume", **keys(SIZES))
        if _comes(stroke, trial, folders[-1]):
            trial.go_on_for(stroke.delay)
            ended = strike(trial)
        else:
            ended = trial.end()
        if ended != 0 or len(folders) > STEPS:
            return ended, first_iteration(trial.said())
        folders.append(folders[0].with_name(f"{folders[0].name}_{len(folders) + 1}"))


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
