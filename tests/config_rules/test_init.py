"""What the rules share."""

from __future__ import annotations

from math import inf, nan
from types import SimpleNamespace
from typing import Any

import pytest
from detectron2.config import CfgNode

from dnt_d2.config_rules import Run, has_track_head, is_rpn_alone, out_of_range


@pytest.mark.parametrize("value", [0, 0.5, 1])
def test_inside(value: float) -> None:
    assert list(out_of_range(CfgNode({"A": {"B": value}}), {"A.B": (0, 1)})) == []


@pytest.mark.parametrize(
    ("value", "limits", "sentence"),
    [
        (-0.1, (0, 1), "A.B is -0.1: it must be in [0, 1]"),
        (2, (0, 1), "A.B is 2: it must be in [0, 1]"),
        (0, (1, inf), "A.B is 0: it must be at least 1"),
        (nan, (0, 1), "A.B is nan: it must be in [0, 1]"),
    ],
)
def test_outside(value: float, limits: tuple[float, float], sentence: str) -> None:
    assert list(out_of_range(CfgNode({"A": {"B": value}}), {"A.B": limits})) == [sentence]


def test_no_limits() -> None:
    assert list(out_of_range(CfgNode(), {})) == []


def test_which_network() -> None:
    def cfg(architecture: str, head: str) -> Any:
        model = SimpleNamespace(META_ARCHITECTURE=architecture, TRACK_HEAD=SimpleNamespace(NAME=head))
        return SimpleNamespace(MODEL=model)

    assert is_rpn_alone(cfg("ProposalNetwork", ""))
    assert not is_rpn_alone(cfg("DetectAndTrack", ""))
    assert has_track_head(cfg("DetectAndTrack", "CorrelationTrackHead"))
    assert not has_track_head(cfg("DetectAndTrack", ""))
    assert Run() == Run(world_size=1, training=True)
