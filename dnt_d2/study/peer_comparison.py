"""All that is said of the peers: thresholds chosen on one data set, and what they come to on another."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ..evaluation.saved_run import SavedRun
from .measure import linkings_of, plan_of
from .peers import METHODS, THRESHOLDS, choose_thresholds, hota_curve, measure_peers
from .rounding import round_numbers


def compare_peers(
    *,
    chosen_on: SavedRun,
    judged_on: SavedRun,
    methods: Collection[str] = tuple(METHODS),
    thresholds: Sequence[float] = THRESHOLDS,
) -> dict[str, Any]:
    """Every method at the threshold that is best for it elsewhere.

    Args:
        chosen_on: where the thresholds are chosen, by HOTA.
        judged_on: of the same network, on other videos.
        methods: some of ``METHODS``.
        thresholds: among which each method's is chosen, in [0, 1].

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
    choices = choose_thresholds(chosen_on, plans[0], methods, thresholds)
    best = {method: choice.threshold for method, choice in choices.items()}
    hota = {
        method: {
            "chosen_on": _by_name(choice.hota),
            "judged_on": _by_name(hota_curve(judged_on, plans[1], method, thresholds)),
        }
        for method, choice in choices.items()
    }
    rows = [asdict(row) for row in measure_peers(judged_on, plans[1], best, methods)]
    return round_numbers({**names, "rows": rows, "hota": hota})


def _by_name(curve: Mapping[float, float]) -> dict[str, float]:
    return {f"{threshold:g}": value for threshold, value in curve.items()}
