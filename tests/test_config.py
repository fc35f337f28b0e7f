"""Every config file loads, freezes and says what its name says; every key of ours has its comment."""

from __future__ import annotations

import inspect
import pickle
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from detectron2.config import CfgNode, get_cfg
from detectron2.data import DatasetCatalog
from detectron2.modeling import build_model
from torch import nn

import dnt_d2.config
from dnt_d2 import add_dnt_config

CONFIGS = Path(__file__).parents[1] / "configs"
FILES = sorted(path.relative_to(CONFIGS).as_posix() for path in CONFIGS.rglob("*.yaml"))
# Overrides for testing combine with any trunk; they are no system by themselves.
LEAVES = [name for name in FILES if not Path(name).name.startswith("Base-") and not name.startswith("test/")]
# The systems of the paper, which this project trains; the authors' own networks are for testing.
SYSTEMS = [name for name in LEAVES if not name.startswith("authors/")]
TRUNKS = ("R_50", "R_101", "X_101", "Inception_v4")
KINDS = ("RPN200", "RPN", "D", "DnT")


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


def value_of(cfg: CfgNode, path: str) -> Any:
    for key in path.split("."):
        cfg = cfg[key]
    return cfg


def build_without_weights(cfg: CfgNode) -> Any:
    """On the meta device nothing is computed, so that the largest network is built at once."""
    cfg = cfg.clone()
    cfg.defrost()
    cfg.MODEL.DEVICE = "meta"
    cfg.MODEL.TIMM.WEIGHTS = ""
    with torch.device("meta"):
        return build_model(cfg)


def kind_and_trunk(name: str) -> tuple[str, str]:
    kind, _, trunk = Path(name).stem.partition("_")
    return kind, trunk


def needs_timm(cfg: CfgNode) -> None:
    if cfg.MODEL.BACKBONE.NAME in ("build_timm_backbone", "build_inception_v4_backbone"):
        pytest.importorskip("timm")


def test_every_system_of_the_paper_has_a_config() -> None:
    assert {f"{kind}_{trunk}.yaml" for kind in KINDS for trunk in TRUNKS} <= set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_every_file_loads_and_freezes(name: str) -> None:
    cfg = load(name)
    assert cfg.is_frozen()
    assert cfg.VERSION == 2
    if name in LEAVES:
        assert ("ProposalNetwork" if "RPN" in name else "DetectAndTrack") == cfg.MODEL.META_ARCHITECTURE
        # Pairs need adjacent frames, and videos and stills in turn.
        assert not cfg.DATALOADER.FILTER_EMPTY_ANNOTATIONS
        assert not cfg.DATALOADER.ASPECT_RATIO_GROUPING


@pytest.mark.parametrize("name", LEAVES)
def test_a_leaf_is_what_its_name_says(name: str) -> None:
    cfg = load(name)
    kind, trunk = kind_and_trunk(name)
    assert kind in KINDS
    assert (cfg.MODEL.TRACK_HEAD.NAME != "") == (kind == "DnT")
    assert any("200classes" in x for x in cfg.DATASETS.TRAIN) == (kind == "RPN200")
    resnets = cfg.MODEL.RESNETS
    groups = (resnets.DEPTH, resnets.NUM_GROUPS, resnets.WIDTH_PER_GROUP, resnets.STRIDE_IN_1X1)
    if trunk in ("R_50", "R_101"):
        assert groups == (int(trunk[2:]), 1, 64, True)
    elif trunk == "X_101":
        assert groups == (101, 32, 4, False)
    else:
        expected = {"Inception_v4": "build_inception_v4_backbone", "EfficientNet_Lite0": "build_timm_backbone"}
        assert expected[trunk] == cfg.MODEL.BACKBONE.NAME
    # Each trains into a folder of its own.
    assert [other for other in LEAVES if load(other).OUTPUT_DIR == cfg.OUTPUT_DIR] == [name]
    for data_set in (*cfg.DATASETS.TRAIN, *cfg.DATASETS.TEST):
        assert data_set in DatasetCatalog.list()


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_leaf_builds(name: str) -> None:
    cfg = load(name)
    needs_timm(cfg)
    model = build_without_weights(cfg)
    kind, _ = kind_and_trunk(name)
    if kind in ("RPN", "RPN200"):
        assert not hasattr(model, "roi_heads")
    else:
        assert (model.track_head is not None) == (kind == "DnT")
        channels = cfg.MODEL.RFCN.GRID_SIZE**2 * (cfg.MODEL.ROI_HEADS.NUM_CLASSES + 1)
        assert model.roi_heads.cls_conv.out_channels == channels


