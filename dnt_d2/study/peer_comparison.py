"""All that is said of the peers: thresholds chosen on one data set, and what they come to on another."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from typing import Any

from ..evaluation.plan import Plan
from ..evaluation.saved_run import SavedRun
from .measure import linkings_of, plan_of
from .peers import METHODS, THRESHOLDS, WITHOUT_TRACKS, PeerRow, choose_threshold, hota_curve, measure
from .rounding import round_numbers


def compare_peers(
    *,
    chosen_on: SavedRun,
    judged_on: SavedRun,
    methods: Collection[str] = tuple(METHODS),
    thresholds: Sequence[float] = THRESHOLDS,
    workers: int | None = 1,
) -> dict[str, Any]:
    """Every method at the threshold that is best for it elsewhere.

    Args:
        chosen_on: where the thresholds are chosen, by HOTA.
        judged_on: of the same network, on other videos.
        methods: some of ``METHODS``.
        thresholds: among which each method's is chosen, in [0, 1].
        workers: processes, each with methods of its own; None is one per core.

    Returns:
        Percent, to three digits; NaN where there are no objects::

            chosen_on, judged_on   names of the data sets
            rows                   [{method, title, threshold, ap50, class_averaged, detection_averaged}], see PeerRow
            hota                   {method: {chosen_on {threshold: HOTA}, judged_on {threshold: HOTA}}}

        The last shows what each method would have at its best threshold on ``judged_on``, were that known.

    Raises:
        ModuleNotFoundError: TrackEval, or the package of the trackers, is not installed.
        ValueError: both runs are of one data set; or as in :mod:`.peers`.
    """
    names = {"chosen_on": chosen_on.facts.dataset, "judged_on": judged_on.facts.dataset}
    if names["chosen_on"] == names["judged_on"]:
        raise ValueError(
            f"{judged_on.folder}: thresholds chosen on {names['judged_on']} flatter what is measured there; choose "
            "them on another data set"
        )
    plans = [plan_of(run, linkings_of(run)) for run in (chosen_on, judged_on)]
    one = partial(_compare, (chosen_on, judged_on), plans, thresholds)
    count = min(len(methods), (os.cpu_count() or 1) if workers is None else workers)
    if count <= 1:
        found = [one(method) for method in methods]
    else:
        with ProcessPoolExecutor(count, multiprocessing.get_context("spawn")) as pool:
            found = list(pool.map(one, methods))
    hota = {row.method: curves for row, curves in found if curves}
    return round_numbers({**names, "rows": [asdict(row) for row, _ in found], "hota": hota})


def _compare(
    runs: tuple[SavedRun, SavedRun], plans: Sequence[Plan], thresholds: Sequence[float], method: str
) -> tuple[PeerRow, dict[str, dict[str, float]]]:
    """The row of one method, and its curves on both data sets, which those without tracks have none of."""
    (chosen_on, judged_on), (known, other) = runs, plans
    if method in WITHOUT_TRACKS:
        return measure(judged_on, other, method), {}
    choice = choose_threshold(chosen_on, known, method, thresholds)
    curve = hota_curve(judged_on, other, method, thresholds)
    row = measure(judged_on, other, method, choice.threshold)
    return row, {"chosen_on": _by_name(choice.hota), "judged_on": _by_name(curve)}


def _by_name(curve: Mapping[float, float]) -> dict[str, float]:
    return {f"{threshold:g}": value for threshold, value in curve.items()}
