"""dnt_d2/evaluation/rules.py: every measure has its rule, and the rule names the numbers that are used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnt_d2.evaluation.content import build_content
from dnt_d2.evaluation.linking import standard_linkings
from dnt_d2.evaluation.motion import MOTION_RANGES
from dnt_d2.evaluation.outcomes import SIZE_RANGES, SPEED_RANGES
from dnt_d2.evaluation.plan import Plan
from dnt_d2.evaluation.rules import RULES, TITLES
from dnt_d2.evaluation.scoring import RECALL_LIMITS
from dnt_d2.tubes.collector import TubeSettings

if TYPE_CHECKING:
    from conftest import Drawn

MEASURED = {"AP50", "speed", "size", "coco", "tracks", "recall"}
OTHERS = {
    "titles",
    "settings",
    "curves",
    "scores",
    "rules",
    "provenance",
}  # of a report, without a measure of their own


def test_every_block_has_a_rule(drawn: Drawn) -> None:
    content = build_content(Plan("drawn", drawn.truth, drawn.frames), [], {})
    blocks = {name for name, block in content.items() if isinstance(block, dict)}
    assert blocks == MEASURED | OTHERS
    assert set(RULES) == MEASURED
    assert content["rules"] == dict(RULES)


def test_every_kind_has_a_title() -> None:
    assert set(TITLES) == {"frame", *standard_linkings(TubeSettings(), 2)}
    assert len(set(TITLES.values())) == len(TITLES)


def test_rules_tell_the_numbers_that_count() -> None:
    assert ", ".join(map(str, RECALL_LIMITS)) in RULES["recall"]
    for name in SPEED_RANGES:
        low, high = MOTION_RANGES[name]
        assert name in RULES["speed"]
        assert all(str(end) in RULES["speed"] for end in (low, high) if 0 < end < 1)
    for name, (low, high) in SIZE_RANGES.items():
        assert name in RULES["size"]
        sides = [int(area**0.5) for area in (low, high) if 0 < area < float("inf")]
        assert all(f"{side} x {side}" in RULES["size"] for side in sides)
