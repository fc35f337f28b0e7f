"""Which results are wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from dnt_d2.demo import Choice

Make = Callable[..., Any]


def test_nothing_stays_nothing(result: Make) -> None:
    chosen = Choice(0.5, [1])(result(0, [], detections=None))
    assert len(chosen.instances) == 0
    assert chosen.detections is None


def test_without_wishes_all_is_chosen(result: Make) -> None:
    found = result(4, [(1, 0, 0.9), (2, 2, 0.0)], detections=3)
    chosen = Choice()(found)
    assert chosen.frame_index == 4
    assert torch.equal(chosen.instances.track_ids, found.instances.track_ids)
    assert len(chosen.detections) == 3


def test_some_classes(result: Make) -> None:
    found = result(4, [(1, 0, 0.9), (2, 2, 0.8), (3, 1, 0.7), (4, 2, 0.6)], detections=3)
    chosen = Choice(classes=[2, 1])(found)
    assert chosen.instances.track_ids.tolist() == chosen.instances.ID == [2, 3, 4]
    assert len(chosen.detections) == 0
    assert len(found.instances) == 4


def test_a_track_is_there_from_where_it_reaches_the_score_until_it_falls_below_half(result: Make) -> None:
    choice = Choice(0.5)
    scores = {1: [0.4, 0.5, 0.25, 0.4], 2: [0.4, 0.4, 0.4, 0.4], 3: [0.9, 0.3, 0.2, 0.4]}
    frames = [choice(result(t, [(track, 0, of[t]) for track, of in scores.items()])) for t in range(4)]
    assert [frame.instances.track_ids.tolist() for frame in frames] == [[3], [1, 3], [1], [1]]
    assert choice(result(4, [])).instances.track_ids.tolist() == []
    assert choice(result(5, [(1, 0, 0.4)])).instances.track_ids.tolist() == []  # somebody else, after a gap


def test_single_boxes_are_measured_one_by_one(result: Make) -> None:
    found = result(0, [], detections=2)  # both have 0.8
    assert [len(Choice(score)(found).detections) for score in (0.7, 0.81)] == [2, 0]
