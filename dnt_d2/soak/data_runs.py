"""Runs over broken data: to their end, without an administrator's rights, and how often an item must be drawn again."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ..data.imagenet_vid import load_det, load_vid
from ..data.joined_frames import JoinedFrames
from ..data.pairs import PairDataset
from .small_run import SmallRun, small_config

STEPS = 10
_PATIENCE = 300.0
# Of Linux: root may read everything by these two; a program that it starts without them may not.
_DROP = (
    "import ctypes, os, sys\n"
    "if os.geteuid() == 0: [ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) for capability in (1, 2)]\n"
    "os.execv(sys.argv[1], sys.argv[1:])"
)


@dataclass(frozen=True)
class Ended:
    """A command at its end.

    Attributes:
        status: what it exited with, below 0 for a signal; None where it took too long.
        said: all of its output.
    """

    status: int | None
    said: str

    @property
    def last_line(self) -> str:
        """The last line that isn't empty, at most 400 letters of it."""
        lines = [line for line in self.said.splitlines() if line.strip()]
        return lines[-1][:400] if lines else ""


def copy_of(whole: SmallRun, folder: Path) -> SmallRun:
    """The same data and config in another folder, so that they can be broken."""
    shutil.copytree(whole.data, folder / "datasets" / "minivid", ignore=shutil.ignore_patterns(".dnt_d2"))
    shutil.copy(whole.folder / "small.yaml", folder / "small.yaml")
    return SmallRun(folder)


def finish(run: SmallRun, command: list[str], *, kill_at: Path | None = None) -> Ended:
    """Run a command to its end.

    Args:
        run: where.
        command: what.
        kill_at: it is killed, with all of its processes, when this file is there.
    """
    log = run.folder / "command.log"
    log.unlink(missing_ok=True)
    process = run.start(command, log)
    until = time.monotonic() + _PATIENCE
    killed = False
    while process.poll() is None:
        if time.monotonic() > until or (kill_at is not None and kill_at.is_file()):
            os.killpg(process.pid, signal.SIGKILL)
            killed = time.monotonic() <= until
            process.wait()
            break
        time.sleep(0.02)
    late = time.monotonic() > until and not killed
    # No folders of this machine in the records.
    said = log.read_text(errors="replace").replace(f"{run.folder}/", "")
    return Ended(None if late else process.returncode, said)


def without_rights(command: list[str]) -> list[str]:
    """The command, so that not even root may read what nobody may."""
    return [sys.executable, "-c", _DROP, *command]


def expected_again(run: SmallRun, planted: list[Path]) -> int:
    """How many items of a training must be drawn again, if exactly these files can't be read; nothing is opened."""
    cfg = small_config()
    bad = {str(path) for path in planted}
    # Frames that were deleted are stills here, of which the list and the annotation are enough.
    root = str(run.data)
    parts = [("minivid_vid_train", load_vid(root, "train")), ("minivid_det_train", load_det(root, "train"))]
    videos, stills = (JoinedFrames([part]) for part in parts)
    dataset = PairDataset(videos, stills, lambda *_, **__: {}, seed=cfg.SEED, stride=cfg.INPUT.PAIR_STRIDE)
    names = [frame["file_name"] for part in (videos, stills) for frame in part]
    items = range(STEPS * cfg.SOLVER.IMS_PER_BATCH)
    return sum(any(names[k] in bad for k in dataset.pick(n)[:2] if k is not None) for n in items)
