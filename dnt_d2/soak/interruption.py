"""The point "interruption": kills, signals, damaged checkpoints, full disks; and what becomes of the work."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

from .interruption_disk import full_in_evaluation, full_in_training
from .interruption_evaluation import killed_evaluation, options_of
from .interruption_files import damaged_checkpoint, damaged_tag, nothing_whole
from .interruption_ranks import stopped_ranks
from .interruption_runs import SIZES, Outcome, Trial, keys, report
from .interruption_training import killed_training, stopped_training
from .record import Fault, Work
from .small_run import SmallRun


def run(work: Work) -> Iterator[Fault]:
    """Each kind after the other, all compared with one training and one evaluation that nothing disturbed.

    Loaders have two workers. Below half of the full amount there are only kills and signals.

    Raises:
        RuntimeError: the undisturbed ones failed.
    """
    small = SmallRun.make(work.folder, "DATALOADER.NUM_WORKERS", 2, seed=work.seed)
    trained = _undisturbed(small, "whole", **keys(SIZES))
    expected = Outcome.read(trained)
    yield killed_training(small, expected, work.scaled(10), work.seed)
    yield stopped_training(small, expected, work.scaled(3), work.seed, signal.SIGTERM)
    evaluated = report(_undisturbed(small, "whole_evaluation", "--eval-only", **options_of(small)))
    yield killed_evaluation(small, evaluated, work.scaled(10), work.seed)
    if work.amount < 0.5:
        return
    yield stopped_training(small, expected, 2, work.seed + 1, signal.SIGINT)
    yield stopped_ranks(small)
    yield damaged_tag(small, expected)
    yield damaged_checkpoint(small, expected, work.seed)
    yield nothing_whole(small)
    yield from full_in_training(small, expected)
    yield full_in_evaluation(small, options_of(small), evaluated)


def _undisturbed(small: SmallRun, name: str, *options: str, **settings: object) -> Path:
    trial = Trial.begin(small, name, *options, **settings)
    if trial.end() != 0:
        raise RuntimeError(f"the run that nothing disturbed failed: {trial.log}")
    return small.folder / name
