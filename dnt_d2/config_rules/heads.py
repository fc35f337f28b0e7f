"""Proposals, R-FCN and the track head."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from detectron2.config import CfgNode, get_cfg
from detectron2.modeling import META_ARCH_REGISTRY, PROPOSAL_GENERATOR_REGISTRY, ROI_HEADS_REGISTRY

from ..modeling import TRACK_HEAD_REGISTRY, RFCNHeads
from ..modeling.rfcn_loss import BOX_NORMS
from ..modeling.track_head import CORRELATION_NORMS
from . import Run, has_track_head, is_rpn_alone, out_of_range


def architecture(cfg: CfgNode, run: Run) -> Iterator[str]:
    """Which networks there are, and which parts they have."""
    names = (
        ("MODEL.META_ARCHITECTURE", cfg.MODEL.META_ARCHITECTURE, META_ARCH_REGISTRY, "DetectAndTrack"),
        ("MODEL.ROI_HEADS.NAME", cfg.MODEL.ROI_HEADS.NAME, ROI_HEADS_REGISTRY, "RFCNHeads"),
        ("MODEL.TRACK_HEAD.NAME", cfg.MODEL.TRACK_HEAD.NAME, TRACK_HEAD_REGISTRY, "CorrelationTrackHead"),
    )
    for key, name, registry, ours in names:
        if name and name not in registry:
            yield f"{key} is {name!r}, which is not registered: import what defines it, or use {ours}"
    generator = cfg.MODEL.PROPOSAL_GENERATOR.NAME
    if generator != "PrecomputedProposals" and generator not in PROPOSAL_GENERATOR_REGISTRY:
        yield (
            f"MODEL.PROPOSAL_GENERATOR.NAME is {generator!r}, which is not registered: use RPN, or "
            "PrecomputedProposals for proposals from files"
        )
    heads = cfg.MODEL.ROI_HEADS.NAME
    if cfg.MODEL.META_ARCHITECTURE == "DetectAndTrack" and heads in ROI_HEADS_REGISTRY:
        found = ROI_HEADS_REGISTRY.get(heads)
        if isinstance(found, type) and not issubclass(found, RFCNHeads):
            yield f"MODEL.ROI_HEADS.NAME is {heads!r}, but DetectAndTrack is built on R-FCN: use RFCNHeads"
    if is_rpn_alone(cfg) and has_track_head(cfg):
        yield (
            f"MODEL.META_ARCHITECTURE ProposalNetwork is the RPN alone, but MODEL.TRACK_HEAD.NAME is "
            f'{cfg.MODEL.TRACK_HEAD.NAME!r}: set it to "", or the architecture to DetectAndTrack'
        )
    for key in ("MASK_ON", "KEYPOINT_ON"):
        if cfg.MODEL[key]:
            yield f"MODEL.{key} is on, but D&T has boxes only: turn it off"


def proposals(cfg: CfgNode, run: Run) -> Iterator[str]:
    """Proposals are either the RPN's or given, in files."""
    generator, load = cfg.MODEL.PROPOSAL_GENERATOR.NAME, cfg.MODEL.LOAD_PROPOSALS
    given = generator == "PrecomputedProposals"
    if load != given:
        yield (
            f"MODEL.LOAD_PROPOSALS is {load}, but MODEL.PROPOSAL_GENERATOR.NAME is {generator!r}: proposals from files "
            "need True and PrecomputedProposals, those of the network False and RPN"
        )
    if given and is_rpn_alone(cfg):
        yield (
            "MODEL.META_ARCHITECTURE ProposalNetwork is the RPN alone, but MODEL.PROPOSAL_GENERATOR.NAME is "
            "PrecomputedProposals: set it to RPN"
        )
    if given:
        for part in ("TRAIN", "TEST") if run.training else ("TEST",):
            files, names = cfg.DATASETS[f"PROPOSAL_FILES_{part}"], cfg.DATASETS[part]
            if len(files) != len(names):
                yield (
                    f"DATASETS.PROPOSAL_FILES_{part} has {len(files)} files, but DATASETS.{part} {len(names)} data "
                    "sets: give one file for each, in the same order"
                )
            yield from out_of_range(cfg, {f"DATASETS.PRECOMPUTED_PROPOSAL_TOPK_{part}": (1, inf)})


