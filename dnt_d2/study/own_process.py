"""Questions about a finished network that a process of its own answers, in a JSON file."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

from detectron2.config import CfgNode

from ..command_config import config_of
from ..config_check import check_config
from ..data import register_from_config
from ..engine import Trainer
from ..modeling import DetectAndTrack
from ..vetting import VettedCheckpointer
from .commands import Workshop
from .design import CONFIGS, Training


def ask_apart(
    shop: Workshop, module: str, training: Training, words: Sequence[Any], *, weights: str = "model_final"
) -> dict[str, Any]:
    """Run a module of the study on the weights of a training.

    Args:
        shop: where.
        module: its name in :mod:`dnt_d2.study`; its command has the parser of :func:`get_parser`.
        training: that is finished.
        words: further options, then config keys and values.
        weights: the file in the folder of the training.

    Returns:
        What the command wrote.

    Raises:
        RuntimeError: it failed; what it printed says why.
    """
    place = shop.place(training.name)
    path = (place / f"{module.removesuffix('_pass')}.json").resolve()
    shop.run(
        [
            *("-m", f"dnt_d2.study.{module}", "--config-file", f"{CONFIGS}/{training.config}", "--output", str(path)),
            *map(str, words),
            *("MODEL.WEIGHTS", str((place / f"{weights}.pth").resolve()), "MODEL.DEVICE", shop.device),
            *map(str, (*training.changes, *training.test)),
        ]
    )
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def get_parser(description: str | None) -> argparse.ArgumentParser:
    """Of such a command; it may add options of its own."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config-file", required=True, metavar="FILE", help="of the network")
    parser.add_argument("--output", required=True, metavar="FILE", help="the JSON file to write")
    parser.add_argument("opts", nargs=argparse.REMAINDER, help="keys of the config and their values")
    return parser


def load_network(args: argparse.Namespace, *, training: bool) -> tuple[CfgNode, DetectAndTrack]:
    """What such a command begins with: its config, and the trained network that it asks about.

    Args:
        args: of :func:`get_parser`.
        training: the mode that the network is in.

    Raises:
        ValueError: the config contradicts itself.
    """
    cfg = config_of(args)
    register_from_config(cfg)
    check_config(cfg, training=training)
    model = Trainer.build_model(cfg)
    VettedCheckpointer(model).load(cfg.MODEL.WEIGHTS)
    return cfg, model.train(training)
