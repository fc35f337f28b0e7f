"""Evaluation and tubes: each contradiction has its sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from dnt_d2.config_rules.testing import RULES

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("name", "overrides"),
    [
        ("D_R_50.yaml", []),
        ("DnT_R_50.yaml", []),
        ("RPN_R_50.yaml", ["TEST.PROPOSAL_SCALES", (1400, 700, 350, 175, 88)]),
        ("DnT_R_50.yaml", ["TEST.SCORE_AVERAGE", "both"]),
        ("DnT_R_50.yaml", ["TEST.PRECISION", "bfloat16", "MODEL.CHANNELS_LAST", True, "MODEL.DEVICE", "cpu"]),
        ("DnT_R_50.yaml", ["TEST.PRECISION", "float16", "MODEL.DEVICE", "cuda"]),
        ("DnT_R_50.yaml", ["TUBES.ONLINE", True]),
        ("DnT_R_50.yaml", ["TUBES.ABSENT_SCORE", 0.1, "TUBES.ABSENT_FRAMES", 1]),
    ],
)
def test_nothing_to_say(load_cfg: Make, sentences: Make, name: str, overrides: list[Any]) -> None:
    assert sentences(RULES, load_cfg(name, *overrides)) == []


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["TEST.TEMPORAL_STRIDE", 0], "TEST.TEMPORAL_STRIDE is 0: it must be at least 1"),
        (["TEST.FRAMES_PER_BATCH", 0], "TEST.FRAMES_PER_BATCH is 0: it must be at least 1"),
        (["TEST.DETECTIONS_PER_IMAGE", 0], "TEST.DETECTIONS_PER_IMAGE is 0: it must be at least 1"),
        (["MODEL.ROI_HEADS.SCORE_THRESH_TEST", 5.0], "MODEL.ROI_HEADS.SCORE_THRESH_TEST is 5.0: it must be in [0, 1]"),
        (["MODEL.ROI_HEADS.NMS_THRESH_TEST", -0.3], "MODEL.ROI_HEADS.NMS_THRESH_TEST is -0.3: it must be in [0, 1]"),
        (["TEST.AUG.ENABLED", True], "TEST.AUG.ENABLED is on, but a video is seen once: turn it off"),
        (["TEST.PRECISION", "fp16"], "TEST.PRECISION is 'fp16': it must be one of float32, bfloat16, float16"),
        (
            ["TEST.PRECISION", "float16", "MODEL.DEVICE", "cpu"],
            "TEST.PRECISION is 'float16', but MODEL.DEVICE is cpu, and few processors have it: use bfloat16",
        ),
        (
            ["MODEL.META_ARCHITECTURE", "ProposalNetwork", "MODEL.CHANNELS_LAST", True],
            "TEST.PRECISION is 'float32' and MODEL.CHANNELS_LAST True, but Detectron2's ProposalNetwork knows neither",
        ),
        (
            ["TEST.PROPOSAL_SCALES", (700, 0)],
            "TEST.PROPOSAL_SCALES is (700, 0): they are lengths of a picture's longer side in pixels, each at least 1",
        ),
        (
            ["TEST.PROPOSAL_SCALES", (700,), "MODEL.PROPOSAL_GENERATOR.NAME", "PrecomputedProposals"],
            "TEST.PROPOSAL_SCALES is (700,), but MODEL.PROPOSAL_GENERATOR.NAME is 'PrecomputedProposals': only an RPN",
        ),
        (["TEST.SCORE_AVERAGE", "mean"], "TEST.SCORE_AVERAGE is 'mean': it must be one of none, next, both"),
        (
            ["TEST.SCORE_AVERAGE", "next", "MODEL.TRACK_HEAD.NAME", ""],
            "TEST.SCORE_AVERAGE is 'next', but MODEL.TRACK_HEAD.NAME is \"\": D tracks nothing, set it to none",
        ),
        (
            ["TEST.SCORE_AVERAGE", "next", "TUBES.ONLINE", True],
            "TUBES.ONLINE is on, but TEST.SCORE_AVERAGE is 'next', which needs the next frame: turn one off",
        ),
        (
            ["TUBES.ABSENT_SCORE", 0.1, "TUBES.ONLINE", True],
            "TUBES.ONLINE is on, but TUBES.ABSENT_SCORE is 0.1, and where a tube ends is not known in time: turn one",
        ),
        (["TUBES.NMS_IOU", 40.0], "TUBES.NMS_IOU is 40.0: it must be in [0, 1]"),
        (["TUBES.TOP_K", 0], "TUBES.TOP_K is 0: it must be at least 1"),
        (["TUBES.VOTE_IOU", -1.0], "TUBES.VOTE_IOU is -1.0: it must be in [0, 1]"),
        (["TUBES.LINK_IOU", 2.0], "TUBES.LINK_IOU is 2.0: it must be in [0, 1]"),
        (["TUBES.TOP_FRACTION", 0.0], "TUBES.TOP_FRACTION is 0.0: it is the share of a tube's scores whose mean"),
        (["TUBES.TRIM_SCORE", 2.0], "TUBES.TRIM_SCORE is 2.0: it must be in [0, 1]"),
        (["TUBES.ONLINE_PATIENCE", -1], "TUBES.ONLINE_PATIENCE is -1: it must be at least 0"),
        (["TUBES.ONLINE_YOUTH", -1], "TUBES.ONLINE_YOUTH is -1: it must be at least 0"),
        (["TUBES.ABSENT_SCORE", 1.5], "TUBES.ABSENT_SCORE is 1.5: it must be in [0, 1]"),
        (["TUBES.ABSENT_FRAMES", 0], "TUBES.ABSENT_FRAMES is 0: it must be at least 1"),
    ],
)
def test_contradictions(load_cfg: Make, sentences: Make, overrides: list[Any], sentence: str) -> None:
    found = sentences(RULES, load_cfg("DnT_R_50.yaml", *overrides))
    assert [x for x in found if re.search(re.escape(sentence), x)], found
