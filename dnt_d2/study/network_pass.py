"""One pass of a trained network over data sets: what it says is saved, and judged later, in many ways.

python -m dnt_d2.study.network_pass --num-gpus 2 --config-file configs/minivid/study/DnT_EfficientNet_Lite0.yaml \\
    MODEL.WEIGHTS output/study/seed1_DnT/model_final.pth OUTPUT_DIR output/study/seed1_DnT

The runs lie in OUTPUT_DIR/inference/DATASET/runs; a pass that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
from typing import Any

from detectron2.config import CfgNode
from detectron2.engine import default_setup

from ..command_config import config_of
from ..config_check import check_config
from ..data import register_from_config
from ..engine import Trainer
from ..evaluation import VIDEvaluator
from ..processes.launching import argument_parser, launch_ranks
from ..vetting import VettedCheckpointer


class PassTrainer(Trainer):
    """Evaluates without what takes longest and is measured later: COCO AP and track metrics."""

    @classmethod
    def build_evaluator(cls, cfg: CfgNode, dataset_name: str) -> VIDEvaluator:
        """AP of frames and of tubes."""
        return VIDEvaluator(cfg, dataset_name, metrics=())


def get_parser() -> argparse.ArgumentParser:
    """As of `train_net.py`."""
    parser = argument_parser(epilog=__doc__)
    parser.add_argument("--test-config", action="append", default=[], metavar="FILE", help="a test-time variant")
    return parser


def main(args: argparse.Namespace) -> Any:
    """What one rank does."""
    cfg = config_of(args)
    register_from_config(cfg)
    check_config(cfg, training=False)
    default_setup(cfg, args)
    model = PassTrainer.build_model(cfg)
    VettedCheckpointer(model).load(cfg.MODEL.WEIGHTS)
    return PassTrainer.test(cfg, model)


if __name__ == "__main__":
    launch_ranks(main, get_parser().parse_args())
