"""All numbers of a saved run: AP of frames and of each way to link, by class and by speed, and track metrics."""

from __future__ import annotations

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

Results = dict[str, dict[str, float]]
SETTINGS = TubeSettings()
TRIM_SCORE = 0.3


def plan_of(run: SavedRun, linkings: Mapping[str, Linking], *, metrics: tuple[str, ...] = ()) -> Plan:
    """An evaluation of a saved run with these ways to link."""
    truth, frames = run.read_truth()
    stride = run.facts.temporal_stride
    return Plan(run.facts.dataset, truth, frames, dict(linkings), stride, TRIM_SCORE, metrics)


def linkings_of(run: SavedRun) -> dict[str, Linking]:
    """Tubes with and without tracks; and, if frames were skipped, tubes in all frames."""
    linkings = {"tube": Linking(SETTINGS), "tube_psi0": Linking(SETTINGS, use_tracks=False)}
    return linkings | ({"tube_all": Linking(SETTINGS, every_frame=True)} if run.facts.temporal_stride > 1 else {})


def scores_of(run: SavedRun, *, no_motion: bool, metrics: tuple[str, ...] = ()) -> list[VideoScore]:
    """Every video judged; with "no motion" tracklets in the place of the network's."""
    plan = plan_of(run, linkings_of(run), metrics=metrics)
    return score_with_no_motion(run, plan) if no_motion else score_run(run, plan)


def measure_run(run: SavedRun, *, no_motion: bool = False) -> Results:
    """The numbers of a run, in percent.

    Args:
        run: finished.
        no_motion: link with tracklets that stay where they are: for a network that regresses no motion.
    """
    plan = plan_of(run, linkings_of(run), metrics=("tracks",))
    scores = score_with_no_motion(run, plan) if no_motion else score_run(run, plan)
    return rounded(results_of(build_content(plan, scores, {})))


def measure_online(run: SavedRun) -> Results:
    """The same with tubes linked online, as "tube"."""
    plan = plan_of(run, {"tube": Linking(replace(SETTINGS, online=True))}, metrics=("tracks",))
    return rounded(results_of(build_content(plan, score_run(run, plan), {})))


def rounded(results: Mapping[str, Mapping[str, Any]], digits: int = 3) -> Results:
    """Without the classes that have no objects, and to a few digits."""
    return {
        name: {key: round(float(value), digits) for key, value in values.items() if value == value}
        for name, values in results.items()
    }
