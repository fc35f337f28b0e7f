"""All numbers of a saved run: AP of frames and of each way to link, by class and by speed, and track metrics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..evaluation.content import build_content, results_of
from ..evaluation.linking import Linking
from ..evaluation.plan import Plan
from ..evaluation.run_scoring import score_run
from ..evaluation.saved_run import SavedRun
from ..evaluation.scoring import VideoScore
from ..tubes.collector import TubeSettings
from .no_motion import score_with_no_motion
from .rounding import round_numbers

Results = dict[str, dict[str, float]]
SETTINGS = TubeSettings()
"""How tubes are linked, unless an ablation changes it: the paper's."""
TUBE = {"tube": Linking(SETTINGS)}
PSI_0 = {"tube_psi0": Linking(SETTINGS, use_tracks=False)}
TRIM_SCORE = 0.3
"""At which tubes are cut for HOTA and IDF1."""


def plan_of(run: SavedRun, linkings: Mapping[str, Linking], *, metrics: tuple[str, ...] = ()) -> Plan:
    """An evaluation of a saved run with these ways to link."""
    truth, frames = run.read_truth()
    stride = run.facts.temporal_stride
    return Plan(run.facts.dataset, truth, frames, dict(linkings), stride, TRIM_SCORE, metrics)


def linkings_of(run: SavedRun) -> dict[str, Linking]:
    """Tubes with and without tracks; and, if frames were skipped, tubes in all frames."""
    return TUBE | PSI_0 | ({"tube_all": Linking(SETTINGS, every_frame=True)} if run.facts.temporal_stride > 1 else {})


def scores_of(run: SavedRun, *, no_motion: bool, workers: int | None = None) -> list[VideoScore]:
    """Every video judged; with "no motion" tracklets in the place of the network's, if that is asked for."""
    return _scored(run, plan_of(run, linkings_of(run)), no_motion, workers)


def measure_run(run: SavedRun, *, no_motion: bool = False, workers: int | None = None) -> Results:
    """The numbers of a run.

    Args:
        run: finished.
        no_motion: link with tracklets that stay where they are: for a network that regresses no motion.
        workers: processes; None is one per core.

    Returns:
        As :func:`dnt_d2.evaluation.content.results_of` has them, AP50 in percent, without what is not known; the
        tracks are those of "tube".
    """
    plan = plan_of(run, linkings_of(run), metrics=("tracks",))
    return _results(plan, _scored(run, plan, no_motion, workers))


def measure_online(run: SavedRun, *, workers: int | None = None) -> Results:
    """The same of tubes that are linked online, as "tube"."""
    plan = plan_of(run, {"tube": Linking(replace(SETTINGS, online=True))}, metrics=("tracks",))
    return _results(plan, score_run(run, plan, workers=workers))


def _scored(run: SavedRun, plan: Plan, no_motion: bool, workers: int | None) -> list[VideoScore]:
    return score_with_no_motion(run, plan) if no_motion else score_run(run, plan, workers=workers)


def _results(plan: Plan, scores: list[VideoScore]) -> Results:
    found: Mapping[str, Mapping[str, Any]] = results_of(build_content(plan, scores, {}))
    known = {name: {k: float(v) for k, v in values.items() if not math.isnan(v)} for name, values in found.items()}
    return round_numbers(known)
