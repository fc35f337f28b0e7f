"""Point "numbers", of training: spoiled steps stop it, can be run again, and cost nothing but themselves."""

from __future__ import annotations

import math
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ..training.loss_watch import FOLDER
from ..training.replay import replay
from ..training.step_file import Step, non_finite
from .numbers_program import VARIABLE
from .record import Fault, Work
from .small_run import SmallRun

STEPS, PERIOD = 12, 4

KINDS = {
    "picture": ("NaN in a picture", "loss_rpn_cls"),
    "boxes": ("NaN in a true box", "gt_boxes"),
    "weights": ("NaN in the weights", "loss_cls is nan"),
    "loss": ("scores that overflow", "loss_cls is "),
    "gradient": ("a gradient that overflows under finite losses", "gradient"),
}
"""What is spoiled, as :class:`Spoil` calls it: in words, and what the message must name."""


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit status, what it printed, how long it took, and its folder."""

    status: int
    said: str
    seconds: float
    output: Path


def train(run: SmallRun, output: str, ranks: int, spoil: str = "", *options: str) -> Ended:
    """A training of :data:`STEPS` steps, spoiled or not."""
    keys: dict[str, Any] = {"SOLVER__MAX_ITER": STEPS, "SOLVER__CHECKPOINT_PERIOD": PERIOD, "DATASETS__TEST": "()"}
    command = run.command(output, "--num-gpus", str(ranks), *options, **keys)
    program = [sys.executable, "-m", "dnt_d2.soak.numbers_program", *command[2:]]
    start = time.perf_counter()
    done = subprocess.run(
        program,
        env=run.environment() | {VARIABLE: spoil},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    return Ended(done.returncode, done.stdout + done.stderr, time.perf_counter() - start, run.folder / output)


def run(work: Work) -> Iterator[Fault]:
    """Each kind, on one rank and on two."""
    small = SmallRun.make(work.folder, seed=work.seed)
    choose = random.Random(work.seed)
    whole = {ranks: weights(train(small, f"whole{ranks}", ranks).output / "model_final.pth") for ranks in (1, 2)}
    for kind, (what, _) in KINDS.items():
        for ranks in (1, 2):
            start, wrong, lost, ends = time.perf_counter(), [], 0, []
            times = work.scaled(2)
            for n in range(times):
                iteration, rank = choose.randrange(1, STEPS - 1), choose.randrange(ranks)
                rank = -1 if kind == "gradient" else rank
                ended = train(small, f"{kind}{ranks}{n}", ranks, f"{kind}:{iteration}:{rank}")
                problems = judge(ended, kind, iteration, rank, ranks)
                if n == 0:
                    again = train(small, f"{kind}{ranks}{n}", ranks, "", "--resume")
                    problems += differences(again, whole[ranks])
                    lost += lost_iterations(again.said, iteration)
                ends.append(round(ended.seconds, 1))
                wrong += [f"{kind}:{iteration}:{rank}: {problem}" for problem in problems[:1]]
            yield Fault(
                "numbers",
                f"{what}, {ranks} rank{'s' * (ranks > 1)}",
                "training stops before the update and names the cause; the step's file gives the same numbers; "
                "resumed (the first of them), it ends in the weights of a run in one go",
                injected=times,
                survived=times - len(wrong),
                lost=lost,
                unit="iterations",
                seconds=time.perf_counter() - start,
                details={"seconds until the end": ends, "wrong": wrong},
            )
    yield _no_room(small, work)


def judge(ended: Ended, kind: str, iteration: int, rank: int, ranks: int) -> list[str]:
    """What is not as it should be after a spoiled training."""
    problems = []
    place = f"iteration {iteration}, rank {max(rank, 0)} of {ranks}"
    for words in ("NonFiniteError", KINDS[kind][1], place, "tools/replay_batch.py"):
        if words not in ended.said:
            problems.append(f"it doesn't say {words!r}: {ended.said[-300:]}")
    if ended.status == 0:
        problems.append("it ended as if all were well")
    files = sorted((ended.output / FOLDER).glob("*.pth"))
    expected = range(ranks) if rank < 0 else [rank]
    if [path.name for path in files] != [f"iteration_{iteration}_rank_{r}.pth" for r in expected]:
        problems.append(f"it left {[path.name for path in files]}")
    problems += [problem for path in files for problem in compare(Step.load(path))]
    for path in ended.output.glob("model_*.pth"):
        if bad := non_finite(weights(path)):
            problems.append(f"{path.name} has {bad[0]} that is not finite")
    return problems


def compare(step: Step) -> list[str]:
    """Whether a step comes out as it did in training."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as in the training: sums are made in another order by more of them
    try:
        found = replay(step)
    finally:
        torch.set_num_threads(threads)
    same = found.terms.keys() == step.terms.keys() and all(
        _alike(value, step.terms[name]) for name, value in found.terms.items()
    )
    spoiled = bool(found.error or found.gradients or found.weights) or not math.isfinite(found.norm)
    return ([] if same else [f"again it gives {found.terms}, not {step.terms}"]) + ([] if spoiled else ["it is fine"])


def _alike(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def differences(ended: Ended, expected: dict[str, torch.Tensor]) -> list[str]:
    """Between the weights of a finished training and those of a run in one go."""
    final = ended.output / "model_final.pth"
    if ended.status or not final.is_file():
        return [f"it can't be resumed: {ended.said[-300:]}"]
    found = weights(final)
    return [f"{name} differs" for name, value in expected.items() if not torch.equal(found[name], value)][:1]


def lost_iterations(said: str, iteration: int) -> int:
    """How many iterations before the last due checkpoint a resumed training begins."""
    due = iteration // PERIOD * PERIOD
    start = said.rpartition("Starting training from iteration ")[2].split("\n")[0]
    return due - int(start) if start.isdigit() else due


def weights(path: Path) -> dict[str, torch.Tensor]:
    """Of a checkpoint."""
    return torch.load(path, weights_only=False)["model"]


def _no_room(small: SmallRun, work: Work) -> Fault:
    """The step's file can't be written."""
    start = time.perf_counter()
    times = work.scaled(2)
    survived = 0
    for n in range(times):
        output = small.folder / f"no_room{n}"
        output.mkdir()
        (output / FOLDER).write_bytes(b"")  # a file where the folder should be
        ended = train(small, output.name, 1, f"weights:{n + 2}:0")
        survived += ended.status != 0 and all(x in ended.said for x in ("loss_cls is nan", "could not be written"))
    return Fault(
        "numbers",
        "NaN in the weights, and no place for the step's file",
        "the error still names the term",
        injected=times,
        survived=survived,
        lost=0,
        unit="iterations",
        seconds=time.perf_counter() - start,
    )
