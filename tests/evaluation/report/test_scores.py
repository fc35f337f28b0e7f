"""Histograms of scores: how well right and wrong are parted, against all pairs counted one by one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from dnt_d2.evaluation.report.scores import scores_svg, separation

pytest.importorskip("matplotlib")
Content = dict[str, Any]


def test_without_boxes_nothing_is_parted(content: Content) -> None:
    assert math.isnan(separation({"right": [0, 0], "wrong": [0, 3]}))
    assert math.isnan(separation({"right": [], "wrong": []}))
    nothing = {"right": [0] * 40, "wrong": [0] * 40}
    content["scores"].update(before=nothing, after=nothing)
    assert scores_svg(content).startswith("<svg")


def test_it_is_the_share_of_pairs_in_order() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        right, wrong = rng.integers(0, 4, (2, 5))
        scores = [np.repeat(np.arange(5), counts) for counts in (right, wrong)]
        if not all(map(len, scores)):
            continue
        difference = scores[0][:, None] - scores[1][None]
        expected = ((difference > 0) + 0.5 * (difference == 0)).mean()
        assert separation({"right": right.tolist(), "wrong": wrong.tolist()}) == pytest.approx(expected)


def test_both_stages_are_drawn(content: Content) -> None:
    svg = scores_svg(content)
    for words in ("scores of single frames", "re-scored by their tubes", ">right<", ">wrong<", ">10,000<"):
        assert words in svg
    assert f"{separation(content['scores']['after']):.3f}" in svg
