"""AP of frames and of tubes as the ILSVRC devkit measures it, by speed as FGFA does, and all else that a report has.

The names below are loaded when they are first touched (PEP 562): only the evaluators need Detectron2.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .average_precision import ClassAP, evaluate_class, match_detections, mean_ap, rank_and_measure
    from .content import build_content
    from .motion import MOTION_RANGES, MotionTruth, evaluate_motion, motion_iou
    from .plan import Plan
    from .proposal_evaluator import ProposalRecallEvaluator
    from .proposal_recall import count_found, found_within, mean_recall, recall_by_class
    from .run_scoring import score_run
    from .saved_run import SavedRun
    from .tables import per_class_table
    from .vid_evaluator import VIDEvaluator

_HOME = {
    "ClassAP": "average_precision",
    "evaluate_class": "average_precision",
    "match_detections": "average_precision",
    "mean_ap": "average_precision",
    "rank_and_measure": "average_precision",
    "build_content": "content",
    "MOTION_RANGES": "motion",
    "MotionTruth": "motion",
    "evaluate_motion": "motion",
    "motion_iou": "motion",
    "Plan": "plan",
    "ProposalRecallEvaluator": "proposal_evaluator",
    "count_found": "proposal_recall",
    "found_within": "proposal_recall",
    "mean_recall": "proposal_recall",
    "recall_by_class": "proposal_recall",
    "score_run": "run_scoring",
    "SavedRun": "saved_run",
    "per_class_table": "tables",
    "VIDEvaluator": "vid_evaluator",
}

__all__ = [
    "MOTION_RANGES",
    "ClassAP",
    "MotionTruth",
    "Plan",
    "ProposalRecallEvaluator",
    "SavedRun",
    "VIDEvaluator",
    "build_content",
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
    "score_run",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
