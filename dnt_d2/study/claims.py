"""What the study claims, as data, and whether the results bear it out.

A claim is that one kind of result of one model has a higher mean AP50 than another. Models are "D" (single frames),
"D longer" (D trained on for as long as D&T, without the tracking loss) and "D&T". Kinds are "frame", "tube_psi0"
(re-scoring along tubes that follow scores alone) and "tube" (psi = 1, sec. 4; of models without a track head with "no
motion" tracklets, see :mod:`.no_motion`). "D&T, no motion" is D&T scored with such tracklets in the place of its own;
"D&T, voted" has the boxes that its tubes are made of for single frames, see :mod:`.voted_frames`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from ..evaluation.ground_truth import VideoTruth
from ..evaluation.scoring import VideoScore
from .bank import Bank, Gathered, gather
from .bootstrap import RESAMPLES, check_pairs, compare, resample
from .swaps import swap_bank, swap_test

Scores = Mapping[str, Sequence[list[VideoScore]]]


class Side(NamedTuple):
    """What is compared: a kind of result of a model."""

    model: str
    kind: str


@dataclass(frozen=True)
class Claim:
    """That ``a`` is better than ``b``, in a word and in a sentence."""

    name: str
    sentence: str
    a: Side
    b: Side


CLAIMS = (
    Claim(
        "tracking loss",
        "Training with the tracking loss makes single frames better than training as long without it.",
        Side("D&T", "frame"),
        Side("D longer", "frame"),
    ),
    Claim(
        "re-scoring",
        "Re-scoring along tubes that follow scores alone makes D&T better than its single frames.",
        Side("D&T", "tube_psi0"),
        Side("D&T", "frame"),
    ),
    Claim(
        "box voting",
        "The NMS and box voting that come before linking make single frames of D&T better by themselves.",
        Side("D&T, voted", "frame"),
        Side("D&T", "frame"),
    ),
    Claim(
        "re-scoring, same boxes",
        "Re-scoring along tubes that follow scores alone makes D&T better than single frames of the same voted boxes.",
        Side("D&T", "tube_psi0"),
        Side("D&T, voted", "frame"),
    ),
    Claim(
        "re-scoring of D longer",
        "Re-scoring along tubes that follow scores alone does so for D longer, too.",
        Side("D longer", "tube_psi0"),
        Side("D longer", "frame"),
    ),
    Claim(
        "tracking",
        "D&T with its tracklets is better than D longer with re-scoring alone.",
        Side("D&T", "tube"),
        Side("D longer", "tube_psi0"),
    ),
    Claim(
        "tracking alone",
        "Tracklets make the tubes of D&T better than re-scoring alone.",
        Side("D&T", "tube"),
        Side("D&T", "tube_psi0"),
    ),
    Claim(
        "predicted motion",
        'D&T with its tracklets is better than D with "no motion" tracklets.',
        Side("D&T", "tube"),
        Side("D", "tube"),
    ),
    Claim(
        "predicted motion, trained as long",
        'D&T with its tracklets is better than D longer with "no motion" tracklets.',
        Side("D&T", "tube"),
        Side("D longer", "tube"),
    ),
    Claim(
        "predicted motion, same boxes",
        'Its own tracklets make the tubes of D&T better than "no motion" tracklets.',
        Side("D&T", "tube"),
        Side("D&T, no motion", "tube"),
    ),
)


def judge_claims(
    scores: Scores,
    truth: VideoTruth,
    *,
    claims: Sequence[Claim] = CLAIMS,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Test claims by the paired bootstrap of :mod:`.bootstrap`, and by the swaps of :mod:`.swaps`.

    Args:
        scores: for each model, for each seed of training in the same order, the scores of all videos. Those of models
            without a track head and of "D&T, no motion" come from :func:`.no_motion.score_with_no_motion`, those of
            "D&T, voted" from :func:`.voted_frames.score_voted_frames`. With ``score_run`` the first have no
            tracklets: their "tube" is "tube_psi0" once more.
        truth: by which they were judged.
        claims: those about a model that is not in ``scores`` are left out.
        resamples: how many, and how many swaps.
        seed: of the random numbers.

    Returns:
        For each claim, in plain numbers, AP50 in percent, NaN where there are no objects::

            name, sentence, a {model, kind}, b {model, kind}
            seeds        [{a, b, difference, low, high, p}], see Difference
            together     {a, b, difference, low, high, p} of the means over seeds
            seeds_drawn  the same, with seeds drawn as well as videos
            chance       {seeds [p], together p}, see Chance: second opinions
            holds        whether the interval of every seed is above 0
            videos, resamples, seed

    Raises:
        ValueError: models of other videos, or of other numbers of seeds, or without a kind that a claim is about.
    """
    asked = [claim for claim in claims if {claim.a.model, claim.b.model} <= scores.keys()]
    sides = dict.fromkeys(side for claim in asked for side in (claim.a, claim.b))
    gathered = {x: [_gather(x, s, of_seed, truth) for s, of_seed in enumerate(scores[x.model])] for x in sides}
    banks = {side: [of_seed.bank(truth) for of_seed in gathered[side]] for side in sides}
    for claim in asked:
        _check(claim, banks[claim.a], banks[claim.b])
    drawn = {side: [resample(bank, resamples=resamples, seed=seed) for bank in banks[side]] for side in sides}
    results = []
    for claim in asked:
        found = compare(drawn[claim.a], drawn[claim.b], videos=len(banks[claim.a][0].videos), seed=seed)
        both = [swap_bank(a, b, truth) for a, b in zip(gathered[claim.a], gathered[claim.b], strict=True)]
        chance = swap_test(both, swaps=resamples, seed=seed)
        words = {"name": claim.name, "sentence": claim.sentence, "a": claim.a._asdict(), "b": claim.b._asdict()}
        holds = all(one.low > 0 for one in found.seeds)
        results.append({**words, **asdict(found), "chance": asdict(chance), "holds": holds})
    return results


def _gather(side: Side, place: int, scores: list[VideoScore], truth: VideoTruth) -> Gathered:
    try:
        return gather(scores, side.kind, truth)
    except ValueError as error:
        raise ValueError(f"{side.model}, seed {place + 1}: {error}") from None


def _check(claim: Claim, a: Sequence[Bank], b: Sequence[Bank]) -> None:
    try:
        check_pairs(a, b)
    except ValueError as error:
        raise ValueError(f"{' '.join(claim.a)} against {' '.join(claim.b)}: {error}") from None
