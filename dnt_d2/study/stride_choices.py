"""Tubes at several temporal strides (sec. 5.3), judged in the same frames.

At tau = 10 the paper judges every 10th frame of a video, at tau = 1 all: two numbers that say little about each other.
Here all are judged in the frames that the largest stride samples, a smaller one having linked all that it saw; and
then in all frames, with boxes interpolated along the tubes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..evaluation.ground_truth import VideoTruth
from ..evaluation.linking import Linking
from ..evaluation.run_scoring import score_run
from ..evaluation.saved_run import SavedRun
from .mean_ap import ap50_of_kind
from .measure import PSI_0, TUBE, plan_of
from .no_motion import score_with_no_motion
from .rounding import round_numbers

Marks = NDArray[np.bool_]


def compare_strides(runs: Mapping[int, SavedRun], *, workers: int | None = None) -> dict[str, Any]:
    """Mean AP50 of single frames and of tubes at each stride.

    Args:
        runs: of one network on one data set, by their temporal stride; each sees all frames that the largest sees.
        workers: processes; None is one per core.

    Returns:
        Percent, to three digits; NaN without any object::

            judged_every     the largest stride
            sampled_frames   {stride: {frame, tube, tube_psi0, tube_no_motion}}, in every so-many-th frame and the last
            all_frames       the same, boxes interpolated; "frame" where the network saw all frames

        "tube_no_motion" has "no motion" tracklets in the place of the network's (:mod:`.no_motion`).

    Raises:
        ValueError: no runs; one of another stride than it is said to be, of other frames or objects than the first,
            without candidates, or of which other videos are finished; or frames that are to be judged were not seen.
    """
    _check(runs)
    widest = max(runs)
    truth = runs[widest].read_truth()[0]
    judged = truth.marked(truth.sampled_of(video_id, widest) for video_id in runs[widest].finished)
    found: dict[str, Any] = {"judged_every": widest, "sampled_frames": {}, "all_frames": {}}
    for stride, run in runs.items():
        sampled, every = _judge(run, truth, judged, workers)
        found["sampled_frames"][str(stride)], found["all_frames"][str(stride)] = sampled, every
    return round_numbers(found)


def _judge(
    run: SavedRun, truth: VideoTruth, judged: Marks, workers: int | None
) -> tuple[dict[str, float], dict[str, float]]:
    """What one run comes to in the frames that are judged, and in all."""
    scores = score_run(run, plan_of(run, _also_between(TUBE | PSI_0)), workers=workers)
    still = score_with_no_motion(run, plan_of(run, _also_between(TUBE)))
    seen = truth.marked(score.numbers for score in scores)
    _check_seen(run, truth, seen, judged)
    whole = truth.marked(truth.sampled_of(score.video_id, 1) for score in scores)

    def table(suffix: str, frames: Marks) -> dict[str, float]:
        tubes = {name: ap50_of_kind(scores, name + suffix, truth, frames) for name in (*TUBE, *PSI_0)}
        return tubes | {"tube_no_motion": ap50_of_kind(still, "tube" + suffix, truth, frames)}

    single = {"frame": ap50_of_kind(scores, "frame", truth, judged)}
    all_single = {"frame": ap50_of_kind(scores, "frame", truth, whole)} if (seen == whole).all() else {}
    return single | table("", judged), all_single | table("_all", whole)


def _also_between(linkings: Mapping[str, Linking]) -> dict[str, Linking]:
    """Each way to link, and with "_all" behind its name the same with boxes between the frames that were seen."""
    between = {f"{name}_all": replace(linking, every_frame=True) for name, linking in linkings.items()}
    return {**linkings, **between}


def _check(runs: Mapping[int, SavedRun]) -> None:
    if not runs:
        raise ValueError("there are no runs to compare: give one for each stride")
    first = next(iter(runs.values()))
    arrays = first.read_truth()[0].arrays()
    for stride, run in runs.items():
        if run.facts.temporal_stride != stride:
            raise ValueError(f"{run.folder} is of every {run.facts.temporal_stride}. frame, not of every {stride}.")
        others = run.read_truth()[0].arrays()
        if not all(np.array_equal(values, others[name]) for name, values in arrays.items()):
            raise ValueError(
                f"{run.folder} is of other frames or objects than {first.folder}: give runs of one data set"
            )
        if run.finished != first.finished:
            raise ValueError(
                f"the finished videos of {run.folder} are {run.finished}, those of {first.folder} {first.finished}: "
                "finish both"
            )


def _check_seen(run: SavedRun, truth: VideoTruth, seen: Marks, judged: Marks) -> None:
    missing = np.flatnonzero(judged & ~seen)
    if len(missing):
        raise ValueError(
            f"{run.folder} lacks {truth.describe(int(missing[0]))}, which is judged: give strides that divide the "
            "largest"
        )
