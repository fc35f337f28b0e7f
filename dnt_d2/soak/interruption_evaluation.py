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
    began, rng, folders = time.monotonic(), random.Random(seed), [run.folder / "killed_evaluation"]
    survived, finished = 0, list[int]()
    for kill in range(kills):
        while (status := _killed(run, folders[-1], rng, saving=kill % 2 == 0)) == 0:
            # It was through before: each kill shall hit something.
            folders.append(folders[0].with_name(f"{folders[0].name}_{len(folders) + 1}"))
        survived += status == -signal.SIGKILL
        finished.append(len(_videos(folders[-1])))
    kept = {path: path.stat().st_mtime_ns for path in _videos(folders[-1])}
    done = Trial.begin(run, folders[-1].name, "--eval-only", **options_of(run)).end() == 0
    untouched = all(path.stat().st_mtime_ns == written for path, written in kept.items())
    videos = len(_videos(folders[-1]))
    return Fault(
        POINT,
        "kill -9 in evaluation",
        "the same command goes on; finished videos are kept; the report is that of an undisturbed run",
        injected=kills,
        survived=survived if done and untouched else 0,
        lost=0 if done and all(report(folder) == expected for folder in folders) else videos,
        unit="videos",
        seconds=time.monotonic() - began,
        details={"finished videos after each": finished, "videos": videos, "evaluations": len(folders)},
    )


def _killed(run: SmallRun, folder: Path, rng: random.Random, *, saving: bool) -> int:
    """Start, or go on, and kill in the midst of saving a video, or a part of a second later; the exit status."""
    left, kept_before = set(_half_saved(folder)), len(_videos(folder))
    more, delay = rng.randrange(3), rng.random()
    trial = Trial.begin(run, folder.name, "--eval-only", **options_of(run))
    trial.says(EVALUATING)
    trial.wait_for(lambda: len(_videos(folder)) >= kept_before + more)
    if saving:
        trial.wait_for(lambda: bool(set(_half_saved(folder)) - left))
    else:
        trial.go_on_for(delay / 2)
    return trial.send(signal.SIGKILL)


def _videos(folder: Path) -> list[Path]:
    return sorted(folder.glob("inference/*/runs/*/videos/*.npz"))


def _half_saved(folder: Path) -> list[Path]:
    return list(folder.glob("inference/*/runs/*/videos/.*.tmp"))