def rpn(cfg: CfgNode, run: Run) -> Iterator[str]:
    """Anchors, and how many proposals are kept."""
    if cfg.MODEL.PROPOSAL_GENERATOR.NAME != "RPN":
        return
    levels, anchors = len(cfg.MODEL.RPN.IN_FEATURES), cfg.MODEL.ANCHOR_GENERATOR
    if levels == 0:
        yield "MODEL.RPN.IN_FEATURES is empty: name the maps that the RPN reads, in the paper conv5, [res5]"
    for key in ("SIZES", "ASPECT_RATIOS"):
        rows = anchors[key]
        values = [value for row in rows for value in (row if isinstance(row, list | tuple) else [row])]
        if len(rows) not in (1, levels) or not all(isinstance(row, list | tuple) and row for row in rows):
            yield (
                f"MODEL.ANCHOR_GENERATOR.{key} is {list(rows)}: write a list of values in a list, [[...]], or one such "
                f"list for each of the {levels} MODEL.RPN.IN_FEATURES"
            )
        elif min(values) <= 0:
            yield f"MODEL.ANCHOR_GENERATOR.{key} is {list(rows)}: every value must be above 0"
    for part in ("TRAIN", "TEST"):
        before, after = cfg.MODEL.RPN[f"PRE_NMS_TOPK_{part}"], cfg.MODEL.RPN[f"POST_NMS_TOPK_{part}"]
        if levels and not 1 <= after <= before * levels:
            yield (
                f"MODEL.RPN.POST_NMS_TOPK_{part} is {after} and PRE_NMS_TOPK_{part} {before}: NMS keeps at least 1 "
                "box, and no more than it sees; change one"
            )
    yield from out_of_range(cfg, {"MODEL.RPN.NMS_THRESH": (0, 1)})


def rfcn(cfg: CfgNode, run: Run) -> Iterator[str]:
    """The maps and the losses of R-FCN."""
    if is_rpn_alone(cfg):
        return
    model, heads = cfg.MODEL.RFCN, cfg.MODEL.ROI_HEADS
    if model.BOX_MAPS not in (4, 8):
        yield f"MODEL.RFCN.BOX_MAPS is {model.BOX_MAPS}: it must be 4 (the paper) or 8 (the authors' code)"
    if model.BOX_LOSS_NORM not in BOX_NORMS:
        yield f"MODEL.RFCN.BOX_LOSS_NORM is {model.BOX_LOSS_NORM!r}: it must be one of {', '.join(BOX_NORMS)}"
    if -1 in heads.IOU_LABELS:
        yield (
            f"MODEL.ROI_HEADS.IOU_LABELS is {list(heads.IOU_LABELS)}: R-FCN ignores no RoI (-1), OHEM chooses among "
            "all of them; use 0 (background) and 1"
        )
    if len(heads.IOU_LABELS) != len(heads.IOU_THRESHOLDS) + 1:
        yield (
            f"MODEL.ROI_HEADS.IOU_THRESHOLDS {list(heads.IOU_THRESHOLDS)} makes {len(heads.IOU_THRESHOLDS) + 1} ranges "
            f"of IoU, but IOU_LABELS is {list(heads.IOU_LABELS)}: give one label for each"
        )
    weights = cfg.MODEL.ROI_BOX_HEAD.BBOX_REG_WEIGHTS
    if len(weights) != 4 or min(weights) <= 0:
        yield f"MODEL.ROI_BOX_HEAD.BBOX_REG_WEIGHTS is {tuple(weights)}: give 4 numbers above 0, for x, y, w and h"
    yield from out_of_range(
        cfg,
        {
            "MODEL.ROI_HEADS.NUM_CLASSES": (1, inf),
            "MODEL.RFCN.GRID_SIZE": (1, inf),
            "MODEL.RFCN.REDUCTION_CHANNELS": (1, inf),
            "MODEL.RFCN.REDUCTION_DILATION": (1, inf),
            "MODEL.RFCN.SMOOTH_L1_BETA": (0, inf),
            "MODEL.RFCN.CLS_LOSS_WEIGHT": (0, inf),
            "MODEL.RFCN.BOX_LOSS_WEIGHT": (0, inf),
        },
    )


