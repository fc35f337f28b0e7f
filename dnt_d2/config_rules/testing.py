"""Evaluation, and tubes."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from detectron2.config import CfgNode

from ..modeling.precision import PRECISIONS
from ..modeling.score_average import SCORE_AVERAGES
from . import Run, has_track_head, is_rpn_alone, out_of_range


def frames(cfg: CfgNode, run: Run) -> Iterator[str]:
    """Which frames the network sees, how, and what of a single frame's result is kept."""
    yield from out_of_range(
        cfg,
        {
            "TEST.TEMPORAL_STRIDE": (1, inf),
            "TEST.FRAMES_PER_BATCH": (1, inf),
            "TEST.DETECTIONS_PER_IMAGE": (1, inf),
            "MODEL.ROI_HEADS.SCORE_THRESH_TEST": (0, 1),
            "MODEL.ROI_HEADS.NMS_THRESH_TEST": (0, 1),
        },
    )
    if cfg.TEST.AUG.ENABLED:
        yield "TEST.AUG.ENABLED is on, but a video is seen once: turn it off"


def precision(cfg: CfgNode, run: Run) -> Iterator[str]:
    """Half precision, where the network and the device have it."""
    value = cfg.TEST.PRECISION
    if value not in PRECISIONS:
        yield f"TEST.PRECISION is {value!r}: it must be one of {', '.join(PRECISIONS)}"
    elif value == "float16" and cfg.MODEL.DEVICE == "cpu":
        yield "TEST.PRECISION is 'float16', but MODEL.DEVICE is cpu, and few processors have it: use bfloat16"
    if is_rpn_alone(cfg) and (value != "float32" or cfg.MODEL.CHANNELS_LAST):
        yield (
            f"TEST.PRECISION is {value!r} and MODEL.CHANNELS_LAST {cfg.MODEL.CHANNELS_LAST}, but Detectron2's "
            "ProposalNetwork knows neither: set them to float32 and False"
        )


def proposal_scales(cfg: CfgNode, run: Run) -> Iterator[str]:
    """Sizes of pictures for the RPN."""
    scales = tuple(cfg.TEST.PROPOSAL_SCALES)
    if any(side < 1 for side in scales):
        yield (
            f"TEST.PROPOSAL_SCALES is {scales}: they are lengths of a picture's longer side in pixels, each at least "
            "1; () turns them off"
        )
    if scales and cfg.MODEL.PROPOSAL_GENERATOR.NAME != "RPN":
        yield (
            f"TEST.PROPOSAL_SCALES is {scales}, but MODEL.PROPOSAL_GENERATOR.NAME is "
            f"{cfg.MODEL.PROPOSAL_GENERATOR.NAME!r}: only an RPN looks at several sizes; set it to ()"
        )


def score_average(cfg: CfgNode, run: Run) -> Iterator[str]:
    """Scores from neighbouring frames need tracks, and the future."""
    average = cfg.TEST.SCORE_AVERAGE
    if average not in SCORE_AVERAGES:
        yield f"TEST.SCORE_AVERAGE is {average!r}: it must be one of {', '.join(SCORE_AVERAGES)}"
    if average == "none":
        return
    if not has_track_head(cfg):
        yield f'TEST.SCORE_AVERAGE is {average!r}, but MODEL.TRACK_HEAD.NAME is "": D tracks nothing, set it to none'
    if cfg.TUBES.ONLINE:
        yield (
            f"TUBES.ONLINE is on, but TEST.SCORE_AVERAGE is {average!r}, which needs the next frame: "
            "turn one off (none, False)"
        )


def tubes(cfg: CfgNode, run: Run) -> Iterator[str]:
    """Linking and re-scoring; absence at the end of a tube needs the future."""
    yield from out_of_range(
        cfg,
        {
            "TUBES.NMS_IOU": (0, 1),
            "TUBES.TOP_K": (1, inf),
            "TUBES.VOTE_IOU": (0, 1),
            "TUBES.LINK_IOU": (0, 1),
            "TUBES.TRIM_SCORE": (0, 1),
            "TUBES.ONLINE_PATIENCE": (0, inf),
            "TUBES.ONLINE_YOUTH": (0, inf),
            "TUBES.ABSENT_SCORE": (0, 1),
            "TUBES.ABSENT_FRAMES": (1, inf),
        },
    )
    if not 0 < cfg.TUBES.TOP_FRACTION <= 1:
        yield (
            f"TUBES.TOP_FRACTION is {cfg.TUBES.TOP_FRACTION}: it is the share of a tube's scores whose mean its boxes "
            "gain, so it must be above 0 and at most 1"
        )
    if cfg.TUBES.ONLINE and cfg.TUBES.ABSENT_SCORE > 0:
        yield (
            f"TUBES.ONLINE is on, but TUBES.ABSENT_SCORE is {cfg.TUBES.ABSENT_SCORE}, and where a tube ends is not "
            "known in time: turn one off (False, 0)"
        )


RULES = (frames, precision, proposal_scales, score_average, tubes)
