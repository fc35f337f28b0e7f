#!/usr/bin/env python3
"""D&T training and evaluation, a simplified version of Detectron2's `tools/train_net.py`.

python train_net.py --config-file configs/DnT_R_101.yaml --num-gpus 4
torchrun --nproc-per-node 4 train_net.py --config-file configs/DnT_R_101.yaml
python train_net.py --config-file configs/DnT_R_101.yaml --eval-only MODEL.WEIGHTS model_final.pth
python train_net.py --config-file configs/DnT_R_101.yaml --test-config configs/test/tau_10.yaml --eval-only \\
    MODEL.WEIGHTS model_final.pth
python train_net.py --config-file configs/minivid/DnT_EfficientNet_Lite0.yaml --resume
"""

from __future__ import annotations

import argparse
import os
import platform
from typing import Any

from detectron2.config import CfgNode
from detectron2.engine import default_setup
from detectron2.evaluation import verify_results
from detectron2.utils import comm
from detectron2.utils.logger import setup_logger

from dnt_d2.command_config import config_of
from dnt_d2.config_check import check_config
from dnt_d2.console import tolerate_any_text
from dnt_d2.data import register_from_config
from dnt_d2.engine import Trainer
from dnt_d2.processes.launching import argument_parser, launch_ranks
from dnt_d2.training.checkpoint import WholeFileCheckpointer
from dnt_d2.training.scaling import scale_to_ranks


def get_parser() -> argparse.ArgumentParser:
    """Detectron2's arguments, and files of test-time variants."""
    parser = argument_parser(epilog=__doc__)
    parser.add_argument(
        "--test-config",
        action="append",
        default=[],
        metavar="FILE",
        help="a test-time variant, configs/test/*.yaml, to be merged over the config file; may be given several times",
    )
    return parser


def setup(args: argparse.Namespace) -> CfgNode:
    """Config from file and command line, frozen; logging and output folder set up."""
    cfg = config_of(args)
    register_from_config(cfg)
    ranks = comm.get_world_size()
    # The config that is written stays unscaled: it can be run by any number of processes.
    checked = cfg if args.eval_only else scale_to_ranks(cfg, ranks)
    check_config(checked, world_size=ranks, training=not args.eval_only)
    default_setup(cfg, args)
    logger = setup_logger(cfg.OUTPUT_DIR, distributed_rank=comm.get_rank(), name="dnt_d2")
    logger.info(f"rank {comm.get_rank()} of {ranks} is process {os.getpid()} on {platform.node()}")
    return cfg


def main(args: argparse.Namespace) -> Any:
    """Train, and evaluate at the end and every TEST.EVAL_PERIOD iterations; or only evaluate."""
    cfg = setup(args)
    if args.eval_only:
        model = Trainer.build_model(cfg)
        WholeFileCheckpointer(model, cfg.OUTPUT_DIR).resume_or_load(cfg.MODEL.WEIGHTS, resume=args.resume)
        results = Trainer.test(cfg, model)
        if comm.is_main_process():
            verify_results(cfg, results)
        return results
    trainer = Trainer(cfg)
    trainer.resume_or_load(resume=args.resume)
    return trainer.train()


if __name__ == "__main__":
    tolerate_any_text()
    launch_ranks(main, get_parser().parse_args())
