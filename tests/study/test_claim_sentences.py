"""dnt_d2/study/claim_sentences.py: what the intervals say of a claim."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dnt_d2.study.claim_sentences import OF_PAPER, claim_sentences, judgement
from dnt_d2.study.claims import CLAIMS, judge_claims
from dnt_d2.study.loss_claims import loss_claims
from dnt_d2.study.results import Study


def test_no_claims_yet() -> None:
    assert claim_sentences(Study({})) == ""


@pytest.mark.parametrize(
    ("low", "high", "seeds", "words"),
    [
        (1.0, 2.0, [(0.5, 3), (0.1, 2)], "holds in every seed"),
        (1.0, 2.0, [(0.5, 3), (-0.1, 2)], "holds together, not in every seed"),
        (-1.0, 2.0, [(0.5, 3), (-3, 2)], "can't tell: the interval contains 0"),
        (-2.0, -1.0, [(-3, -0.5), (-3, 0.1)], "the opposite holds together, not in every seed"),
        (-2.0, -1.0, [(-3, -0.5), (-3, -0.1)], "the opposite holds in every seed"),
        (None, None, [(None, None)], "not measured yet"),
    ],
)
def test_judgements(low: float | None, high: float | None, seeds: list[tuple[Any, Any]], words: str) -> None:
    intervals = [{"low": low, "high": high} for low, high in seeds]
    holds = all((a or 0) > 0 for a, _ in seeds)
    assert judgement({"together": {"low": low, "high": high}, "seeds": intervals, "holds": holds}) == words


def test_a_line_for_each_claim(trial_study: Callable[..., Path]) -> None:
    lines = claim_sentences(Study.read(trial_study(["claims"]))).splitlines()
    assert [line.split("*")[1] for line in lines] == [claim.name for claim in CLAIMS]
    assert "**val_novel: +6.0 (+4.0 to +8.0), holds in every seed; val_seen: +7.0" in lines[0]
    assert lines[0].endswith(
        "(The paper: +1.6 over a D that was not trained longer, 74.2 to 75.8; table 1, section 5.3; ours agrees.)"
    )
    assert lines[6].endswith("(The paper credits tracklets and re-scoring together with +4.0, 75.8 to 79.8; table 1.)")
    assert {claim.name for claim in (*CLAIMS, *loss_claims())} > OF_PAPER.keys()


def test_the_made_up_claims_have_the_form_of_real_ones(
    make_toy: Callable[..., Any], trial_study: Callable[..., Path]
) -> None:
    toy = make_toy([1, 1, 1])
    (real,) = judge_claims({"D&T": [toy.scores], "D longer": [toy.scores]}, toy.truth, claims=CLAIMS[:1], resamples=3)
    made_up = Study.read(trial_study(["claims"])).get("claims", "claims", "minivid_val_novel")[0]
    assert real.keys() == made_up.keys()
    for key in ("together", "seeds_drawn", "chance"):
        assert real[key].keys() == made_up[key].keys()
