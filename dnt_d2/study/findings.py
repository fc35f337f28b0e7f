"""What the paper found, number by number, and whether this study finds the same: the verdict follows from numbers.

A finding is that a difference is above a limit, or that it is not. Of several seeds each must say the same, else one
can't tell; where there is an interval, all of it must lie on one side of 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .cells import signed
from .design import NOVEL, SEEDS
from .results import MODELS, Study, Values

AGREES, DISAGREES, OPEN, UNKNOWN = "agrees", "disagrees", "can't tell", "not measured yet"


@dataclass(frozen=True)
class Finding:
    """One of the paper's, and how to ask this study.

    Attributes:
        name: for the code.
        says: the paper's words in ours, with its numbers.
        where: in the paper.
        ours: what is measured here, in words.
        measure: measures it, in points of AP50.
        limit: in points.
        above: whether the paper found a difference above the limit, or none above it.
    """

    name: str
    says: str
    where: str
    ours: str
    measure: Callable[[Study], Values]
    limit: float = 0.0
    above: bool = True


def trained(model: str, kind: str) -> Callable[[Study], Values]:
    """Mean AP50 of a kind of results of a model, on the headline set."""
    return lambda study: study.over_seeds(MODELS[model], "results", NOVEL, kind, "AP50")


def tested(variant: str) -> Callable[[Study], Values]:
    """Mean AP50 of the tubes of D&T in a test-time variant, on the headline set."""
    return lambda study: study.over_seeds("variants", "results", variant, "tube", "AP50")


def _less(a: Callable[[Study], Values], b: Callable[[Study], Values]) -> Callable[[Study], Values]:
    return lambda study: a(study).minus(b(study))


def alpha_ranges(study: Study, dataset: str) -> Values:
    """How far AP50 goes up and down with alpha, in each seed."""
    curves = [study.get("alpha", "alpha", dataset, str(seed), "alpha") or {} for seed in SEEDS]
    known = [[x for x in curve.values() if x is not None] for curve in curves]
    return Values(tuple(max(curve) - min(curve) if curve else None for curve in known))


def same_frames(study: Study) -> Values:
    """What a stride of 10 costs, judged in the frames that it samples: the difference of one seed."""
    one, ten = (study.of_one("strides", "results", "sampled_frames", stride, "tube") for stride in ("1", "10"))
    return one.minus(ten)


_TUBES, _FRAMES = trained("D&T", "tube"), trained("D&T", "frame")
FINDINGS = (
    Finding(
        "all",
        "D&T is 5.6 points better than D on single frames: from 74.2 to 79.8.",
        "table 1",
        "D&T's tubes less D's single frames",
        _less(_TUBES, trained("D", "frame")),
    ),
    Finding(
        "loss",
        "Training on with the tracking loss makes single frames better by 1.6 points, from 74.2 to 75.8.",
        "table 1; section 5.3, frame level methods",
        "D&T's single frames less D's; the claims below have the fairer comparison, with D longer",
        _less(_FRAMES, trained("D", "frame")),
    ),
    Finding(
        "tubes",
        "Linking by tracklets and re-scoring make D&T better than its single frames by 4.0 points, from 75.8 to 79.8.",
        "table 1; section 5.3, video level methods",
        "D&T's tubes less its single frames",
        _less(_TUBES, _FRAMES),
    ),
    Finding(
        "online",
        "Re-scoring from the past alone costs 1.1 points, from 79.8 to 78.7.",
        "section 5.3, online capabilities",
        "tubes less online tubes",
        _less(_TUBES, tested("online")),
    ),
    Finding(
        "tau_10",
        "Every tenth frame alone costs only 1.2 points, from 79.8 to 78.6.",
        "table 1; section 5.3, temporally strided testing",
        "tubes less tubes of τ = 10, each in the frames that the network saw",
        _less(_TUBES, tested("tau_10")),
        1.2,
        above=False,
    ),
    Finding(
        "same_frames",
        "Every tenth frame alone costs only 1.2 points, from 79.8 to 78.6.",
        "table 1; section 5.3, temporally strided testing",
        "tubes less tubes of τ = 10, both in the frames that τ = 10 samples",
        same_frames,
        1.2,
        above=False,
    ),
    Finding(
        "average",
        "Scores averaged with those in t + 1 add only 0.2 points, from 79.8 to 80.0.",
        "table 2; section 5.3, temporally strided testing",
        "averaged less not averaged",
        _less(tested("average"), _TUBES),
        0.2,
        above=False,
    ),
    Finding(
        "average_both",
        "Averaging over t − 1, too, adds nothing.",
        "section 5.3, temporally strided testing",
        "averaged over both neighbours less averaged over one",
        _less(tested("average_both"), tested("average")),
        above=False,
    ),
    Finding(
        "tau_10_average",
        "With τ = 10 averaging adds 0.6 points, from 78.6 to 79.2.",
        "section 5.3, temporally strided testing",
        "τ = 10, averaged less not averaged",
        _less(tested("tau_10_average"), tested("tau_10")),
    ),
    Finding(
        "alpha",
        "AP varies by less than 0.5 points as alpha goes from 10% to 100%.",
        "section 4",
        "the best alpha less the worst",
        lambda study: alpha_ranges(study, NOVEL),
        0.5,
        above=False,
    ),
)


def verdict(values: Values, limit: float, *, above: bool) -> str:
    """Whether numbers of several seeds are on the paper's side of a limit: all, none, or some.

    They are rounded as the paper's are, to a tenth.
    """
    sides = {(round(value, 1) > limit) == above for value in values.known}
    if not sides:
        return UNKNOWN
    return OPEN if len(sides) > 1 else AGREES if sides.pop() else DISAGREES


def verdict_of_interval(low: float | None, high: float | None) -> str:
    """Whether an interval of a difference that the paper found to be above 0 is so, too."""
    if low is None or high is None:
        return UNKNOWN
    return AGREES if low > 0 else DISAGREES if high < 0 else OPEN


def sentence(finding: Finding, study: Study) -> str:
    """What the paper found, what was found here, and the verdict."""
    values = finding.measure(study)
    judged = verdict(values, finding.limit, above=finding.above)
    paper = f"The paper: {finding.says.rstrip('.')} ({finding.where})."
    if judged == UNKNOWN:
        return f"{paper} Ours: {judged}."
    each = ", ".join(signed(value) for value in values.seeds)
    mean = f"{signed(values.mean)} points" + (f" ({each})" if len(values.seeds) > 1 else "")
    return f"{paper} Ours, {finding.ours}: {mean}: **{judged}**{_of_seeds(values)}."


def _of_seeds(values: Values) -> str:
    """What a verdict hangs on, if that is not all seeds."""
    known, asked = len(values.known), len(values.seeds)
    return " (one seed)" if known == 1 else f" ({known} of {asked} seeds)" if known < asked else ""


def sentences(study: Study, *names: str) -> str:
    """A list of findings in Markdown."""
    return "".join(f"- {sentence(finding, study)}\n" for finding in FINDINGS if finding.name in names)


def losing_classes(study: Study) -> str:
    """The paper's only class that loses by tubes, and those that lose here, on the headline set."""
    paper = "- The paper: tubes make every class better but whale (section 5.3, video level methods)."
    names = study.class_names(NOVEL)
    gains = {name: _gain(study, f"AP50-{name}") for name in names}
    known = {name: gain for name, gain in gains.items() if gain.mean is not None}
    if not known:
        return f"{paper} Ours: {UNKNOWN}.\n"
    lose = {name: gain.mean for name, gain in known.items() if gain.mean is not None and gain.mean < 0}
    unclear = [name for name, gain in known.items() if len({value > 0 for value in gain.known}) > 1]
    words = f"in the mean over seeds {len(known) - len(lose)} of {len(known)} classes don't lose"
    words += "".join(f"; {name} does ({signed(value)})" for name, value in lose.items())
    words += f"; seeds differ for {', '.join(unclear)}" if unclear else ""
    judged = DISAGREES if len(lose) > 1 else AGREES
    return f"{paper} Ours: {words}: **{judged}**{_of_seeds(next(iter(known.values())))}.\n"


def _gain(study: Study, key: str) -> Values:
    """What tubes add to D&T's single frames."""
    tubes, frames = (study.over_seeds(MODELS["D&T"], "results", NOVEL, kind, key) for kind in ("tube", "frame"))
    return tubes.minus(frames)
