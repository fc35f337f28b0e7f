"""Summaries of moved boxes, against loops over boxes."""

from __future__ import annotations

import json
from statistics import mean, median
from typing import Any

import numpy as np
import pytest

from dnt_d2.study.move_summary import summarise_by_tau, summarise_moves
from dnt_d2.study.moves import HEAD, METHODS, STAY, Moves, join_moves


def made(count: int = 300, videos: int = 6, seed: int = 0) -> Moves:
    rng = np.random.default_rng(seed)
    ints = rng.integers(0, videos, count)
    displacement = rng.exponential(12, count)
    displacement[:3] = 0, 2, 64  # on edges
    return Moves(
        *(ints, ints % 2, rng.integers(1, 3, count), displacement, displacement + 30, ints > 2),
        *(rng.random((count, 3)), rng.random((count, 3)) * 9),
    )


def test_nothing_is_summarised() -> None:
    summary = summarise_moves(join_moves([]))
    assert summary["boxes"] == summary["videos"] == 0
    assert len(summary["bins"]) == 10
    for group in summary["above"] + summary["bins"]:
        assert group["boxes"] == 0
        assert group["iou_error"] is group["centre_error_px"] is group["ratio"] is group["ratio_95"] is None
    assert summarise_by_tau(join_moves([])) == {}


def check(group: dict[str, Any], moves: Moves, chosen: list[int]) -> None:
    assert group["boxes"] == len(chosen)
    assert group["videos"] == len({int(moves.video[i]) for i in chosen})
    if not chosen:
        return
    errors = {m: mean(1 - moves.iou[i, k] for i in chosen) for k, m in enumerate(METHODS)}
    assert group["iou_error"] == pytest.approx(errors, abs=1e-4)
    assert group["ratio"] == pytest.approx(errors[STAY] / errors[HEAD], abs=1e-3)
    off = {m: median(moves.off[i, k] for i in chosen) for k, m in enumerate(METHODS)}
    assert group["centre_error_px"] == pytest.approx(off, abs=1e-2)
    assert group["displacement_px"] == pytest.approx(mean(moves.displacement[chosen]), abs=1e-2)


def test_groups_are_those_of_a_loop() -> None:
    moves = made()
    summary = summarise_moves(moves, draws=50)
    for group in summary["above"]:
        check(group, moves, [i for i in range(len(moves)) if moves.displacement[i] > group["px"]])
    for group in summary["bins"]:
        high = group["high"] or 1e9
        check(group, moves, [i for i in range(len(moves)) if group["low"] <= moves.displacement[i] < high])
    assert sum(group["boxes"] for group in summary["bins"]) == len(moves) == summary["boxes"]
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert summary == summarise_moves(moves, draws=50), "the draws are the same each time"


def test_the_interval_is_of_videos_drawn_again() -> None:
    moves = made(400, videos=5)
    errors = 1 - moves.iou[:, [METHODS.index(STAY), METHODS.index(HEAD)]]
    rng, ratios = np.random.default_rng(9), []
    for _ in range(4000):
        boxes = np.concatenate([np.flatnonzero(moves.video == v) for v in rng.integers(0, 5, 5)])
        ratios.append(errors[boxes, 0].sum() / errors[boxes, 1].sum())
    everything = summarise_moves(moves, draws=4000)["above"][0]
    # The box that does not move at all is not in this group, but hardly matters.
    assert everything["ratio_95"] == pytest.approx(np.quantile(ratios, (0.025, 0.975)), abs=0.01)
    assert everything["ratio_95"][0] < everything["ratio"] < everything["ratio_95"][1]


def test_one_video_has_no_interval_and_no_error_no_ratio() -> None:
    one = made(40, videos=1)
    group = summarise_moves(one)["above"][0]
    assert group["ratio"] > 0
    assert group["ratio_95"] is None
    far = made(40)
    far.displacement[far.video != 2] = 1
    group = summarise_moves(far)["above"][2]
    assert group["videos"] == 1
    assert group["ratio_95"] is None, "one video, drawn once or thrice, is the same"
    perfect = made(40)
    perfect.iou[:, METHODS.index(HEAD)] = 1
    group = summarise_moves(perfect)["above"][0]
    assert group["ratio"] is group["ratio_95"] is None


def test_each_tau_alone() -> None:
    moves = made()
    by_tau = summarise_by_tau(moves, draws=50)
    assert list(by_tau) == ["1", "2"]
    assert by_tau["2"] == summarise_moves(moves.take(moves.tau == 2), draws=50)
