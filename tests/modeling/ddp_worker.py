"""Trains on two CPU processes, and compares every step's gradients with those of one process; for test_meta_arch.py.

PYTHONPATH=.:tests python tests/modeling/ddp_worker.py FOLDER        writes FOLDER/report.json
"""

from __future__ import annotations

import copy
import functools
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from conftest import _make_pair, _small_cfg, _small_model
from detectron2.engine import HookBase, launch
from detectron2.utils import comm
from detectron2.utils.events import EventStorage
from torch import Tensor, multiprocessing

from dnt_d2.engine import Trainer
from dnt_d2.processes.ranks import run_rank

# What each of the two ranks trains on in each step. Whole steps without a track, or without any object, are among them.
STEPS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"common": False}),
    ({"common": False}, {"common": False}),
    ({"objects": 0}, {"objects": 0}),
    ({"still": True}, {"still": True}),
    ({"objects": 1}, {"still": True, "objects": 0}),
]


class PairTrainer(Trainer):
    """The trainer that train_net.py runs, with the items above."""

    @classmethod
    def build_model(cls, cfg: Any) -> torch.nn.Module:
        return _small_model(cfg, lively=True)

    @classmethod
    def build_train_loader(cls, cfg: Any) -> Any:
        return [[_make_pair(**step[comm.get_rank()])] for step in STEPS]


def flat_gradient(model: torch.nn.Module) -> Tensor:
    missing = [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert not missing, f"no gradient for {missing}"
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.requires_grad and p.grad is not None])


class Compare(HookBase):
    """Gathers the gradients of all ranks, and computes those of both ranks' items as one batch."""

    def __init__(self) -> None:
        self.report: list[dict[str, Any]] = []

    def after_backward(self) -> None:
        gradient = flat_gradient(self.trainer.model)
        everyone = comm.all_gather(gradient)
        single = copy.deepcopy(self.trainer.model.module)
        single.zero_grad()
        with EventStorage():
            sum(single([_make_pair(**case) for case in STEPS[self.trainer.iter]]).values()).backward()
        expected = flat_gradient(single)
        self.report.append(
            {
                "finite": bool(gradient.isfinite().all()),
                "between ranks": max((g - gradient).abs().max().item() for g in everyone),
                "from one process": ((gradient - expected).norm() / expected.norm()).item(),
            }
        )


def main(folder: str) -> None:
    """Runs in each process."""
    torch.set_num_threads(1)
    cfg = _small_cfg(
        *("OUTPUT_DIR", folder),
        *("DATASETS.TEST", ()),
        *("MODEL.ROI_HEADS.NUM_CLASSES", 30),
        *("SOLVER.MAX_ITER", len(STEPS)),
        *("SOLVER.BASE_LR", 1e-4),
        # More than there are anchors: nothing is random.
        *("MODEL.RPN.BATCH_SIZE_PER_IMAGE", 4000),
    )
    trainer, compare = PairTrainer(cfg), Compare()
    assert isinstance(trainer.model, torch.nn.parallel.DistributedDataParallel)
    trainer.stepper.register_hooks([compare])
    compare.trainer = trainer
    trainer.train()
    if comm.is_main_process():
        Path(folder, "report.json").write_text(json.dumps(compare.report))


if __name__ == "__main__":
    # Each process would import everything anew, which takes longer than the steps.
    multiprocessing.start_processes = functools.partial(multiprocessing.start_processes, start_method="fork")
    launch(run_rank, 2, dist_url="auto", args=(main, sys.argv[1]), timeout=timedelta(seconds=60))