def mining(cfg: CfgNode, run: Run) -> Iterator[str]:
    """OHEM chooses among the proposals; Detectron2's random sampling of RoIs has no part in R-FCN."""
    if is_rpn_alone(cfg) or not run.training:
        return
    kept, given = cfg.MODEL.RFCN.OHEM_ROIS, cfg.MODEL.LOAD_PROPOSALS
    key = "DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TRAIN" if given else "MODEL.RPN.POST_NMS_TOPK_TRAIN"
    there = cfg.DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TRAIN if given else cfg.MODEL.RPN.POST_NMS_TOPK_TRAIN
    if not 0 <= kept <= there:
        yield (
            f"MODEL.RFCN.OHEM_ROIS is {kept}, but a frame has {there} proposals ({key}): choose fewer of them, "
            "or 0 to train on all"
        )
    if cfg.MODEL.META_ARCHITECTURE != "DetectAndTrack":
        return
    plain = get_cfg().MODEL.ROI_HEADS
    for name in ("BATCH_SIZE_PER_IMAGE", "POSITIVE_FRACTION"):
        if cfg.MODEL.ROI_HEADS[name] != plain[name]:
            yield (
                f"MODEL.ROI_HEADS.{name} is {cfg.MODEL.ROI_HEADS[name]}, but R-FCN samples no RoIs: leave it at "
                f"{plain[name]} and set MODEL.RFCN.OHEM_ROIS"
            )


def track_head(cfg: CfgNode, run: Run) -> Iterator[str]:
    """The correlations."""
    if not has_track_head(cfg):
        return
    head = cfg.MODEL.TRACK_HEAD
    names, strides, steps = head.IN_FEATURES, head.STRIDES, head.DISPLACEMENT_STRIDES
    if not len(names) == len(strides) == len(steps):
        yield (
            f"MODEL.TRACK_HEAD.IN_FEATURES has {len(names)} entries, STRIDES {len(strides)} and DISPLACEMENT_STRIDES "
            f"{len(steps)}: give each map one of both"
        )
    if not names and not head.USE_BOX_MAPS:
        yield ("MODEL.TRACK_HEAD.IN_FEATURES is empty and USE_BOX_MAPS is False: there is nothing to track by; set one")
    if any(step < 1 for step in (*strides, *steps)):
        yield (
            f"MODEL.TRACK_HEAD.STRIDES is {list(strides)} and DISPLACEMENT_STRIDES {list(steps)}: every stride must be "
            "at least 1"
        )
    if names and max(steps, default=1) > head.MAX_DISPLACEMENT:
        yield (
            f"MODEL.TRACK_HEAD.MAX_DISPLACEMENT is {head.MAX_DISPLACEMENT}, below the largest of DISPLACEMENT_STRIDES "
            f"{list(steps)}: such a correlation sees no motion; raise it, or lower the stride"
        )
    if head.NORM not in CORRELATION_NORMS:
        yield f"MODEL.TRACK_HEAD.NORM is {head.NORM!r}: it must be one of {', '.join(CORRELATION_NORMS)}"
    if not head.SOFTMAX_TEMPERATURE > 0:
        yield f"MODEL.TRACK_HEAD.SOFTMAX_TEMPERATURE is {head.SOFTMAX_TEMPERATURE}: it must be above 0"
    if not 0 <= head.SCORE_THRESH < 1:
        yield (
            f"MODEL.TRACK_HEAD.SCORE_THRESH is {head.SCORE_THRESH}: boxes with a score above it are tracked, so it "
            "must be at least 0 and below 1"
        )
    limits = dict.fromkeys(("LOSS_WEIGHT", "SMOOTH_L1_BETA", "MOVE_UNIT", "INIT_STD"), (0, inf))
    yield from out_of_range(cfg, {f"MODEL.TRACK_HEAD.{name}": limit for name, limit in limits.items()})


RULES = (architecture, proposals, rpn, rfcn, mining, track_head)
