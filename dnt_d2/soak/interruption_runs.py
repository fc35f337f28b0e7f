"""Runs of ``train_net.py`` to be killed, what they leave, and whether that is what an undisturbed one leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from .small_run import SmallRun

STEPS, PERIOD, EVALUATIONS = 40, 5, 10
"""Iterations of a training, and how many of them there are between checkpoints and between evaluations."""

SIZES = {"SOLVER.MAX_ITER": STEPS, "SOLVER.CHECKPOINT_PERIOD": PERIOD, "TEST.EVAL_PERIOD": EVALUATIONS}
PATIENCE = 600.0
BEGUN, EVALUATING = "Starting training from iteration", "Start inference on"
# Of a machine, and of the moment; all else must be equal to the last bit.
_CLOCKS = ("time", "data_time", "rank_data_time", "eta_seconds")


@dataclass
class Trial:
    """A command in the background, and what it says.

    Attributes:
        log: everything of this and earlier trials of the same name.
        process: ``train_net.py``, which leads a process group.
        start: where in ``log`` this one begins.
    """

    log: Path
    process: subprocess.Popen[bytes]
    start: int

    @classmethod
    def begin(cls, run: SmallRun, name: str, *options: str, **keys: Any) -> Trial:
        """Start a training (or what the options make of it) into the folder ``name``."""
        log = run.folder / f"{name}.log"
        log.touch()
        start = log.stat().st_size
        return cls(log, run.start(run.command(name, *options, **keys), log), start)

    def said(self) -> str:
        """What this one has said so far."""
        return self.log.read_bytes()[self.start :].decode(errors="replace")

    def wait_for(self, condition: Callable[[], bool]) -> bool:
        """Wait, looking every millisecond; False when the process ended before."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.process.poll() is None:
            if condition():
                return True
            time.sleep(0.001)
        return False

    def says(self, text: str) -> bool:
        """Wait until it says so; False when it ended without."""
        return self.wait_for(lambda: text in self.said())

    def go_on_for(self, seconds: float) -> None:
        """Let it, or until it ends."""
        until = time.monotonic() + seconds
        self.wait_for(lambda: time.monotonic() >= until)

    def end(self) -> int:
        """Wait for its end; its exit status, below 0 for a signal. One that takes too long is killed."""
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            return self.send(signal.SIGKILL)

    def send(self, number: int, *, group: bool = True) -> int:
        """Send a signal, to all of its processes or to the first alone, and wait for the end."""
        if self.process.poll() is None:
            (os.killpg if group else os.kill)(self.process.pid, number)
        status = self.end()
        if number == signal.SIGKILL and not group:
            os.killpg(self.process.pid, signal.SIGKILL)
        return status


@dataclass
class Outcome:
    """What a training has left.

    Attributes:
        weights: of ``model_final.pth``: network, optimiser, schedule; {} without that file.
        records: ``metrics.json`` by iteration, without what clocks say.
        repeated: iterations that stand there twice, and lines that are none.
    """

    weights: dict[str, Any] = field(default_factory=dict)
    records: dict[int, dict[str, float]] = field(default_factory=dict)
    repeated: int = 0

    @classmethod
    def read(cls, folder: Path) -> Outcome:
        """Of one output folder."""
        outcome, final = cls(), folder / "model_final.pth"
        if final.is_file():
            outcome.weights = torch.load(final, weights_only=True)
            outcome.weights["trainer"]["hooks"].pop("Records", None)  # has clocks in it
        for line in _text(folder / "metrics.json").splitlines():
            try:
                content = json.loads(line)
                known = outcome.records.setdefault(content.pop("iteration"), {})
            except (ValueError, KeyError):
                outcome.repeated += 1
                continue
            outcome.repeated += bool(known)
            known.update({name: value for name, value in content.items() if name not in _CLOCKS})
        return outcome

    def lost(self, expected: Outcome) -> int:
        """Iterations whose work is not that of an undisturbed training; 0 if all is equal to the last bit."""
        if not self.weights or not same(self.weights, expected.weights):
            return STEPS
        iterations = set(self.records) | set(expected.records)
        return self.repeated + sum(not same(self.records.get(i), expected.records.get(i)) for i in iterations)


def same(one: Any, other: Any) -> bool:
    """Equality to the last bit, within dicts and lists too; NaN is equal to NaN."""
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, (list, tuple)):
        return isinstance(other, (list, tuple)) and len(one) == len(other) and all(map(same, one, other))
    return one == other or (one != one and other != other)


def keys(sizes: dict[str, Any]) -> dict[str, Any]:
    """Keys of a config, as :meth:`SmallRun.command` takes them."""
    return {key.replace(".", "__"): value for key, value in sizes.items()}


def report(folder: Path) -> dict[str, Any]:
    """What evaluations say, by data set, without day, machine and place; {} if they said nothing."""
    reports = {}
    for path in sorted(folder.glob("inference/*/report.json")):
        reports[path.parent.name] = json.loads(path.read_text())
        reports[path.parent.name].pop("provenance")
    return reports


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.is_file() else ""
