"""What ``python -m dnt_d2.evaluation`` does: from files to a report, and to files."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..formats.result_files import EXPORTS, read_results, write_results
from ..formats.results import Detections
from ..provenance import provenance
from .content import build_content
from .extra_metrics import default_metrics, join_boxes
from .plan import Plan
from .report import Story, check_suffix, to_text, write_report
from .rules import TITLES
from .run_scoring import all_boxes, score_detections, score_run
from .saved_run import SavedRun
from .scoring import VideoScore
from .settings import Changeable, pairs, plain_linkings, sweep_linkings
from .story_board import best_and_worst
from .sweep import Sweep, read_sweep, sweep_text, write_sweep
from .truth_file import read_truth_file

PICTURES = (".png", ".svg", ".pdf")


def evaluate_saved(args: argparse.Namespace) -> None:
    """Link and evaluate a saved run again.

    Raises:
        ValueError, OSError: with a sentence for the user.
    """
    _check(args)
    run = SavedRun(args.run)
    saved = {key: value for key, value in run.facts.settings.items() if key in Changeable().values}
    base = Changeable(stride=run.facts.temporal_stride).changed(saved).changed(pairs(args.set))
    sweeps = {words[0]: words[1:] for words in args.sweep}
    truth, frames = run.read_truth()
    plan = Plan(
        run.facts.dataset,
        truth,
        frames,
        sweep_linkings(base, sweeps) if sweeps else plain_linkings(base),
        base.stride,
        base.trim_score,
        _metrics(args, truth.num_frames, bool(sweeps)),
        [args.kind or "tube"] if args.export else [],
    )
    scores = score_run(run, plan, widen=base.widening(run.facts.temporal_stride), workers=args.workers, progress=True)
    facts = {"run": str(run.folder), "digest": run.facts.digest, "inference": dict(run.facts.provenance)}
    content = build_content(plan, scores, provenance() | facts)
    found = read_sweep(content, sweeps) if sweeps else []
    _finish(args, plan, scores, content, found, lambda: best_and_worst(content, run, plan))


def evaluate_predictions(args: argparse.Namespace) -> None:
    """Evaluate a file of results against ground truth.

    Raises:
        ValueError, OSError: with a sentence for the user.
    """
    _check(args)
    if args.sweep:
        raise ValueError("--sweep needs a saved run: results are linked already")
    base = Changeable().changed(pairs(args.set))
    truth, frames = read_truth_file(args.ground_truth)
    detections = read_results(args.predictions, frames, ground_truth=args.ground_truth)
    plan = Plan(
        Path(args.ground_truth).name,
        truth,
        frames,
        trim_score=base.trim_score,
        metrics=_metrics(args, truth.num_frames, False),
        keep=["frame"] if args.export else [],
        titles=dict(TITLES) | {"frame": "detections"},
    )
    scores = score_detections(plan, detections)
    content = build_content(plan, scores, provenance() | {"predictions": os.fspath(args.predictions)})
    _finish(args, plan, scores, content, [], lambda: [])


def _finish(
    args: argparse.Namespace,
    plan: Plan,
    scores: Sequence[VideoScore],
    content: Mapping[str, Any],
    sweeps: Sequence[Sweep],
    tell: Callable[[], Sequence[Story]],
) -> None:
    """Print, and write what was asked for."""
    for problem in plan.problems(scores):
        print(f"note: {problem}")
    print(sweep_text(sweeps) if sweeps else to_text(content))
    stories = tell() if any(path.endswith(".html") for path in args.output) else []
    for path in args.output:
        if path.endswith(PICTURES):
            write_sweep(sweeps[0], path)
        else:
            told = {**content, "sweeps": [sweep.as_dict() for sweep in sweeps]} if sweeps else content
            write_report(told, path, stories)
        print(f"written: {path}")
    for name, path in args.export:
        write_results(name, path, _boxes(name, plan, scores), plan.frames)
        print(f"written: {path}")


def _boxes(name: str, plan: Plan, scores: Sequence[VideoScore]) -> Detections:
    """What goes into a file: of tracks those parts that a viewer would be shown, of all else everything."""
    if name != "mot":
        return all_boxes(scores, plan.keep[0])
    if "tracks" not in plan.metrics:
        raise ValueError("to export mot, ask for --metrics tracks")
    return join_boxes([score.tracks for score in scores if score.tracks is not None])


def _metrics(args: argparse.Namespace, num_frames: int, sweep: bool) -> tuple[str, ...]:
    if args.metrics is not None:
        return tuple(args.metrics)
    exports_tracks = ("tracks",) if any(name == "mot" for name, _ in args.export) else ()
    return exports_tracks if sweep else tuple({*default_metrics(num_frames), *exports_tracks})


def _check(args: argparse.Namespace) -> None:
    """Refuse what can't be written before anything is computed."""
    for path in args.output:
        if not path.endswith(PICTURES):
            check_suffix(path)
        elif len(args.sweep) != 1:
            raise ValueError(f"{path}: a picture is made of one --sweep KEY VALUES; write a report as .html")
    for name, _ in args.export:
        if name not in EXPORTS:
            raise ValueError(f"--export {name}: the formats are {', '.join(EXPORTS)}")
    for words in args.sweep:
        if len(words) < 2:
            raise ValueError(f"--sweep {words[0]} has no values")
