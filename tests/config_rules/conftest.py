"""Configs to check, and the sentences of one group of rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from detectron2.config import CfgNode, get_cfg

from dnt_d2 import add_dnt_config
from dnt_d2.config_rules import Rule, Run

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="session")
def load_cfg() -> Callable[..., CfgNode]:
    """``load_cfg(name, *overrides)``: a config of ours, with keys and values."""

    def load(name: str, *overrides: Any) -> CfgNode:
        cfg = get_cfg()
        add_dnt_config(cfg)
        cfg.merge_from_file(str(CONFIGS / name))
        cfg.merge_from_list(list(overrides))
        return cfg

    return load


@pytest.fixture(scope="session")
def sentences() -> Callable[..., list[str]]:
    """``sentences(rules, cfg, world_size=1, training=True)``: everything that these rules find wrong."""

    def collect(rules: Sequence[Rule], cfg: CfgNode, *, world_size: int = 1, training: bool = True) -> list[str]:
        cfg.freeze()
        found = [sentence for rule in rules for sentence in rule(cfg, Run(world_size, training))]
        # One sentence each, which ends in no full stop, as messages of errors do.
        assert all(not x.endswith(".") and "\n" not in x for x in found)
        return found

    return collect
