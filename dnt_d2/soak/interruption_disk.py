"""Full disks: a small one in memory, or, for who isn't root, a limit to the size of files that has the same effect."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .interruption_runs import SIZES, STEPS, Outcome, Trial, keys, report
from .interruption_training import POINT
from .record import Fault
from .small_run import SmallRun


@dataclass
class Disk:
    """A folder that can be full.

    Attributes:
        folder: of a run.
        small: it is a disk of its own, in memory; else the files of a process are limited.
    """

    folder: Path
    small: bool

    def fill(self, trial: Trial, size: int) -> None:
        """Let no file of a process grow beyond ``size``, where the disk isn't small enough by itself."""
        if not self.small:
            _limit_files(trial, size)

    def make_room(self, trial: Trial) -> None:
        """From now on there is enough."""
        if self.small:
            subprocess.run(["mount", "-o", "remount,size=1g", str(self.folder)], check=True)
        else:
            _limit_files(trial, -1)


def _limit_files(trial: Trial, size: int) -> None:
    import resource  # of Unix alone

    if trial.process.poll() is None:
        resource.prlimit(trial.process.pid, resource.RLIMIT_FSIZE, (size, -1))


@contextmanager
def disk(folder: Path, size: int) -> Iterator[Disk]:
    """A new folder, on a disk of ``size`` bytes if this process may make one."""
    folder.mkdir()
    small = os.geteuid() == 0 and shutil.which("mount") is not None
    small = (
        small and not subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]).returncode
    )
    try:
        yield Disk(folder, small)
    finally:
        if small:
            subprocess.run(["umount", str(folder)], check=True)


def full_in_training(run: SmallRun, expected: Outcome) -> Iterator[Fault]:
    """Checkpoints fill the disk; room is made while the training goes on, or only when it has ended."""
    size = (run.folder / "whole" / "model_final.pth").stat().st_size
    for in_time in (True, False):
        name, began = f"full_{in_time}".lower(), time.monotonic()
        folder = run.folder / name
        with disk(folder, int(3.5 * size) + 2**20) as space:
            trial = Trial.begin(run, name, **keys(SIZES))
            trial.wait_for((folder / "last_checkpoint").exists)
            space.fill(trial, size // 2)
            told = trial.says("can't be written")
            kept = (folder / "last_checkpoint").read_text()
            if in_time:
                space.make_room(trial)
                done = trial.end() == 0
            else:
                done = trial.end() == 1 and "the last of the training" in trial.said() and "MB are free" in trial.said()
                space.make_room(trial)
                done &= Trial.begin(run, name, "--resume", **keys(SIZES)).end() == 0
            lost = Outcome.read(folder).lost(expected)
        yield _fault(
            "while a checkpoint is written; room is made " + ("meanwhile" if in_time else "after the end"),
            "an error tells; the checkpoint before stays; "
            + ("the training goes on, to the same end" if in_time else "the end is an error; --resume, the same end"),
            int(told and done),
            lost,
            "iterations",
            began,
            {"a disk of its own": space.small, "last checkpoint when it was full": kept, "of iterations": STEPS},
        )


def full_in_evaluation(run: SmallRun, options: dict[str, Any], expected: dict[str, Any]) -> Fault:
    """Saved videos fill the disk; after room was made the same command goes on."""
    name, began = "full_evaluation", time.monotonic()
    folder = run.folder / name
    videos = sorted((run.folder / "whole_evaluation").glob("inference/*/runs/*/videos/*.npz"))
    sizes = [path.stat().st_size for path in videos]
    # The first video finds room, the others, or the last of them, don't.
    with disk(folder, sizes[0] + sum(sizes) // 2 + 3 * 2**15) as space:
        trial = Trial.begin(run, name, "--eval-only", **options)
        space.fill(trial, min(sizes) - 1)
        status = trial.end()
        told = status == 1 and "MB are free there" in trial.said()
        kept = len(list(folder.glob("inference/*/runs/*/videos/*.npz")))
        space.make_room(trial)
        again = Trial.begin(run, name, "--eval-only", **options)
        done = again.end() == 0
        lost = 0 if done and report(folder) == expected else len(sizes)
    details = {"a disk of its own": space.small, "videos kept": kept, "of": len(sizes)}
    return _fault(
        "in an evaluation", "an error tells; the same command goes on to the same report", int(told and done), lost,
        "videos", began, details,
    )  # fmt: skip


def _fault(
    what: str, expected: str, survived: int, lost: int, unit: str, began: float, details: dict[str, Any]
) -> Fault:
    return Fault(
        POINT,
        f"full disk {what}",
        expected,
        injected=1,
        survived=survived,
        lost=lost,
        unit=unit,
        seconds=time.monotonic() - began,
        details=details,
    )
