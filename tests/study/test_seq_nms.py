"""dnt_d2/study/seq_nms.py: whole videos, worked out by hand and class by class by the slow way."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from dnt_d2.evaluation.video_record import Rows
from dnt_d2.geometry import box_iou
from dnt_d2.study.seq_nms import linked_boxes, seq_nms_video

LEFT, RIGHT = [10, 10, 49, 49], [100, 10, 139, 49]


def candidates(*frames: tuple[list[list[float]], list[list[float]]], classes: int = 2) -> Rows:
    """Of frames with boxes and, for each, the scores of the classes."""
    layout: dict[str, Any] = {"boxes": (np.float32, (4,)), "scores": (np.float32, (classes,))}
    return Rows.of([{"boxes": boxes, "scores": scores} for boxes, scores in frames], layout)


def shifted(box: list[int], step: int) -> list[float]:
    return [float(box[0] + step), float(box[1]), float(box[2] + step), float(box[3])]


@pytest.mark.parametrize("frames", [0, 1, 3])
def test_no_candidates(frames: int) -> None:
    found = seq_nms_video(np.arange(frames), candidates(*[([], [])] * frames))
    assert len(found) == 0


def test_a_weak_box_gains_from_its_neighbours() -> None:
    """One class; the object moves by 4 px; in the second frame its best box is no better than a wrong one."""
    rows = candidates(
        ([shifted(LEFT, 0)], [[0.75, 0]]),
        ([shifted(LEFT, 4), shifted(LEFT, 6), shifted(RIGHT, 0)], [[0.25, 0], [0.125, 0], [0.25, 0]]),
        ([shifted(LEFT, 8)], [[0.5, 0]]),
    )
    found = seq_nms_video(np.array([7, 8, 9]), rows)
    assert found.frames.tolist() == [7, 8, 8, 9]
    assert found.scores.tolist() == [0.5, 0.5, 0.25, 0.5]  # the mean of three, and the wrong one's own
    assert found.tracks.tolist() == [0, 0, 1, 0]
    assert found.classes.tolist() == [0, 0, 0, 0]
    np.testing.assert_array_equal(found.boxes[:, 0], [10, 14, 100, 18])
    best = seq_nms_video(np.array([7, 8, 9]), rows, rescoring="max")
    assert best.scores.tolist() == [0.75, 0.75, 0.25, 0.75]
    # A box that overlaps less than the threshold of suppression is left, and is a sequence of its own.
    assert len(seq_nms_video(np.array([7, 8, 9]), rows, nms_iou=0.95)) == 5


def test_classes_share_nothing_but_the_boxes() -> None:
    rng = np.random.default_rng(0)
    frames = []
    for count in (5, 0, 8, 7):
        corners = rng.uniform(0, 30, (count, 2))
        boxes = np.hstack([corners, corners + rng.uniform(10, 40, (count, 2))])
        frames.append((boxes.tolist(), rng.uniform(0, 1, (count, 3)).tolist()))
    numbers = np.array([2, 3, 5, 9])
    together = seq_nms_video(numbers, candidates(*frames, classes=3))
    assert len(np.unique(together.tracks)) == together.tracks.max() + 1
    for class_id in range(3):
        alone = [(boxes, [[row[class_id]] for row in scores]) for boxes, scores in frames]
        one = seq_nms_video(numbers, candidates(*alone, classes=1))
        mine = together.where(together.classes == class_id)
        np.testing.assert_array_equal(mine.boxes, one.boxes)
        np.testing.assert_array_equal(mine.scores, one.scores)
        np.testing.assert_array_equal(mine.frames, one.frames)
        np.testing.assert_array_equal(mine.tracks - mine.tracks.min(), one.tracks)
    assert len({*together.tracks[together.classes == 0]} & {*together.tracks[together.classes == 1]}) == 0


def test_weak_boxes_take_no_part_and_broken_ones_neither() -> None:
    inf, nan = float("inf"), float("nan")
    rows = candidates(
        ([shifted(LEFT, 0), [0.0, 0, inf, 9]], [[0.5, 0.01], [0.9, 0.9]]),
        ([shifted(LEFT, 0), [nan, 0, 9, 9]], [[nan, 0.2], [0.9, 0.9]]),
    )
    found = seq_nms_video(np.arange(2), rows, min_score=0.05)
    assert (found.frames.tolist(), found.classes.tolist()) == ([0, 1], [0, 1])
    np.testing.assert_allclose(found.scores, [0.5, 0.2], rtol=1e-6)
    assert len(seq_nms_video(np.arange(2), rows, min_score=0)) == 3


def test_links_are_of_neighbours_that_overlap() -> None:
    rng = np.random.default_rng(1)
    starts = np.array([0, 6, 6, 13, 20, 29])
    corners = rng.uniform(0, 20, (29, 2))
    boxes = np.hstack([corners, corners + rng.uniform(10, 30, (29, 2))])
    links, link_starts = linked_boxes(boxes, starts, 0.4)
    overlaps = box_iou(boxes, boxes, inclusive=True) > 0.4
    frame_of = np.repeat(np.arange(5), np.diff(starts))
    expected = [[j for j in range(29) if frame_of[j] == frame_of[i] - 1 and overlaps[i, j]] for i in range(29)]
    assert [links[a:b].tolist() for a, b in pairwise(link_starts)] == expected
    assert len(links) > 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"link_iou": 1.5}, "link_iou must be in"),
        ({"nms_iou": -0.1}, "nms_iou must be in"),
        ({"min_score": float("nan")}, "min_score must be in"),
        ({"rescoring": "median"}, 'must be "mean" or "max", got \'median\''),
    ],
)
def test_bad_settings(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        seq_nms_video(np.arange(1), candidates(([], [])), **options)


def test_frames_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="2 frame numbers for the candidates of 1 frames"):
        seq_nms_video(np.arange(2), candidates(([], [])))
