"""Everything a report says, as one dict that is JSON: numbers, and the rule by which each was measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .average_precision import ClassAP, mean_ap
from .extra_metrics import coco_block, tracks_block
from .measure import Measured, measure
from .motion import why_no_motion
from .outcome_log import OutcomeLog
from .plan import Plan
from .proposal_recall import RECALL_LIMITS, mean_recall, recall_by_class
from .replaced_frames import replaced_block
from .report.facts import FORMAT, number
from .rules import RULES
from .scoring import SCORE_BINS, VideoScore

CURVE_POINTS = 101
Block = dict[str, Any]


def build_content(plan: Plan, scores: Sequence[VideoScore], provenance: Mapping[str, Any]) -> Block:
    """The report, in percent where AP is meant, NaN where there is no ground truth.

    Args:
        plan: what was evaluated.
        scores: of all videos (or frames) that were processed, in any order.
        provenance: date, machine, versions and whatever else belongs beside a number.

    Returns:
        The dict that :mod:`.report` turns into text, Markdown and HTML; see there for its keys.
    """
    scores = sorted(scores, key=lambda score: int(score.numbers[0]) if len(score.numbers) else -1)
    truth, names = plan.truth, _kind_names(scores)
    seen = {kind: truth.marked(score.kinds[kind].numbers for score in scores) for kind in names}
    measured = {kind: _measure(plan, scores, kind, seen[kind]) for kind in names}
    num_gt, replaced = truth.count(seen["frame"]), replaced_block(plan, scores)
    files = {"frames without an image": replaced["skipped"]["files"]} if replaced else {}
    return {
        "format": FORMAT,
        "dataset": plan.dataset,
        "frames": int(seen["frame"].sum()),
        "videos": len({score.video_id for score in scores}),
        "boxes": int(num_gt.sum()),
        "temporal_stride": plan.temporal_stride,
        "classes": list(plan.frames.class_names),
        "boxes_per_class": num_gt.tolist(),
        "settings": dict(plan.settings),
        "kinds": names,
        "titles": {kind: plan.titles.get(kind, kind) for kind in names},
        "AP50": {kind: _values(measured[kind].ap) for kind in names},
        "speed": _speed(plan, measured),
        "size": _ranges(measured, lambda m: m.size),
        "coco": coco_block(plan, scores, seen),
        "tracks": tracks_block(plan, scores, seen),
        "recall": _recall(scores, num_gt),
        "curves": {kind: [_curve(result) for result in measured[kind].ap] for kind in names[:2]},
        "scores": _histograms(scores),
        "per_video": _per_video(plan, scores, names),
        "rules": dict(RULES),
        "provenance": {**provenance, **files},
        **replaced,
    }


def _kind_names(scores: Sequence[VideoScore]) -> list[str]:
    """All kinds that every score has, in the order of the first."""
    names = list(scores[0].kinds) if scores else ["frame"]
    return [name for name in names if all(name in score.kinds for score in scores)]


def _measure(plan: Plan, scores: Sequence[VideoScore], kind: str, seen: NDArray[np.bool_]) -> Measured:
    log = OutcomeLog()
    for score in scores:
        log.join(score.kinds[kind].log)
    return measure(log, plan.truth, plan.motion, seen)


def _values(results: Sequence[ClassAP]) -> Block:
    return {"mean": 100 * mean_ap(results), "per_class": [100 * result.ap for result in results]}


def _speed(plan: Plan, measured: Mapping[str, Measured]) -> Block:
    reason = why_no_motion(plan.truth)
    return _ranges(measured, lambda m: m.speed) if reason is None else {"missing": f"the speed is not known: {reason}"}


def _ranges(measured: Mapping[str, Measured], part: Callable[[Measured], dict[str, list[ClassAP]] | None]) -> Block:
    """AP in each range, and how many objects there are in it."""
    found = {kind: part(m) or {} for kind, m in measured.items()}
    return {
        "boxes": {name: sum(result.num_gt for result in results) for name, results in found["frame"].items()},
        "AP50": {kind: {name: _values(results) for name, results in of.items()} for kind, of in found.items()},
    }


def _recall(scores: Sequence[VideoScore], num_gt: NDArray[np.int64]) -> Block:
    if not scores or any(score.found is None for score in scores):
        return {"missing": "the proposals of the RPN were not saved"}
    recalls = recall_by_class(np.sum([score.found for score in scores if score.found is not None], axis=0), num_gt)
    means = mean_recall(recalls)
    return {
        str(limit): {"mean": 100 * float(mean), "per_class": (100 * row).tolist()}
        for limit, mean, row in zip(RECALL_LIMITS, means, recalls, strict=True)
    }


def _curve(result: ClassAP) -> dict[str, list[float]]:
    """The precision-recall curve at 0, 0.01, ... as far as the recall goes: the best precision from there on."""
    grid = np.linspace(0, 1, CURVE_POINTS)
    if not len(result.recalls):
        return {"recall": [], "precision": []}
    grid = grid[grid <= result.recalls[-1]]
    precision = result.precisions[np.searchsorted(result.recalls, grid)]
    return {"recall": grid.round(2).tolist(), "precision": precision.round(4).tolist()}


def _histograms(scores: Sequence[VideoScore]) -> Block:
    parts = [score.histograms for score in scores if score.histograms is not None]
    if not parts:
        return {"missing": "there are no tubes"}
    before_right, before_wrong, after_right, after_wrong = np.sum(parts, axis=0).tolist()
    return {
        "edges": np.linspace(0, 1, SCORE_BINS + 1).round(4).tolist(),
        "before": {"right": before_right, "wrong": before_wrong},
        "after": {"right": after_right, "wrong": after_wrong},
    }


def _per_video(plan: Plan, scores: Sequence[VideoScore], names: Sequence[str]) -> list[Block]:
    """Of each video that was linked its own AP: the mean over the classes that it has."""
    rows = []
    for score in scores:
        if not len(score.numbers):
            continue
        values = {kind: 100 * score.kinds[kind].ap50 for kind in names}
        name = plan.frames.video_names[int(plan.frames.videos[score.numbers[0]])]
        rows.append({"id": score.video_id, "name": name, "frames": len(score.numbers), "AP50": values})
    return rows


def results_file(content: Mapping[str, Any]) -> Block:
    """What ``vid_results.json`` says: what was evaluated, the boxes of each class, and :func:`results_of`."""
    kept = {key: content[key] for key in ("dataset", "frames", "temporal_stride", "skipped") if key in content}
    boxes = dict(zip(content["classes"], content["boxes_per_class"], strict=True))
    return kept | {"boxes": boxes, "results": results_of(content)}


def results_of(content: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """The numbers as Detectron2's evaluators give them: by kind, "AP50" and "AP50-<class>"; then the other measures."""
    results: dict[str, dict[str, float]] = {}
    for kind in content["kinds"]:
        values = content["AP50"][kind]
        by_class = dict(zip(content["classes"], values["per_class"], strict=True))
        results[kind] = {"AP50": values["mean"], **{f"AP50-{name}": value for name, value in by_class.items()}}
    for measure_name in ("speed", "size"):
        for kind, ranges in content[measure_name].get("AP50", {}).items():
            results[f"{kind}_{measure_name}"] = {f"AP50-{name}": values["mean"] for name, values in ranges.items()}
    for kind, values in content["coco"].items():
        if kind != "missing":
            results[f"{kind}_coco"] = dict(values)
    if "missing" not in content["tracks"]:
        results["tracks"] = dict(content["tracks"]["class_averaged"])
    if "missing" not in content["recall"]:
        results["recall"] = {f"AR50@{limit}": values["mean"] for limit, values in content["recall"].items()}
    return {name: {key: number(value) for key, value in values.items()} for name, values in results.items()}
