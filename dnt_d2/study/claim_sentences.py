"""The claims in words: what each says, and what the intervals say of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .design import NOVEL
from .findings import UNKNOWN, verdict_of_interval
from .results import Study
from .tables import SETS, shown_difference

OF_PAPER = {
    "tracking loss": "the paper: +1.6 over a D that was not trained longer, 74.2 to 75.8; table 1, section 5.3",
    "training on": "the paper's D&T went on for 60,000 iterations after the 80,000 of D, which did not; section 5.2",
    "tracking alone": "the paper credits tracklets and re-scoring together with +4.0, 75.8 to 79.8; table 1",
}
"""What the paper has to say of a claim, by name."""


def judgement(claim: Mapping[str, Any]) -> str:
    """What the intervals say of a claim, or of its opposite: those of every seed, or else that of all together."""
    low, high = claim["together"]["low"], claim["together"]["high"]
    if low is None or high is None:
        return UNKNOWN
    if claim["holds"]:
        return "holds in every seed"
    if low > 0:
        return "holds together, not in every seed"
    if all(seed["high"] < 0 for seed in claim["seeds"]):
        return "the opposite holds in every seed"
    return "the opposite holds together, not in every seed" if high < 0 else "can't tell: the interval contains 0"


def claim_sentences(study: Study, part: str = "claims") -> str:
    """A list of the claims in Markdown, each with what was found, and what the paper found."""
    by_set = {dataset: study.get(part, "claims", dataset) or [] for dataset in SETS}
    lines = []
    for claim in by_set[NOVEL]:
        others = {SETS[name]: x for name, of in by_set.items() for x in of if x["name"] == claim["name"]}
        found = "; ".join(f"{name}: {shown_difference(x['together'])}, {judgement(x)}" for name, x in others.items())
        paper = f" ({_paper(claim)}.)" if claim["name"] in OF_PAPER else ""
        lines.append(f"- *{claim['name']}*: {claim['sentence']} **{found}.**{paper}\n")
    return "".join(lines)


def _paper(claim: Mapping[str, Any]) -> str:
    """The paper's number; with a verdict where it is of the same thing."""
    text = OF_PAPER[claim["name"]]
    if claim["name"] != "tracking loss":
        return text[0].upper() + text[1:]
    together = claim["together"]
    judged = verdict_of_interval(together["low"], together["high"])
    return f"{text[0].upper()}{text[1:]}; ours {judged}"
