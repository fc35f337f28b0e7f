"""Proposals, R-FCN, OHEM and the track head: each contradiction has its sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from dnt_d2.config_rules.heads import RULES

Make = Callable[..., Any]
GIVEN = ("MODEL.LOAD_PROPOSALS", True, "MODEL.PROPOSAL_GENERATOR.NAME", "PrecomputedProposals")


@pytest.mark.parametrize("name", ["D_R_50.yaml", "DnT_R_50.yaml", "RPN_R_50.yaml"])
def test_nothing_to_say(load_cfg: Make, sentences: Make, name: str) -> None:
    assert sentences(RULES, load_cfg(name)) == []
    # Detectron2's sampling of RoIs has no part in testing.
    other = load_cfg(name, "MODEL.ROI_HEADS.BATCH_SIZE_PER_IMAGE", 128)
    assert sentences(RULES, other, training=False) == []


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["MODEL.META_ARCHITECTURE", "Nothing"], "MODEL.META_ARCHITECTURE is 'Nothing', which is not registered"),
        (["MODEL.ROI_HEADS.NAME", "Nothing"], "MODEL.ROI_HEADS.NAME is 'Nothing', which is not registered"),
        (["MODEL.ROI_HEADS.NAME", "StandardROIHeads"], "'StandardROIHeads', but DetectAndTrack is built on R-FCN: use"),
        (["MODEL.TRACK_HEAD.NAME", "Nothing"], "MODEL.TRACK_HEAD.NAME is 'Nothing', which is not registered"),
        (
            ["MODEL.META_ARCHITECTURE", "ProposalNetwork"],
            "MODEL.META_ARCHITECTURE ProposalNetwork is the RPN alone, but MODEL.TRACK_HEAD.NAME is "
            "'CorrelationTrackHead': set it to \"\", or the architecture to DetectAndTrack",
        ),
        (["MODEL.MASK_ON", True], "MODEL.MASK_ON is on, but D&T has boxes only: turn it off"),
        (["MODEL.LOAD_PROPOSALS", True], "MODEL.LOAD_PROPOSALS is True, but MODEL.PROPOSAL_GENERATOR.NAME is 'RPN'"),
        (["MODEL.PROPOSAL_GENERATOR.NAME", "PrecomputedProposals"], "MODEL.LOAD_PROPOSALS is False, but"),
        (
            ["MODEL.PROPOSAL_GENERATOR.NAME", "Nothing"],
            "MODEL.PROPOSAL_GENERATOR.NAME is 'Nothing', which is not registered: use RPN, or PrecomputedProposals",
        ),
        (["MODEL.RPN.IN_FEATURES", []], "MODEL.RPN.IN_FEATURES is empty: name the maps that the RPN reads"),
        (
            [*GIVEN, "DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TEST", 0],
            "DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TEST is 0: it must be at least 1",
        ),
        ([*GIVEN], "DATASETS.PROPOSAL_FILES_TRAIN has 0 files, but DATASETS.TRAIN 2 data sets: give one file for each"),
        ([*GIVEN, "MODEL.META_ARCHITECTURE", "ProposalNetwork"], "is PrecomputedProposals: set it to RPN"),
        (["MODEL.ANCHOR_GENERATOR.SIZES", [32.0]], "MODEL.ANCHOR_GENERATOR.SIZES is [32.0]: write a list of values in"),
        (["MODEL.ANCHOR_GENERATOR.SIZES", [[8], [16]]], "SIZES is [[8], [16]]: write a list of values in a list, [["),
        (["MODEL.ANCHOR_GENERATOR.ASPECT_RATIOS", [[]]], "MODEL.ANCHOR_GENERATOR.ASPECT_RATIOS is [[]]: write"),
        (
            ["MODEL.ANCHOR_GENERATOR.ASPECT_RATIOS", [[1, -1]]],
            "ASPECT_RATIOS is [[1, -1]]: every value must be above 0",
        ),
        (
            ["MODEL.RPN.PRE_NMS_TOPK_TEST", 200],
            "MODEL.RPN.POST_NMS_TOPK_TEST is 300 and PRE_NMS_TOPK_TEST 200: NMS keeps at least 1 box, and no more",
        ),
        (["MODEL.RPN.POST_NMS_TOPK_TRAIN", 0], "MODEL.RPN.POST_NMS_TOPK_TRAIN is 0 and PRE_NMS_TOPK_TRAIN 6000"),
        (["MODEL.RPN.NMS_THRESH", 70.0], "MODEL.RPN.NMS_THRESH is 70.0: it must be in [0, 1]"),
        (["MODEL.RFCN.BOX_MAPS", 6], "MODEL.RFCN.BOX_MAPS is 6: it must be 4 (the paper) or 8 (the authors' code)"),
        (["MODEL.RFCN.BOX_LOSS_NORM", "fg"], "MODEL.RFCN.BOX_LOSS_NORM is 'fg': it must be one of rois, foreground"),
        (["MODEL.ROI_HEADS.IOU_LABELS", [0, -1]], "MODEL.ROI_HEADS.IOU_LABELS is [0, -1]: R-FCN ignores no RoI (-1)"),
        (
            ["MODEL.ROI_HEADS.IOU_THRESHOLDS", [0.3, 0.5]],
            "IOU_THRESHOLDS [0.3, 0.5] makes 3 ranges of IoU, but IOU_LAB",
        ),
        (["MODEL.ROI_BOX_HEAD.BBOX_REG_WEIGHTS", (1.0, 1.0)], "BBOX_REG_WEIGHTS is (1.0, 1.0): give 4 numbers above 0"),
        (["MODEL.ROI_HEADS.NUM_CLASSES", 0], "MODEL.ROI_HEADS.NUM_CLASSES is 0: it must be at least 1"),
        (["MODEL.RFCN.GRID_SIZE", 0], "MODEL.RFCN.GRID_SIZE is 0: it must be at least 1"),
        (["MODEL.RFCN.SMOOTH_L1_BETA", -1.0], "MODEL.RFCN.SMOOTH_L1_BETA is -1.0: it must be at least 0"),
        (
            ["MODEL.RFCN.OHEM_ROIS", 512],
            "MODEL.RFCN.OHEM_ROIS is 512, but a frame has 300 proposals (MODEL.RPN.POST_NMS_TOPK_TRAIN): choose fewer",
        ),
        (
            [*GIVEN, "DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TRAIN", 100],
            "MODEL.RFCN.OHEM_ROIS is 128, but a frame has 100 proposals (DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TRAIN)",
        ),
        (["MODEL.RFCN.OHEM_ROIS", -1], "MODEL.RFCN.OHEM_ROIS is -1, but"),
        (
            ["MODEL.ROI_HEADS.BATCH_SIZE_PER_IMAGE", 128],
            "MODEL.ROI_HEADS.BATCH_SIZE_PER_IMAGE is 128, but R-FCN samples no RoIs: leave it at 512 and set",
        ),
        (["MODEL.ROI_HEADS.POSITIVE_FRACTION", 0.5], "MODEL.ROI_HEADS.POSITIVE_FRACTION is 0.5, but R-FCN samples no"),
        (
            ["MODEL.TRACK_HEAD.STRIDES", [1, 2]],
            "MODEL.TRACK_HEAD.IN_FEATURES has 3 entries, STRIDES 2 and DISPLACEMENT_STRIDES 3: give each map one",
        ),
        (
            [
                *("MODEL.TRACK_HEAD.IN_FEATURES", [], "MODEL.TRACK_HEAD.STRIDES", []),
                *("MODEL.TRACK_HEAD.DISPLACEMENT_STRIDES", [], "MODEL.TRACK_HEAD.USE_BOX_MAPS", False),
            ],
            "MODEL.TRACK_HEAD.IN_FEATURES is empty and USE_BOX_MAPS is False: there is nothing to track by",
        ),
        (
            ["MODEL.TRACK_HEAD.DISPLACEMENT_STRIDES", [1, 0, 1]],
            "DISPLACEMENT_STRIDES [1, 0, 1]: every stride must be at",
        ),
        (
            ["MODEL.TRACK_HEAD.MAX_DISPLACEMENT", 1],
            "MODEL.TRACK_HEAD.MAX_DISPLACEMENT is 1, below the largest of DISPLACEMENT_STRIDES [1, 2, 1]: such a",
        ),
        (["MODEL.TRACK_HEAD.NORM", "l2"], "MODEL.TRACK_HEAD.NORM is 'l2': it must be one of none, std, softmax"),
        (["MODEL.TRACK_HEAD.SOFTMAX_TEMPERATURE", 0.0], "SOFTMAX_TEMPERATURE is 0.0: it must be above 0"),
        (["MODEL.TRACK_HEAD.SCORE_THRESH", 1.0], "SCORE_THRESH is 1.0: boxes with a score above it are tracked"),
        (["MODEL.TRACK_HEAD.LOSS_WEIGHT", -1.0], "MODEL.TRACK_HEAD.LOSS_WEIGHT is -1.0: it must be at least 0"),
    ],
)
def test_contradictions(load_cfg: Make, sentences: Make, overrides: list[Any], sentence: str) -> None:
    found = sentences(RULES, load_cfg("DnT_R_50.yaml", *overrides))
    assert [x for x in found if re.search(re.escape(sentence), x)], found


@pytest.mark.parametrize(
    "overrides",
    [
        ["MODEL.RFCN.OHEM_ROIS", 0],  # all RoIs, and what the box loss is divided by is defined
        ["MODEL.RFCN.OHEM_ROIS", 300],
        [
            "MODEL.TRACK_HEAD.IN_FEATURES",
            [],
            "MODEL.TRACK_HEAD.STRIDES",
            [],
            "MODEL.TRACK_HEAD.DISPLACEMENT_STRIDES",
            [],
        ],
        [*GIVEN, "DATASETS.PROPOSAL_FILES_TRAIN", ("a", "b"), "DATASETS.PROPOSAL_FILES_TEST", ("c",)],
    ],
)
def test_welcome(load_cfg: Make, sentences: Make, overrides: list[Any]) -> None:
    assert sentences(RULES, load_cfg("DnT_R_50.yaml", *overrides)) == []


def test_testing_needs_no_proposals_of_training(load_cfg: Make, sentences: Make) -> None:
    cfg = load_cfg("DnT_R_50.yaml", *GIVEN, "DATASETS.PROPOSAL_FILES_TEST", ("a",))
    assert sentences(RULES, cfg, training=False) == []
    assert len(sentences(RULES, cfg)) == 1
