"""Trainings and passes of networks, as commands of their own, which go on where they were stopped."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..evaluation.saved_run import SavedRun
from .design import CONFIGS, Training
from .ledger import Ledger

NOTES = "training"
"""A file in the folder of each training: by what recipe, and for how many seconds so far."""


@dataclass(frozen=True)
class Workshop:
    """Where the study works, and on what.

    Attributes:
        root: of the repository.
        folder: for weights and saved runs.
        data: the folder that holds `minivid`.
        device: "cpu" or "cuda".
    """

    root: Path
    folder: Path
    data: Path
    device: str = "cpu"

    @property
    def ranks(self) -> int:
        """Processes of a training: two cores are busier with two of them than with one of two threads."""
        return min(2, os.cpu_count() or 1) if self.device == "cpu" else 1

    def place(self, name: str) -> Path:
        """The folder of a training."""
        return self.folder / name

    def weights(self, name: str) -> Path:
        """What a training ends with."""
        return self.place(name) / "model_final.pth"

    def run(self, command: Sequence[str]) -> None:
        """Run a command of Python's in the repository, and show it.

        Raises:
            RuntimeError: it failed; what it printed says why.
        """
        print(f"$ {shlex.join(('python', *command))}", flush=True)
        threads = max(1, (os.cpu_count() or 1) // self.ranks)
        environment = {"OMP_NUM_THREADS": str(threads), "PYTHONWARNINGS": "ignore"} | os.environ
        environment |= {"DETECTRON2_DATASETS": str(self.data), "PYTHONPATH": str(self.root)}
        code = subprocess.run([sys.executable, *command], cwd=self.root, env=environment, check=False).returncode
        if code:
            raise RuntimeError(
                f"`python {shlex.join(command)}` failed with exit status {code}; its message is above. What is "
                "finished is kept: mend it, and run the study again"
            )


def train(shop: Workshop, training: Training, recipe: Mapping[str, Any]) -> float:
    """Train a network, or go on with it. What another recipe has left in its folder, runs included, is removed.

    Returns:
        The minutes that it took, those before it was stopped included.
    """
    place = shop.place(training.name)
    notes = Ledger(place)
    if not notes.finished(NOTES, recipe):
        shutil.rmtree(place, ignore_errors=True)
        notes.write(NOTES, recipe, {"seconds": 0.0})
    if shop.weights(training.name).exists():
        return _minutes(notes)
    start = [] if not training.start else ["MODEL.WEIGHTS", str(shop.weights(training.start))]
    command = [
        *("train_net.py", "--num-gpus", str(shop.ranks), "--config-file", f"{CONFIGS}/{training.config}", "--resume"),
        *("OUTPUT_DIR", str(place), "SEED", str(training.seed), "DATASETS.TEST", "()"),
        *("MODEL.DEVICE", shop.device, *start, *map(str, training.changes)),
    ]
    began = time.monotonic()
    try:
        shop.run(command)
    finally:
        seconds = _seconds(notes) + time.monotonic() - began
        notes.write(NOTES, recipe, {"seconds": seconds})
    return _minutes(notes)


def passes(
    shop: Workshop, training: Training, datasets: Sequence[str], variant: str = "", changes: Sequence[Any] = ()
) -> dict[str, SavedRun]:
    """What a trained network says of data sets.

    Args:
        shop: where.
        training: that is finished.
        datasets: names.
        variant: of a file in `configs/test`; "" for the config as it is.
        changes: further keys and values.

    Returns:
        The saved run of each data set.
    """
    place = shop.place(training.name)
    folder = place / "variants" / variant if variant else place / "runs"
    if changes:
        folder = folder.with_name("_".join([folder.name, *map(str, changes[1::2])]))
    missing = [name for name in datasets if not (folder / "inference" / name / "vid_results.json").exists()]
    if missing:
        command = [
            *("-m", "dnt_d2.study.network_pass", "--num-gpus", str(shop.ranks)),
            *("--config-file", f"{CONFIGS}/{training.config}"),
            *(("--test-config", f"configs/test/{variant}.yaml") if variant else ()),
            *("OUTPUT_DIR", str(folder), "MODEL.WEIGHTS", str(shop.weights(training.name))),
            *("DATASETS.TEST", str(tuple(missing)), "MODEL.DEVICE", shop.device),
            *map(str, (*training.changes, *training.test, *changes)),
        ]
        shop.run(command)
    return {name: SavedRun(folder / "inference" / name) for name in datasets}


def _seconds(notes: Ledger) -> float:
    return float((notes.read(NOTES) or {}).get("seconds", 0.0))


def _minutes(notes: Ledger) -> float:
    return round(_seconds(notes) / 60, 2)
