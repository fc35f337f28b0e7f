"""Evaluations that are killed at random moments, and started again by the same command."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path
from typing import Any

from .interruption_runs import EVALUATING, Trial, report
from .interruption_training import POINT
from .record import Fault
from .small_run import SmallRun


def options_of(run: SmallRun) -> dict[str, Any]:
    """Keys of an evaluation of the network that was trained first: 10 videos, frame by frame."""
    return {
        "MODEL__WEIGHTS": run.folder / "whole" / "model_final.pth",
        "DATASETS__TEST": "('minivid_val_seen', 'minivid_vid_train')",
        "TEST__SAVE_RUN": True,
        "TEST__FRAMES_PER_BATCH": 1,
    }


def killed_evaluation(run: SmallRun, expected: dict[str, Any], kills: int, seed: int) -> Fault:
    """``kill -9`` after up to two more videos: a part of a second later, or in the midst of saving the next."""
    began, rng, name = time.monotonic(), random.Random(seed), "killed_evaluation"
    folder, survived, struck, finished = run.folder / name, 0, 0, list[int]()
    for kill in range(kills):
        left, kept_before = set(_half_saved(folder)), len(_videos(folder))
        trial, more, delay = Trial.begin(run, name, "--eval-only", **options_of(run)), rng.randrange(3), rng.random()
        trial.says(EVALUATING)
        trial.wait_for(lambda n=kept_before + more: len(_videos(folder)) >= n)  # type: ignore[misc]
        if kill % 2 == 0:
            trial.wait_for(lambda old=left: set(_half_saved(folder)) - old)  # type: ignore[misc]
        else:
            trial.go_on_for(delay / 2)
        status = trial.send(signal.SIGKILL)
        struck += status == -signal.SIGKILL
        survived += status in (0, -signal.SIGKILL)
        finished.append(len(_videos(folder)))
    kept = {path: path.stat().st_mtime_ns for path in _videos(folder)}
    done = Trial.begin(run, name, "--eval-only", **options_of(run)).end() == 0
    untouched = all(path.stat().st_mtime_ns == written for path, written in kept.items())
    videos = len(_videos(folder))
    return Fault(
        POINT,
        "kill -9 in evaluation",
        "the same command goes on; finished videos are kept; the report is that of an undisturbed run",
        injected=kills,
        survived=survived if done and untouched else 0,
        lost=0 if done and report(folder) == expected else videos,
        unit="videos",
        seconds=time.monotonic() - began,
        details={"struck before the end": struck, "finished videos after each": finished, "videos": videos},
    )


def _videos(folder: Path) -> list[Path]:
    return sorted(folder.glob("inference/*/runs/*/videos/*.npz"))


def _half_saved(folder: Path) -> list[Path]:
    return list(folder.glob("inference/*/runs/*/videos/.*.tmp"))
