"""What an undisturbed run of two processes gives, for runs with faults to be compared with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from .distributed_starts import Started, Way
from .small_run import SmallRun

PROGRAM = ("-m", "dnt_d2.soak.distributed_program")
ONE = Way("launch", 1)
_TEST = "minivid_val_seen"
_LESSONS: dict[str, Any] = {
    "SOLVER__OPTIMIZER": "ADAMW",
    "SOLVER__BASE_LR": 0.001,
    "SOLVER__IMS_PER_BATCH": 2,
    "SOLVER__MAX_ITER": 100,
    "SOLVER__CHECKPOINT_PERIOD": 1000,
    "DATASETS__TEST": "()",
}


class Reference:
    """A network that two processes have trained without a fault, and what one process says of it."""

    steps = 12
    videos = 4

    def __init__(self, run: SmallRun) -> None:
        """Train it; and teach another one for longer, and evaluate that.

        Args:
            run: with SOLVER.CHECKPOINT_PERIOD 4.
        """
        self.run = run
        self.output = run.folder / "reference"
        way = Way("launch", 2)
        Started.start(run, "reference", way.commands(self.command("reference"))).wait()
        # Twelve steps teach a network too little for an AP that says something.
        taught = run.command("taught", **_LESSONS)
        Started.start(run, "taught", ONE.commands(taught)).wait()
        self.taught = run.folder / "taught" / "model_final.pth"
        self.expected = self.evaluate(ONE, "expected")

    def command(self, output: str, *options: str, **keys: Any) -> list[str]:
        """Of the same training, without an evaluation at its end."""
        return self.run.command(output, *options, **{"SOLVER__MAX_ITER": self.steps, "DATASETS__TEST": "()"} | keys)

    def start_evaluation(self, way: Way, output: str) -> Started:
        """Evaluate the network that was taught."""
        command = self.run.command(output, "--eval-only", MODEL__WEIGHTS=self.taught)
        return Started.start(self.run, output, way.commands(command))

    def evaluate(self, way: Way, output: str) -> dict[str, Any] | None:
        """The content of ``vid_results.json``; None if a launcher failed or nothing was written."""
        started = self.start_evaluation(way, output)
        file = started.output / "inference" / _TEST / "vid_results.json"
        return json.loads(file.read_text()) if set(started.wait()) == {0} and file.is_file() else None

    @property
    def tube_ap(self) -> float:
        """AP50 of one process, in percent; 0 if there is none."""
        return self.expected["results"]["tube"]["AP50"] if self.expected else 0.0

    def is_expected(self, results: dict[str, Any] | None) -> bool:
        """Whether all numbers are those of one process, to the last digit, and say something."""
        return self.tube_ap > 0 and json.dumps(results) == json.dumps(self.expected)

    def is_part(self, results: dict[str, Any]) -> bool:
        """Whether an evaluation that saves nothing, and so measures less, gives one process's AP."""
        if self.expected is None or self.tube_ap <= 0:
            return False
        found, expected = results["results"], self.expected["results"]
        return {"frame", "tube"} <= set(found) and all(json.dumps(found[k]) == json.dumps(expected[k]) for k in found)


def same_checkpoints(one: Path, other: Path) -> bool:
    """Whether another run left all checkpoints that this one left, and the last weights are equal to the bit.

    It may have left more: a rank that is told to stop saves one.
    """
    names, others = ({path.name for path in folder.glob("model_*.pth")} for folder in (one, other))
    if not names <= others or "model_final.pth" not in names:
        return False
    first, second = (torch.load(folder / "model_final.pth", weights_only=False)["model"] for folder in (one, other))
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
