"""``train_net.py`` with numbers that one step spoils: the program that the point "numbers" runs.

What to spoil is in the environment, which every rank inherits: ``SPOIL=weights:7:1`` are the weights, before iteration
7, of rank 1 (-1: of every rank). All else is the command line of ``train_net.py``.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib import util
from types import ModuleType
from typing import Any

import torch
from detectron2.engine import HookBase
from detectron2.structures import Boxes
from detectron2.utils import comm
from torch import nn

from ..engine import Trainer
from ..processes.launching import launch_ranks
from .small_run import ROOT

VARIABLE = "SPOIL"


class Spoil(HookBase):
    """Spoils one step of one rank."""

    def __init__(self, kind: str, iteration: int, rank: int) -> None:
        """
        Args:
            kind: "picture", "boxes", "weights": NaN; "loss": class scores overflow; "gradient": the gradient does,
                the losses don't.
            iteration: before which, from 0.
            rank: of which process; -1 is every one.
        """
        self.kind, self.iteration, self.rank = kind, iteration, rank

    def before_step(self) -> None:
        if self.trainer.iter != self.iteration or self.rank not in (-1, comm.get_rank()):
            return
        model = self.trainer.model
        inner = model.module if isinstance(model, nn.parallel.DistributedDataParallel) else model
        if self.kind in ("picture", "boxes"):
            model.register_forward_pre_hook(self._spoil_batch)
        else:
            spoil_weights(inner, self.kind)

    def _spoil_batch(self, _model: nn.Module, args: tuple[Any, ...]) -> None:
        item = args[0][0]
        if self.kind == "picture":
            item["image"] = item["image"].float()
            item["image"][0, 0, 0] = float("nan")
        else:
            item["instances"] = item["instances"][:1]
            item["instances"].gt_boxes = Boxes(torch.full((len(item["instances"]), 4), float("nan")))


@torch.no_grad()
def spoil_weights(model: nn.Module, kind: str) -> None:
    """Make a network's weights NaN, or so large that its losses ("loss") or gradients ("gradient") overflow."""
    heads: Any = model.roi_heads
    if kind == "weights":
        heads.cls_conv.weight[0] = float("nan")
    elif kind == "loss":
        heads.cls_conv.weight.fill_(3e38)
    else:
        # Between them is a ReLU and no bias: the scores stay as they are, the first one's gradient is 1e60.
        heads.reduction.weight.div_(1e30)
        heads.reduction.bias.div_(1e30)
        for conv in (heads.cls_conv, heads.box_conv):
            conv.weight.mul_(1e30)


def main(args: argparse.Namespace) -> None:
    """One rank: a training with the hook."""
    cfg = _train_net().setup(args)
    trainer = Trainer(cfg)
    if order := os.environ.get(VARIABLE):
        kind, iteration, rank = order.split(":")
        trainer.register_hooks([Spoil(kind, int(iteration), int(rank))])
    trainer.resume_or_load(resume=args.resume)
    trainer.train()


def _train_net() -> ModuleType:
    spec = util.spec_from_file_location("train_net", ROOT / "train_net.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    from dnt_d2.soak.numbers_program import main as importable  # by a name that the ranks can import

    launch_ranks(importable, _train_net().get_parser().parse_args(sys.argv[1:]))
