"""What predicted motion is worth to tubes, between no motion at all and motion without error."""

from __future__ import annotations

from ..evaluation.run_scoring import score_run
from ..evaluation.saved_run import SavedRun
from .mean_ap import ap50_of_kind
from .measure import PSI_0, TUBE, plan_of
from .no_motion import score_with_no_motion
from .rounding import round_numbers
from .true_motion import score_with_true_motion


def compare_motions(run: SavedRun, *, workers: int | None = None) -> dict[str, float]:
    """Mean AP50 of the boxes of one network in the frames that it saw, linked by ever better motion.

    Args:
        run: of D&T, finished, of a data set that knows its tracks.
        workers: processes for what the network says itself; None is one per core.

    Returns:
        Percent, to three digits; NaN without any object::

            frame         single frames
            psi_0         tubes that follow scores alone
            no_motion     psi = 1 with boxes that stay where they are
            own           psi = 1 with the network's tracklets
            true_motion   psi = 1 with tracklets that go where the objects go

    Raises:
        ValueError: a video was saved without candidates, or the data set has no tracks.
    """
    plan = plan_of(run, TUBE | PSI_0)
    truth = plan.truth
    scores = score_run(run, plan, workers=workers)
    seen = truth.marked(score.numbers for score in scores)
    tube = plan_of(run, TUBE)
    of_tubes = {"no_motion": score_with_no_motion(run, tube), "true_motion": score_with_true_motion(run, tube)}
    by_kind = {name: ap50_of_kind(scores, kind, truth, seen) for name, kind in _KINDS.items()}
    others = {name: ap50_of_kind(of, "tube", truth, seen) for name, of in of_tubes.items()}
    found: dict[str, float] = round_numbers({name: (by_kind | others)[name] for name in MOTIONS})
    return found


_KINDS = {"frame": "frame", "psi_0": "tube_psi0", "own": "tube"}
MOTIONS = {
    "frame": "single frames",
    "psi_0": "tubes, psi = 0",
    "no_motion": '"no motion"',
    "own": "D&T's own",
    "true_motion": "true motion",
}
"""For people, in the order of the table."""
