"""dnt_d2/weights/network.py: the shapes that converted weights are held against."""

from __future__ import annotations

import sys

import pytest
import torch
from detectron2.modeling import build_backbone, build_model

from dnt_d2.weights.network import expected_shapes, network_cfg, timm_shapes, timm_trunk_keys


def _shapes(module: torch.nn.Module) -> dict[str, tuple[int, ...]]:
    return {k: tuple(x.shape) for k, x in module.state_dict().items() if not k.endswith("num_batches_tracked")}


SMALL = {
    "MODEL.RESNETS.DEPTH": 50,
    "MODEL.RESNETS.STEM_OUT_CHANNELS": 4,
    "MODEL.RESNETS.WIDTH_PER_GROUP": 4,
    "MODEL.RESNETS.RES2_OUT_CHANNELS": 8,
}


def test_a_trunk_alone_has_no_prefix() -> None:
    cfg = network_cfg(SMALL)
    cfg.MODEL.DEVICE = "cpu"
    shapes = expected_shapes(SMALL)
    assert shapes == _shapes(build_backbone(cfg))
    assert shapes["res5.0.conv2.weight"] == (32, 32, 3, 3)


@pytest.mark.parametrize("track", ["", "CorrelationTrackHead"])
def test_the_whole_network_has(track: str) -> None:
    keys = SMALL | {
        "MODEL.META_ARCHITECTURE": "DetectAndTrack",
        "MODEL.PROPOSAL_GENERATOR.NAME": "PrecomputedProposals",
        "MODEL.ROI_HEADS.NAME": "RFCNHeads",
        "MODEL.ROI_HEADS.NUM_CLASSES": 2,
        "MODEL.RFCN.GRID_SIZE": 2,
        "MODEL.RFCN.REDUCTION_CHANNELS": 3,
        "MODEL.TRACK_HEAD.NAME": track,
    }
    cfg = network_cfg(keys)
    cfg.MODEL.DEVICE = "cpu"
    shapes = expected_shapes(keys)
    assert shapes == _shapes(build_model(cfg))
    assert shapes["roi_heads.cls_conv.weight"] == (12, 3, 1, 1)
    assert ("track_head.conv.weight" in shapes) == bool(track)
    assert "backbone.res5.2.conv3.norm.weight" in shapes


@pytest.mark.parametrize("arch", ["resnet18", "resnet18.a1_in1k", "inception_v4.tf_in1k"])
def test_trunks_of_timm(arch: str) -> None:
    keys = timm_trunk_keys(arch)
    cfg = network_cfg(keys)
    with torch.device("meta"):
        assert expected_shapes(keys) == _shapes(build_backbone(cfg))


def test_timm_says_what_it_has_and_how_it_sees_pictures() -> None:
    shapes, about = timm_shapes("resnet18")
    assert shapes["fc.weight"] == (1000, 512)
    assert about["mean"] == (0.485, 0.456, 0.406)


def test_names_that_timm_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="'no_such_net': timm does not know it"):
        timm_shapes("no_such_net")
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ModuleNotFoundError, match="--arch needs timm: pip install"):
        timm_shapes("resnet18")
