"""dnt_d2/study/move_pass.py: the command builds the network that was trained, and its numbers come back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from dnt_d2.study.design import NO_TRACKING, SEEN
from dnt_d2.study.move_measurement import measure_moves
from dnt_d2.study.move_pass import TAUS, moves_of, template_reach
from dnt_d2.study.move_summary import summarise_by_tau

pytestmark = pytest.mark.usefixtures("tiny_datasets", "loggers_as_before")

Make = Callable[..., Any]
NONE = tuple(x for key in ("IN_FEATURES", "STRIDES", "DISPLACEMENT_STRIDES") for x in (f"MODEL.TRACK_HEAD.{key}", []))


def test_no_data_sets_no_moves(make_finished: Make) -> None:
    shop, training, _ = make_finished()
    found = moves_of(shop, training, ())
    assert found == {"moves": {}, "reach_px": {"res5": 32, "res3": 16, "res4": 32}, "template_reach_px": 32, "every": 5}


def test_the_trained_head_moves_what_is_there(make_finished: Make, small_model: Make) -> None:
    changes = ("MODEL.TRACK_HEAD.NORM", "softmax", "MODEL.TRACK_HEAD.MAX_DISPLACEMENT", 3)
    shop, training, cfg = make_finished(*changes)
    found = moves_of(shop, training, (SEEN,), every=2)
    model = small_model(cfg, lively=True)
    expected = summarise_by_tau(measure_moves(cfg, model, SEEN, reach=48, taus=TAUS, every=2))
    assert found["moves"] == {SEEN: json.loads(json.dumps(expected))}
    assert expected["1"]["boxes"] > 0
    assert (found["reach_px"]["res5"], found["template_reach_px"], found["every"]) == (48, 48, 2)


def test_a_head_without_correlation_reaches_nowhere(make_finished: Make) -> None:
    shop, training, _ = make_finished(*NONE)
    found = moves_of(shop, training, (SEEN,), every=4)
    assert (found["reach_px"], found["template_reach_px"]) == ({}, 32)
    assert found["moves"][SEEN]["1"]["boxes"] > 0


def test_d_moves_nothing(make_finished: Make, small_model: Make) -> None:
    shop, training, cfg = make_finished(test=NO_TRACKING)
    with pytest.raises(ValueError, match=r"no track head \(D\)"):
        moves_of(shop, training, (SEEN,))
    cfg.MODEL.TRACK_HEAD.NAME = ""
    with pytest.raises(ValueError, match=r"no track head \(D\)"):
        template_reach(small_model(cfg))
