"""A training that notes its gradients, or in which one rank fails; started like train_net.py, with its config.

python -m dnt_d2.soak.distributed_program --num-gpus 2 --config-file small.yaml --gradients two.npz OUTPUT_DIR out
torchrun --nproc-per-node 2 -m dnt_d2.soak.distributed_program --config-file small.yaml --raise-at 3 OUTPUT_DIR out
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from detectron2.config import CfgNode
from detectron2.engine import HookBase, default_setup
from detectron2.structures import Instances
from detectron2.utils import comm
from detectron2.utils.logger import setup_logger
from torch import Tensor, nn

from dnt_d2.command_config import config_of
from dnt_d2.data import register_from_config
from dnt_d2.engine import Trainer
from dnt_d2.processes.launching import argument_parser, launch_ranks


class DoubleTrainer(Trainer):
    """Trains in float64, in which sums of another order differ by 1e-16."""

    @classmethod
    def build_model(cls, cfg: CfgNode) -> nn.Module:
        torch.set_default_dtype(torch.float64)
        model = super().build_model(cfg).double()
        model.proposal_generator.predict_proposals = _in_single(model.proposal_generator.predict_proposals)
        return model


def _in_single(predict_proposals: Callable[..., list[Instances]]) -> Callable[..., list[Instances]]:
    """Detectron2's NMS takes boxes as float32 and scores as they are, and PyTorch's refuses to mix them."""

    def predict(anchors: Any, logits: list[Tensor], deltas: list[Tensor], sizes: Any) -> list[Instances]:
        proposals = predict_proposals(anchors, [x.float() for x in logits], [x.float() for x in deltas], sizes)
        for of_image in proposals:
            of_image.proposal_boxes.tensor = of_image.proposal_boxes.tensor.double()
        return proposals

    return predict


class NoteGradients(HookBase):
    """The gradients of every step, and the losses averaged over the ranks."""

    def __init__(self) -> None:
        self.noted: dict[str, list[np.ndarray]] = defaultdict(list)

    def after_backward(self) -> None:
        model = self.trainer.model
        for name, parameter in getattr(model, "module", model).named_parameters():
            if parameter.grad is not None:
                self.noted[name].append(parameter.grad.numpy().copy())

    def after_step(self) -> None:
        latest = {k: v for k, (v, _) in self.trainer.storage.latest().items() if "loss" in k}
        for name, value in latest.items():
            self.noted[f"loss/{name}"].append(np.asarray(value))


class Raise(HookBase):
    """The last rank fails in some iteration."""

    def __init__(self, iteration: int) -> None:
        self.iteration = iteration

    def before_step(self) -> None:
        if self.trainer.iter == self.iteration and comm.get_rank() == comm.get_world_size() - 1:
            raise ZeroDivisionError("a fault that was put there on purpose")


def main(args: argparse.Namespace) -> None:
    """What each process runs."""
    torch.set_num_threads(1)
    cfg = config_of(args)
    register_from_config(cfg)
    default_setup(cfg, args)
    setup_logger(cfg.OUTPUT_DIR, distributed_rank=comm.get_rank(), name="dnt_d2")
    trainer = (DoubleTrainer if args.gradients else Trainer)(cfg)
    if args.raise_at is not None:
        trainer.register_hooks([Raise(args.raise_at)])
    notes = NoteGradients()
    if args.gradients:
        trainer.stepper.register_hooks([notes])  # which calls after_backward
        trainer.register_hooks([notes])
    trainer.train()
    if args.gradients and comm.is_main_process():
        arrays: dict[str, Any] = {name: np.stack(values) for name, values in notes.noted.items()}
        np.savez(args.gradients, **arrays)


def get_parser() -> argparse.ArgumentParser:
    """The arguments of train_net.py that matter here, and what to do."""
    parser = argument_parser(epilog=__doc__)
    parser.add_argument("--gradients", type=Path, metavar="FILE", help="train in float64, and write all gradients")
    parser.add_argument("--raise-at", type=int, metavar="N", help="the last rank fails in iteration N")
    return parser


if __name__ == "__main__":
    launch_ranks(main, get_parser().parse_args())
