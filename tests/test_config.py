"""Every config file loads, freezes and says what its name says; every key of ours has its comment."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from detectron2.config import CfgNode, get_cfg
from detectron2.data import DatasetCatalog
from detectron2.modeling import build_model

import dnt_d2.config
from dnt_d2 import add_dnt_config
from dnt_d2.modeling import DetectAndTrack

CONFIGS = Path(__file__).parents[1] / "configs"
FILES = sorted(path.relative_to(CONFIGS).as_posix() for path in CONFIGS.rglob("*.yaml"))
LEAVES = [name for name in FILES if not Path(name).name.startswith("Base-")]


def load(name: str) -> CfgNode:
    cfg = get_cfg()
    add_dnt_config(cfg)
    cfg.merge_from_file(str(CONFIGS / name))
    cfg.freeze()
    return cfg


def leaves(node: CfgNode, prefix: str = "") -> Iterator[str]:
    for key, value in node.items():
        if isinstance(value, CfgNode):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def build_without_weights(cfg: CfgNode) -> DetectAndTrack:
    """On the meta device nothing is computed, so that the largest network is built at once."""
    cfg = cfg.clone()
    cfg.defrost()
    cfg.MODEL.DEVICE = "meta"
    cfg.MODEL.TIMM.WEIGHTS = ""
    with torch.device("meta"):
        return build_model(cfg)


def test_there_are_configs() -> None:
    assert {"Base-D.yaml", "Base-DnT.yaml", "D_R_101.yaml", "DnT_R_101.yaml"} <= set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_every_file_loads_and_freezes(name: str) -> None:
    cfg = load(name)
    assert cfg.is_frozen()
    assert cfg.VERSION == 2
    assert cfg.MODEL.META_ARCHITECTURE == "DetectAndTrack"
    # Pairs need adjacent frames, and videos and stills in turn.
    assert not cfg.DATALOADER.FILTER_EMPTY_ANNOTATIONS
    assert not cfg.DATALOADER.ASPECT_RATIO_GROUPING


@pytest.mark.parametrize("name", LEAVES)
def test_a_leaf_is_what_its_name_says(name: str) -> None:
    cfg, stem = load(name), Path(name).stem
    assert (cfg.MODEL.TRACK_HEAD.NAME != "") == stem.startswith("DnT_")
    assert stem.startswith(("D_", "DnT_"))
    depth = re.search(r"_R_(\d+)", stem)
    if depth:
        assert int(depth[1]) == cfg.MODEL.RESNETS.DEPTH
    # Each trains into a folder of its own.
    assert [other for other in LEAVES if load(other).OUTPUT_DIR == cfg.OUTPUT_DIR] == [name]
    for data_set in (*cfg.DATASETS.TRAIN, *cfg.DATASETS.TEST):
        assert data_set in DatasetCatalog.list()


@pytest.mark.parametrize("name", LEAVES)
def test_every_leaf_builds(name: str) -> None:
    cfg = load(name)
    if cfg.MODEL.BACKBONE.NAME == "build_timm_backbone":
        pytest.importorskip("timm")
    model = build_without_weights(cfg)
    assert (model.track_head is None) == (cfg.MODEL.TRACK_HEAD.NAME == "")
    assert model.roi_heads.cls_conv.out_channels == cfg.MODEL.RFCN.GRID_SIZE**2 * (cfg.MODEL.ROI_HEADS.NUM_CLASSES + 1)


def test_the_papers_network() -> None:
    cfg = load("DnT_R_101.yaml")
    model = build_without_weights(cfg)
    assert {name: (s.channels, s.stride) for name, s in model.backbone.output_shape().items()} == {
        "res3": (512, 8),
        "res4": (1024, 16),
        "res5": (2048, 16),
    }
    assert model.roi_heads.reduction.weight.shape == (512, 2048, 3, 3)
    assert model.roi_heads.reduction.dilation == (6, 6)
    assert model.roi_heads.cls_conv.out_channels == 31 * 49
    assert model.track_head is not None
    assert model.track_head.conv.weight.shape == (196, 2 * 196 + 289 + 81 + 289, 1, 1)
    assert model.proposal_generator.get_submodule("anchor_generator").num_anchors == [15]
    # conv1 and conv2 keep their weights, the rest learns; batch norm is frozen everywhere.
    for part, name in ((model.backbone.stem, "stem"), (model.backbone.res2, "res2")):
        assert not [p for p in part.parameters() if p.requires_grad], name
    for stage in (model.backbone.res3, model.backbone.res4, model.backbone.res5):
        assert all(p.requires_grad for p in stage.parameters())
    assert not [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    # Sec. 5.2: 40k and 20k updates of 4 pairs.
    assert (cfg.SOLVER.IMS_PER_BATCH, cfg.SOLVER.STEPS, cfg.SOLVER.MAX_ITER) == (4, (40000,), 60000)
    assert (cfg.SOLVER.BASE_LR, cfg.SOLVER.MOMENTUM, cfg.SOLVER.WEIGHT_DECAY) == (1e-4, 0.9, 5e-4)
    assert (cfg.INPUT.MIN_SIZE_TEST, cfg.INPUT.MAX_SIZE_TEST) == (600, 1000)


def test_d_and_dnt_share_their_detector() -> None:
    """So that D&T starts from a trained D: every weight of D has its place, only the track head is new."""
    d, dnt = (build_without_weights(load(f"{kind}_R_50.yaml")).state_dict() for kind in ("D", "DnT"))
    assert {name: v.shape for name, v in d.items()} == {
        name: v.shape for name, v in dnt.items() if not name.startswith("track_head.")
    }
    assert set(dnt) - set(d) == {"track_head.conv.weight", "track_head.conv.bias"}
    assert f"{load('D_R_50.yaml').OUTPUT_DIR}/model_final.pth" == load("DnT_R_50.yaml").MODEL.WEIGHTS


def test_every_key_has_a_comment() -> None:
    """A comment stands above each key, or above the group that it belongs to."""
    lines = inspect.getsource(dnt_d2.config).splitlines()
    keys = [i for i, line in enumerate(lines) if re.match(r"    cfg(\.\w+)+ = (?!CN\(\))", line)]
    assert len(keys) > 20
    for i in keys:
        above = i - 1
        while lines[above].startswith("    cfg."):
            above -= 1
        assert lines[above].startswith("    #"), lines[i]


def test_defaults_are_those_of_base() -> None:
    """What Base-DnT.yaml doesn't set is the default in code; nothing of ours is overridden there."""
    plain = get_cfg()
    add_dnt_config(plain)
    detectron2, base = set(leaves(get_cfg())), load("Base-DnT.yaml")

    def value(cfg: CfgNode, path: str) -> object:
        for key in path.split("."):
            cfg = cfg[key]
        return cfg

    ours = set(leaves(plain)) - detectron2
    assert ours
    assert {path for path in ours if value(plain, path) != value(base, path)} == set()


def test_unknown_keys_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "typo.yaml"
    path.write_text("MODEL:\n  RFCN:\n    GRID: 7\n")
    cfg = get_cfg()
    add_dnt_config(cfg)
    with pytest.raises(KeyError, match=r"MODEL\.RFCN\.GRID"):
        cfg.merge_from_file(str(path))
