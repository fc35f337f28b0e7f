"""Reading reports: unknown numbers, missing blocks, and what is no report."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from dnt_d2.evaluation import content as builder
from dnt_d2.evaluation.report import facts

Content = dict[str, Any]


def test_nothing_is_a_report_too(bare_content: Content) -> None:
    facts.check_content(bare_content)
    assert facts.contest(bare_content) == ("frame", None)
    assert all(math.isnan(gain) for gain in facts.gains(bare_content))
    assert math.isnan(facts.mean_gain(bare_content))
    assert facts.reason_missing(bare_content["tracks"]) == "no tracks <here>"


def test_the_format_is_the_builder_s() -> None:
    assert facts.FORMAT == builder.FORMAT


def test_what_is_no_report_is_named(content: Content) -> None:
    with pytest.raises(ValueError, match="its format is None"):
        facts.check_content({})
    with pytest.raises(ValueError, match="lacks speed, rules"):
        facts.check_content({key: value for key, value in content.items() if key not in ("speed", "rules")})
    with pytest.raises(ValueError, match="title of 'tube'"):
        facts.check_content({**content, "titles": {"frame": "single frames"}})
    with pytest.raises(ValueError, match="30 classes, but 2 values in boxes_per_class"):
        facts.check_content({**content, "boxes_per_class": [1, 2]})


def test_tubes_stand_against_frames(content_of: Callable[..., Content]) -> None:
    assert facts.contest(content_of(3, ("frame", "tube_psi0", "tube"))) == ("frame", "tube")
    assert facts.contest(content_of(3, ("frame", "a", "b"))) == ("frame", "a")
    content = content_of(3)
    before, after = (content["AP50"][kind]["per_class"] for kind in ("frame", "tube"))
    assert facts.gains(content)[:2] == [b - a for a, b in zip(before, after, strict=True) if a is not None]
    assert math.isnan(facts.gains(content)[2])


def test_numbers_as_text() -> None:
    shown = [facts.as_text(value) for value in (None, math.nan, 1234567, 12.375, "a", True)]
    assert shown == ["–", "–", "1,234,567", "12.38", "a", "True"]
    assert facts.as_text(12.375, 0) == "12"
    assert [facts.signed(value) for value in (math.nan, 3.14, -0.26, -0.04, 0.0)] == ["–", "+3.1", "−0.3", "0.0", "0.0"]
    assert facts.known_mean([None, 2, math.nan, 4.0]) == 3
    assert math.isnan(facts.known_mean([None]))
