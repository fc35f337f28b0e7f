"""dnt_d2/study/findings.py: verdicts follow from numbers; the paper's numbers follow from its tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dnt_d2.study.findings import FINDINGS, losing_classes, sentence, sentences, verdict, verdict_of_interval
from dnt_d2.study.results import Study, Values

NOVEL = "minivid_val_novel"


def a_study(*, frames: list[float], tubes: list[float]) -> Study:
    def results(frame: float, tube: float) -> dict[str, Any]:
        return {"frame": {"AP50": frame, "AP50-car": frame}, "tube": {"AP50": tube, "AP50-car": tube}}

    pairs = zip(frames, tubes, strict=True)
    return Study({f"seed{i}_DnT": {"results": {NOVEL: results(*pair)}} for i, pair in enumerate(pairs, 1)})


def test_nothing_measured() -> None:
    assert verdict(Values((None, None)), 0, above=True) == "not measured yet"
    assert verdict_of_interval(None, None) == "not measured yet"
    assert all(sentence(finding, Study({})).endswith("Ours: not measured yet.") for finding in FINDINGS)
    assert losing_classes(Study({})).endswith("Ours: not measured yet.\n")


@pytest.mark.parametrize(
    ("values", "limit", "above", "expected"),
    [
        ((1.0, 2.0, 0.1), 0.0, True, "agrees"),
        ((-1.0, -2.0, 0.0), 0.0, True, "disagrees"),
        ((1.0, 2.0, -0.1), 0.0, True, "can't tell"),
        ((1.2, 0.0, -9.0), 1.2, False, "agrees"),
        ((1.3, 1.4, 9.0), 1.2, False, "disagrees"),
        ((1.0, 2.0, None), 1.2, False, "can't tell"),
        ((0.2000001, 0.24), 0.2, False, "agrees"),  # the paper says so to a tenth
        ((0.04,), 0.0, True, "disagrees"),
    ],
)
def test_verdicts(values: tuple[float | None, ...], limit: float, above: bool, expected: str) -> None:
    assert verdict(Values(values), limit, above=above) == expected


def test_verdicts_of_intervals() -> None:
    assert [verdict_of_interval(*x) for x in ((0.1, 2), (-2, -0.1), (-1, 1), (0, 1))] == [
        *("agrees", "disagrees", "can't tell", "can't tell")
    ]


def test_differences_in_the_paper_are_right() -> None:
    """Where a sentence has a difference and two numbers, they fit."""
    checked = 0
    for finding in FINDINGS:
        if match := re.search(r"(\d\.\d) points.* from (\d\d\.\d) to (\d\d\.\d)\.", finding.says):
            difference, before, after = map(float, match.groups())
            assert abs(after - before) == pytest.approx(difference), finding.name
            checked += 1
    assert checked == len(FINDINGS) - 2  # all but "adds nothing" and alpha


def test_a_sentence_has_all_of_it(trial_study: Callable[..., Path]) -> None:
    study = Study.read(trial_study())
    (line,) = sentences(study, "online").splitlines()
    assert line == (
        "- The paper: Re-scoring from the past alone costs 1.1 points, from 79.8 to 78.7 (section 5.3, online "
        "capabilities). Ours, tubes less online tubes: +1.5 points (+1.5, +1.5, +1.5): **agrees**."
    )
    assert sentences(study, "alpha").endswith("less the worst: +1.0 points (+1.0, +1.0, +1.0): **disagrees**.\n")
    assert "samples: +1.8 points: **disagrees** (one seed)" in sentences(study, "same_frames")
    names = [finding.name for finding in FINDINGS]
    assert sentences(study, *names).count("**") == 2 * len(set(names))


def test_some_seeds_only() -> None:
    study = a_study(frames=[50.0, 50.0], tubes=[52.0, 53.0])
    assert sentences(study, "tubes").endswith("+2.5 points (+2.0, +3.0, -): **agrees** (2 of 3 seeds).\n")


@pytest.mark.parametrize(
    ("tubes", "words"),
    [
        ([52.0, 51.0], "1 of 1 classes don't lose: **agrees** (2 of 3 seeds)"),
        ([52.0, 41.0], "0 of 1 classes don't lose; car does (−3.5); seeds differ for car: **agrees**"),
    ],
)
def test_classes_that_lose(tubes: list[float], words: str) -> None:
    assert words in losing_classes(a_study(frames=[50.0, 50.0], tubes=tubes))
