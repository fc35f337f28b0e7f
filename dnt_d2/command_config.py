"""The config that a command line asks for: of train_net.py, and of tools that take Detectron2's arguments."""

from __future__ import annotations

import argparse

from detectron2.config import CfgNode, get_cfg

from . import add_dnt_config
from .config_files import merge_config_file


def config_of(args: argparse.Namespace) -> CfgNode:
    """Detectron2's defaults, ours, the config file, the test-time variants, and what the command line says, in turn.

    Args:
        args: with ``config_file``, ``opts`` (keys and values) and perhaps ``test_config``, a list of files.

    Returns:
        A frozen config; nothing of it has been checked.

    Raises:
        FileNotFoundError: there is no such file.
        AssertionError, KeyError: there is no such key.
    """
    cfg = get_cfg()
    add_dnt_config(cfg)
    for file in (args.config_file, *getattr(args, "test_config", [])):
        if file:
            merge_config_file(cfg, file)
    cfg.merge_from_list(args.opts or [])
    cfg.freeze()
    return cfg
