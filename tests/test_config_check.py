"""The check at start-up: every shipped config passes, and the first contradiction is the error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from detectron2.config import CfgNode, get_cfg
from detectron2.data import DatasetCatalog

from dnt_d2 import add_dnt_config
from dnt_d2.config_check import CHECKS, check_config

CONFIGS = Path(__file__).parents[1] / "configs"
LEAVES = sorted(
    path.relative_to(CONFIGS).as_posix() for path in CONFIGS.rglob("*.yaml") if not path.name.startswith("Base-")
)


def load(name: str, *overrides: Any) -> CfgNode:
    cfg = get_cfg()
    add_dnt_config(cfg)
    if name.startswith("test/"):  # overrides for testing, which go with any system
        cfg.merge_from_file(str(CONFIGS / "DnT_R_50.yaml"))
    cfg.merge_from_file(str(CONFIGS / name))
    cfg.merge_from_list(list(overrides))
    cfg.freeze()
    return cfg


@pytest.mark.parametrize("name", LEAVES)
def test_every_shipped_config_passes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any data set at hand; the authors' networks are for testing."""
    monkeypatch.setattr(DatasetCatalog, "get", lambda name: pytest.fail(f"{name} was read"))
    cfg = load(name)
    if cfg.MODEL.BACKBONE.NAME in ("build_timm_backbone", "build_inception_v4_backbone"):
        pytest.importorskip("timm")
    before = cfg.dump()
    check_config(cfg, world_size=4, training=not name.startswith("authors/"))
    assert cfg.dump() == before


def test_the_first_contradiction_is_the_error() -> None:
    cfg = load("DnT_R_50.yaml", "SOLVER.IMS_PER_BATCH", 6, "MODEL.TRACK_HEAD.STRIDES", [1, 1, 1])
    with pytest.raises(ValueError, match=r"^SOLVER\.IMS_PER_BATCH is 6, not a positive multiple of the 4 processes"):
        check_config(cfg, world_size=4)
    # The rest is checked in testing, too.
    with pytest.raises(ValueError, match=r"^MODEL\.TRACK_HEAD\.IN_FEATURES: res3 has stride 8, with STRIDES 1"):
        check_config(cfg, world_size=4, training=False)


def test_small_networks_of_the_tests_pass(small_cfg: Callable[..., CfgNode]) -> None:
    check_config(small_cfg("MODEL.ROI_HEADS.NUM_CLASSES", 30))


def test_a_topic_each() -> None:
    assert len(CHECKS) == len(set(CHECKS))
    assert all(check.__doc__ for check in CHECKS)
