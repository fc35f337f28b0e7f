"""More processes, more machines: the same answer, and an end with an error when one of them fails."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .distributed_ends import ends
from .distributed_reference import ONE, PROGRAM, Reference, same_checkpoints
from .distributed_starts import Started, Way
from .record import Fault, Work
from .small_run import SmallRun

WAYS = (
    Way("launch", 2),
    Way("launch", 3),
    Way("torchrun", 2),
    Way("torchrun", 3),
    Way("launch", 1, machines=2),
    Way("torchrun", 1, machines=2),
)
"""All with a batch that 1, 2 and 3 processes can share."""
TOLERANCE = 1e-5
STEPS = 3

# More than there are anchors: nothing of the RPN's is sampled. Pictures of one size: none is padded. A small rate,
# since a network with random weights jumps at a larger one.
_NOTHING_RANDOM = (
    *("MODEL.RPN.BATCH_SIZE_PER_IMAGE", 4000),
    *("MODEL.RPN.POSITIVE_FRACTION", 1.0),
    *("SOLVER.IMS_PER_BATCH", 12),
    *("SOLVER.MAX_ITER", STEPS),
    *("SOLVER.BASE_LR", 2e-5),
    *("DATASETS.TEST", ()),
)


def run(work: Work) -> Iterator[Fault]:
    """Every way to start gives what one process gives; then ranks, launchers and disks fail."""
    folders = {name: work.folder / name for name in ("equal", "run")}
    for folder in folders.values():
        folder.mkdir()
    ways = WAYS[: work.scaled(len(WAYS))]
    yield gradients(SmallRun.make(folders["equal"], *_NOTHING_RANDOM, seed=work.seed, frame_sizes=((160, 120),)), ways)
    small = SmallRun.make(folders["run"], "SOLVER.IMS_PER_BATCH", 4, "SOLVER.CHECKPOINT_PERIOD", 4, seed=work.seed)
    reference = Reference(small)
    yield average_precision(reference, ways)
    yield scaling(small, [way for way in ways if way.ranks * way.machines == 2])
    yield from ends(reference, work)


def gradients(run: SmallRun, ways: Sequence[Way]) -> Fault:
    """Float64 gradients of every parameter in every step, and the losses, against those of one process."""
    start = time.monotonic()
    expected = _noted(run, ONE)
    found = {way.name: _noted(run, way) for way in ways}
    worst = {
        kind: {name: largest_difference(_part(expected, kind), _part(noted, kind)) for name, noted in found.items()}
        for kind in ("gradients", "losses")
    }
    return Fault(
        "distributed",
        "the same batches on 2 and 3 processes, by launch and by torchrun, on one machine and two",
        f"every gradient and loss of {STEPS} steps is that of one process to {TOLERANCE:g}",
        injected=len(ways),
        survived=sum(max(worst[kind][name] for kind in worst) <= TOLERANCE for name in found),
        lost=0,
        unit="iterations",
        seconds=time.monotonic() - start,
        details={"largest_relative_difference": worst, "parameters": len(_part(expected, "gradients"))},
    )


def average_precision(reference: Reference, ways: Sequence[Way]) -> Fault:
    """All numbers of an evaluation, against those of one process."""
    start = time.monotonic()
    results = [reference.evaluate(way, f"ap_{way.name}") for way in ways]
    return Fault(
        "distributed",
        "one evaluation on 2 and 3 processes, by launch and by torchrun, on one machine and two",
        "every number in vid_results.json is equal to one process's, to the last digit",
        injected=len(ways),
        survived=sum(map(reference.is_expected, results)),
        lost=0,
        unit="videos",
        seconds=time.monotonic() - start,
        details={"tube_AP50": reference.tube_ap},
    )


def scaling(run: SmallRun, ways: Sequence[Way]) -> Fault:
    """A config made for one process on two, against the config that the rule gives, written by hand."""
    start = time.monotonic()
    made_for_one: dict[str, Any] = {"REFERENCE_WORLD_SIZE": 1, "IMS_PER_BATCH": 2, "BASE_LR": 0.001, "WARMUP_ITERS": 8}
    made_for_one |= {"MAX_ITER": 16, "STEPS": "(12,)", "CHECKPOINT_PERIOD": 8}
    by_hand: dict[str, Any] = {"IMS_PER_BATCH": 4, "BASE_LR": 0.002, "WARMUP_ITERS": 4}
    by_hand |= {"MAX_ITER": 8, "STEPS": "(6,)", "CHECKPOINT_PERIOD": 4}
    expected = _trained(run, ways[0], "by_hand", by_hand)
    found = [_trained(run, way, f"scaled_{way.name}", made_for_one) for way in ways]
    return Fault(
        "distributed",
        "SOLVER.REFERENCE_WORLD_SIZE 1, run on two processes",
        "weights and names of the checkpoints are those of the config with the scaled numbers",
        injected=len(ways),
        survived=sum(same_checkpoints(expected, folder) and same_checkpoints(folder, expected) for folder in found),
        lost=0,
        unit="iterations",
        seconds=time.monotonic() - start,
    )


def _trained(run: SmallRun, way: Way, output: str, solver: dict[str, Any]) -> Path:
    keys = {f"SOLVER__{key}": value for key, value in solver.items()}
    started = Started.start(run, output, way.commands(run.command(output, DATASETS__TEST="()", **keys)))
    started.wait()
    return started.output


def _noted(run: SmallRun, way: Way) -> dict[str, np.ndarray]:
    """What ``distributed_program.py`` wrote; nothing if it failed."""
    file = run.folder / f"{way.name}.npz"
    command = run.command(f"gradients_{way.name}", "--gradients", str(file))
    command[1:2] = PROGRAM
    Started.start(run, f"gradients_{way.name}", way.commands(command)).wait()
    if not file.is_file():
        return {}
    with np.load(file) as arrays:
        return dict(arrays)


def _part(noted: dict[str, np.ndarray], kind: str) -> dict[str, np.ndarray]:
    return {name: values for name, values in noted.items() if name.startswith("loss/") == (kind == "losses")}


def largest_difference(expected: dict[str, np.ndarray], found: dict[str, np.ndarray]) -> float:
    """Of any array in any step, relative to its norm; infinite if there are none, or others."""
    if not expected or expected.keys() != found.keys():
        return float("inf")
    gaps = [
        np.linalg.norm(one - other) / max(float(np.linalg.norm(one)), 1e-300)
        for name in expected
        for one, other in zip(expected[name], found[name], strict=True)
    ]
    return float(max(gaps))