PUBLISHED = {"R_50": (512, 1024, 2048), "R_101": (512, 1024, 2048), "X_101": (512, 1024, 2048)}
PUBLISHED |= {"Inception_v4": (384, 1024, 1536)}


@pytest.mark.parametrize("trunk", TRUNKS)
@pytest.mark.parametrize("kind", ["RPN", "D", "DnT"])
def test_published_sizes(kind: str, trunk: str) -> None:
    cfg = load(f"{kind}_{trunk}.yaml")
    needs_timm(cfg)
    model = build_without_weights(cfg)
    shapes = model.backbone.output_shape()
    assert tuple(shapes[name].channels for name in ("res3", "res4", "res5")) == PUBLISHED[trunk]
    assert tuple(shapes[name].stride for name in ("res3", "res4", "res5")) == (8, 16, 16)
    # The RPN on conv5: a 3x3 convolution to 512 channels, 15 anchors.
    head = model.proposal_generator.rpn_head
    convs = {name: m for name, m in head.named_modules() if isinstance(m, nn.Conv2d)}
    assert convs["conv"].weight.shape == (512, PUBLISHED[trunk][2], 3, 3)
    assert convs["objectness_logits"].out_channels == 15
    assert convs["anchor_deltas"].out_channels == 60
    assert not [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    if kind != "RPN":
        assert model.roi_heads.reduction.weight.shape == (512, PUBLISHED[trunk][2], 3, 3)
        assert model.roi_heads.box_conv.weight.shape == (4 * 49, 512, 1, 1)
    if kind == "DnT":
        assert model.track_head.conv.weight.shape == (196, 2 * 196 + 289 + 81 + 289, 1, 1)


@pytest.mark.parametrize("trunk", TRUNKS)
def test_published_schedules(trunk: str) -> None:
    """Sec. 5.2; ResNeXt's D&T has 8 pairs and half the updates in the authors' files. The RPN's is D's."""
    for kind in KINDS:
        cfg = load(f"{kind}_{trunk}.yaml")
        solver = cfg.SOLVER
        schedule = (solver.IMS_PER_BATCH, solver.BASE_LR, solver.STEPS, solver.MAX_ITER)
        if kind != "DnT":
            assert schedule == (4, 1e-3, (60000,), 80000)
        elif trunk == "X_101":
            assert schedule == (8, 1e-4, (20000,), 30000)
        else:
            assert schedule == (4, 1e-4, (40000,), 60000)
        assert (solver.GAMMA, solver.WARMUP_ITERS, solver.MOMENTUM, solver.WEIGHT_DECAY) == (0.1, 0, 0.9, 5e-4)
        assert (0 if kind == "DnT" else 10) == cfg.INPUT.FRAMES_PER_VIDEO
        assert (cfg.INPUT.MIN_SIZE_TRAIN, cfg.INPUT.MAX_SIZE_TRAIN) == ((600,), 1000)


@pytest.mark.parametrize("trunk", TRUNKS)
def test_each_starts_from_the_one_before(trunk: str) -> None:
    """RPN200 and D from ImageNet, RPN from RPN200, D&T from D."""
    cfgs = {kind: load(f"{kind}_{trunk}.yaml") for kind in KINDS}
    for kind, before in (("RPN", "RPN200"), ("DnT", "D")):
        assert f"{cfgs[before].OUTPUT_DIR}/model_final.pth" == cfgs[kind].MODEL.WEIGHTS
        assert cfgs[kind].MODEL.TIMM.WEIGHTS == ""
    for kind in ("RPN200", "D"):
        model = cfgs[kind].MODEL
        assert (model.WEIGHTS == "") == (model.TIMM.WEIGHTS == "hub") == (trunk == "Inception_v4")
    # D's file says how it starts from the RPN.
    assert f"MODEL.WEIGHTS {cfgs['RPN'].OUTPUT_DIR}/model_final.pth" in (CONFIGS / f"D_{trunk}.yaml").read_text()


@pytest.mark.parametrize("trunk", TRUNKS)
def test_pixels_are_what_the_weights_want(trunk: str) -> None:
    for kind in KINDS:
        cfg = load(f"{kind}_{trunk}.yaml")
        pixels = (cfg.INPUT.FORMAT, [round(x, 3) for x in cfg.MODEL.PIXEL_MEAN], list(cfg.MODEL.PIXEL_STD))
        if trunk == "X_101":  # ImageNet's, as in timm and torchvision
            assert pixels == ("RGB", [123.675, 116.28, 103.53], [58.395, 57.12, 57.375])
        elif trunk == "Inception_v4":
            assert pixels == ("RGB", [127.5] * 3, [127.5] * 3)
        else:
            assert pixels == ("BGR", [103.53, 116.28, 123.675], [1.0] * 3)


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


@pytest.mark.parametrize("trunk", TRUNKS)
def test_the_rpn_is_that_of_d(trunk: str) -> None:
    """So that D starts from a trained RPN, and a trained D's RPN is measured: every weight has its place."""
    needs_timm(load(f"RPN_{trunk}.yaml"))
    rpn200, rpn, d = (
        build_without_weights(load(f"{kind}_{trunk}.yaml")).state_dict() for kind in ("RPN200", "RPN", "D")
    )
    shapes = {name: value.shape for name, value in rpn.items()}
    assert shapes == {name: value.shape for name, value in rpn200.items()}
    assert shapes == {name: value.shape for name, value in d.items() if not name.startswith("roi_heads.")}
    assert {name.partition(".")[0] for name in rpn} == {"backbone", "proposal_generator"}


TEST_TIME = {
    "D_and_T_loss": {"MODEL.TRACK_HEAD.NAME": ""},
    "average": {"TEST.SCORE_AVERAGE": "next"},
    "average_both": {"TEST.SCORE_AVERAGE": "both"},
    "online": {"TUBES.ONLINE": True},
    "presence": {"TUBES.ABSENT_SCORE": 0.02},
    "proposals_5_scales": {"TEST.PROPOSAL_SCALES": (1400, 700, 350, 175, 88)},
    "bfloat16": {"TEST.PRECISION": "bfloat16", "MODEL.CHANNELS_LAST": True},
    "tau_1": {},
    "tau_10": {"TEST.TEMPORAL_STRIDE": 10},
    "tau_10_average": {"TEST.TEMPORAL_STRIDE": 10, "TEST.SCORE_AVERAGE": "next"},
}


@pytest.mark.parametrize("path", sorted((CONFIGS / "test").glob("*.yaml")), ids=lambda path: path.stem)
def test_files_for_testing_change_what_they_say(path: Path) -> None:
    plain = load("DnT_R_101.yaml")
    cfg = plain.clone()
    cfg.defrost()
    cfg.merge_from_file(str(path))
    changed = {key: value_of(cfg, key) for key in leaves(plain) if value_of(cfg, key) != value_of(plain, key)}
    assert changed == TEST_TIME[path.stem]
    # Without weights of its own a D&T config would test the D from which its training starts.
    words = path.read_text().split()
    assert f"configs/test/{path.name}" in words
    (network,) = re.findall(r"configs/(\w+)\.yaml", path.read_text())
    assert words[words.index("MODEL.WEIGHTS") + 1] == f"{load(f'{network}.yaml').OUTPUT_DIR}/model_final.pth"


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
    ours = set(leaves(plain)) - detectron2
    assert ours
    assert {path for path in ours if value_of(plain, path) != value_of(base, path)} == set()


def test_unknown_keys_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "typo.yaml"
    path.write_text("MODEL:\n  RFCN:\n    GRID: 7\n")
    cfg = get_cfg()
    add_dnt_config(cfg)
    with pytest.raises(KeyError, match=r"MODEL\.RFCN\.GRID"):
        cfg.merge_from_file(str(path))


def write_proposals(name: str, folder: Path) -> str:
    """A file of proposals for each image of a data set: its objects, and boxes beside them."""
    ids, boxes = [], []
    for frame in DatasetCatalog.get(name):
        true = np.array([a["bbox"] for a in frame["annotations"]], np.float32).reshape(-1, 4)
        size = [frame["width"] - 1, frame["height"] - 1] * 2
        beside = [true + shift for shift in (0.0, 3.0, -5.0)] + [
            np.array([[2, 2, 40, 40], [20, 10, 60, 50]], np.float32)
        ]
        ids.append(frame["image_id"])
        boxes.append(np.concatenate(beside).clip(0, size))
    content = {"ids": ids, "boxes": boxes, "objectness_logits": [np.arange(len(b), 0, -1.0) for b in boxes]}
    (folder / f"{name}.pkl").write_bytes(pickle.dumps(content))
    return str(folder / f"{name}.pkl")


@pytest.mark.slow
@pytest.mark.usefixtures("loggers_as_before")
@pytest.mark.parametrize("name", LEAVES)
def test_every_system_trains_and_evaluates(
    name: str,
    small_model: Callable[..., Any],
    tiny_datasets: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One step and one evaluation with all of its channels, on small pictures of the tiny data set."""
    from dnt_d2.engine import Trainer
    from dnt_d2.evaluation import ProposalRecallEvaluator, VIDEvaluator

    cfg = load(name).clone()
    needs_timm(cfg)
    cfg.defrost()
    cfg.merge_from_list(
        [
            *("MODEL.DEVICE", "cpu", "MODEL.WEIGHTS", "", "MODEL.TIMM.WEIGHTS", "", "OUTPUT_DIR", str(tmp_path)),
            *("INPUT.MIN_SIZE_TRAIN", (96,), "INPUT.MAX_SIZE_TRAIN", 160),
            *("INPUT.MIN_SIZE_TEST", 96, "INPUT.MAX_SIZE_TEST", 160),
            *("SOLVER.IMS_PER_BATCH", 2, "SOLVER.MAX_ITER", 1, "SOLVER.STEPS", (), "SOLVER.BASE_LR", 1e-6),
            *("DATALOADER.NUM_WORKERS", 0, "TEST.EVAL_PERIOD", 0, "SEED", 1),
        ]
    )
    data_set = "imagenet_det_train_200classes" if "RPN200" in name else "imagenet_vid_val"
    cfg.DATASETS.TEST = ()  # the test below chooses the evaluator
    if cfg.MODEL.LOAD_PROPOSALS:
        cfg.DATASETS.PROPOSAL_FILES_TRAIN = tuple(write_proposals(each, tmp_path) for each in cfg.DATASETS.TRAIN)
        cfg.DATASETS.PROPOSAL_FILES_TEST = ()
    monkeypatch.setattr(Trainer, "build_model", classmethod(lambda cls, cfg: small_model(cfg)))
    trainer = Trainer(cfg)
    before = {key: value.clone() for key, value in trainer.model.named_parameters() if value.requires_grad}
    trainer.train()
    losses = {key for key in trainer.storage.histories() if key.startswith("loss_")}
    expected = set() if cfg.MODEL.LOAD_PROPOSALS else {"loss_rpn_cls", "loss_rpn_loc"}
    alone = cfg.MODEL.META_ARCHITECTURE == "ProposalNetwork"
    expected |= set() if alone else {"loss_cls", "loss_box_reg"}
    expected |= {"loss_track"} if cfg.MODEL.TRACK_HEAD.NAME else set()
    assert losses == expected
    assert all(bool(value.isfinite().all()) for value in trainer.model.parameters())
    moved = [key for key, value in trainer.model.named_parameters() if key in before and not value.equal(before[key])]
    assert {key.partition(".")[0] for key in before} == {key.partition(".")[0] for key in moved}
    del before
    cfg.DATASETS.TEST = (data_set,)
    if cfg.MODEL.LOAD_PROPOSALS:
        cfg.DATASETS.PROPOSAL_FILES_TEST = (write_proposals(data_set, tmp_path),)
    results = Trainer.test(cfg, trainer.model, (ProposalRecallEvaluator if alone else VIDEvaluator)(cfg, data_set))
    if alone:
        assert 0 <= results["proposals"]["recall@300"] <= 100
    else:
        assert 0 <= results["frame"]["AP50"] <= 100
        assert 0 <= results["tube"]["AP50"] <= 100
