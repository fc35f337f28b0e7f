"""Average precision of frames and of tubes, as the ILSVRC devkit measures it, and by speed of motion, as FGFA does.

The names below are loaded when they are first touched (PEP 562): only the evaluators need Detectron2.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .average_precision import ClassAP, evaluate_class, match_detections, mean_ap, rank_and_measure
    from .motion import MOTION_RANGES, MotionTruth, evaluate_motion, motion_iou
    from .proposal_evaluator import ProposalRecallEvaluator
    from .proposal_recall import count_found, found_within, mean_recall, recall_by_class
    from .tables import per_class_table
    from .vid_evaluator import VIDEvaluator

_HOME = {
    "ClassAP": "average_precision",
    "evaluate_class": "average_precision",
    "match_detections": "average_precision",
    "mean_ap": "average_precision",
    "rank_and_measure": "average_precision",
    "MOTION_RANGES": "motion",
    "MotionTruth": "motion",
    "evaluate_motion": "motion",
    "motion_iou": "motion",
    "ProposalRecallEvaluator": "proposal_evaluator",
    "count_found": "proposal_recall",
    "found_within": "proposal_recall",
    "mean_recall": "proposal_recall",
    "recall_by_class": "proposal_recall",
    "per_class_table": "tables",
    "VIDEvaluator": "vid_evaluator",
}

__all__ = [
    "MOTION_RANGES",
    "ClassAP",
    "MotionTruth",
    "ProposalRecallEvaluator",
    "VIDEvaluator",
    "count_found",
    "evaluate_class",
    "evaluate_motion",
    "found_within",
    "match_detections",
    "mean_ap",
    "mean_recall",
    "motion_iou",
    "per_class_table",
    "rank_and_measure",
    "recall_by_class",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
