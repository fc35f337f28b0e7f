"""Trunks, their maps, and what reads them: each contradiction has its sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from dnt_d2.config_rules.trunk import RULES, trunk_shapes

Make = Callable[..., Any]
TIMM = ("MODEL.BACKBONE.NAME", "build_timm_backbone")
INCEPTION = ("MODEL.BACKBONE.NAME", "build_inception_v4_backbone")


@pytest.mark.parametrize("name", ["D_R_50.yaml", "DnT_R_50.yaml", "RPN_R_50.yaml"])
def test_nothing_to_say(load_cfg: Make, sentences: Make, name: str) -> None:
    assert sentences(RULES, load_cfg(name)) == []


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["INPUT.FORMAT", "YUV-BT.601"], "INPUT.FORMAT is 'YUV-BT.601': D&T reads BGR or RGB"),
        (["MODEL.PIXEL_STD", [1.0]], "MODEL.PIXEL_MEAN has 3 values and MODEL.PIXEL_STD 1: give each 3"),
        (["MODEL.PIXEL_STD", [1.0, 0.0, 1.0]], "MODEL.PIXEL_STD is [1.0, 0.0, 1.0]: pixels are divided by it"),
        (["MODEL.BACKBONE.NAME", "build_nothing"], "MODEL.BACKBONE.NAME is 'build_nothing', which is not registered"),
        (["MODEL.RESNETS.OUT_FEATURES", ["res3", "res6"]], "OUT_FEATURES is ['res3', 'res6']: name maps of stem, res2"),
        (["MODEL.RESNETS.OUT_FEATURES", []], "MODEL.RESNETS.OUT_FEATURES is []: name maps of"),
        (
            ["MODEL.RESNETS.RES5_DILATION", 4],
            "MODEL.RESNETS.RES5_DILATION is 4: it must be 2 (conv5 at stride 16) or 1",
        ),
        (["MODEL.BACKBONE.FREEZE_AT", 7], "MODEL.BACKBONE.FREEZE_AT is 7: it must be in [0, 5]"),
        ([*TIMM, "MODEL.TIMM.FREEZE_STAGES", 6], "MODEL.TIMM.FREEZE_STAGES is 6: it must be in [0, 5]"),
        ([*TIMM, "MODEL.TIMM.WEIGHTS", "b0.pth"], 'MODEL.TIMM.WEIGHTS is \'b0.pth\': it must be "", "hub", '),
        ([*TIMM, "MODEL.TIMM.WEIGHTS", "file:"], "MODEL.TIMM.WEIGHTS is 'file:': it must be"),
        ([*INCEPTION, "MODEL.TIMM.TAPS", ["a", "b", "c"]], "MODEL.TIMM.TAPS is ['a', 'b', 'c'], which Inception-v4"),
        ([*INCEPTION, "MODEL.TIMM.FREEZE_UP_TO", "features.3"], "MODEL.TIMM.FREEZE_UP_TO is 'features.3', which"),
        (["MODEL.RESNETS.DEPTH", 77], "MODEL.RESNETS.DEPTH is 77: it must be one of 18, 34, 50, 101, 152"),
        (
            ["MODEL.RESNETS.DEPTH", 18],
            "the trunk MODEL.BACKBONE.NAME 'build_resnet_backbone' can't be built with these keys: Must set",
        ),
        (
            ["MODEL.RPN.IN_FEATURES", ["res2"]],
            "MODEL.RPN.IN_FEATURES names 'res2', but the trunk build_resnet_backbone gives res3, res4, res5: use one "
            "of these, or add it to MODEL.RESNETS.OUT_FEATURES",
        ),
        (["MODEL.RFCN.IN_FEATURE", "p5"], "MODEL.RFCN.IN_FEATURE names 'p5', but the trunk"),
        (["MODEL.TRACK_HEAD.IN_FEATURES", ["res2", "res3", "res4"]], "MODEL.TRACK_HEAD.IN_FEATURES names 'res2', but"),
        (["MODEL.RESNETS.OUT_FEATURES", ["res4", "res5"]], "MODEL.TRACK_HEAD.IN_FEATURES names 'res3', but the trunk"),
        (
            ["MODEL.TRACK_HEAD.STRIDES", [1, 1, 1]],
            "MODEL.TRACK_HEAD.IN_FEATURES: res3 has stride 8, with STRIDES 1 its correlation can't be stacked on box "
            "maps of stride 16 (MODEL.RFCN.IN_FEATURE res5): use 2",
        ),
        (
            ["MODEL.RFCN.IN_FEATURE", "res3", "MODEL.TRACK_HEAD.STRIDES", [1, 1, 1]],
            "res5 has stride 16, with STRIDES 1 its correlation can't be stacked on box maps of stride 8 "
            "(MODEL.RFCN.IN_FEATURE res3): leave res5 out",
        ),
        (
            ["MODEL.RESNETS.RES5_DILATION", 1],
            "res4 has stride 16, with STRIDES 1 its correlation can't be stacked on box maps of stride 32 "
            "(MODEL.RFCN.IN_FEATURE res5): use 2, or MODEL.RESNETS.RES5_DILATION 2",
        ),
    ],
)
def test_contradictions(load_cfg: Make, sentences: Make, overrides: list[Any], sentence: str) -> None:
    found = sentences(RULES, load_cfg("DnT_R_50.yaml", *overrides))
    assert [x for x in found if re.search(re.escape(sentence), x)], found


def test_an_undilated_trunk_is_welcome_when_all_fits(load_cfg: Make, sentences: Make) -> None:
    overrides = ["MODEL.RESNETS.RES5_DILATION", 1, "MODEL.TRACK_HEAD.STRIDES", [1, 4, 2]]
    assert sentences(RULES, load_cfg("DnT_R_50.yaml", *overrides)) == []


def test_d_and_rpn_read_less(load_cfg: Make, sentences: Make) -> None:
    """Without a track head its keys are not read, and without R-FCN neither are that one's."""
    keys = ["MODEL.RESNETS.OUT_FEATURES", ["res5"]]
    assert sentences(RULES, load_cfg("D_R_50.yaml", *keys)) == []
    assert sentences(RULES, load_cfg("RPN_R_50.yaml", *keys, "MODEL.RFCN.IN_FEATURE", "p5")) == []


def test_shapes_need_no_weights(load_cfg: Make) -> None:
    pytest.importorskip("timm")
    cfg = load_cfg("D_Inception_v4.yaml")
    assert cfg.MODEL.TIMM.WEIGHTS == "hub"
    assert {name: (s.channels, s.stride) for name, s in trunk_shapes(cfg).items()} == {
        "res3": (384, 8),
        "res4": (1024, 16),
        "res5": (1536, 16),
    }
