"""NMS and voting: the authors' recorded runs, closed forms and properties, for both forms."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.tubes import vote_boxes
from dnt_d2.tubes.box_voting import nms, vote_boxes_numpy, vote_frame

GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "linking").glob("vote_*.json"))
Vote = Callable[..., np.ndarray]
both = pytest.mark.parametrize("vote", [vote_boxes, vote_boxes_numpy])


def random_detections(rng: np.random.Generator, n: int, ties: bool = False) -> np.ndarray:
    centres = rng.integers(0, 60, (n, 2))
    sizes = rng.integers(0, 40, (n, 2))
    scores = rng.integers(0, 5, (n, 1)) / 4 if ties else rng.random((n, 1))
    return np.concatenate([centres, centres + sizes, scores], axis=1)


@both
def test_no_boxes(vote: Vote) -> None:
    assert vote([]).shape == (0, 5)
    assert vote(np.zeros((0, 5))).shape == (0, 5)


@both
@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_recorded_runs(path: Path, vote: Vote) -> None:
    case = json.loads(path.read_text())
    params, expected = case["params"], case["expected"]
    voted = vote(
        case["detections"],
        nms_iou=params["nms_iou"],
        vote_iou=params["vote_iou"],
        top_k=params["max_per_frame"],
    )
    expected_rows = np.reshape(expected["detections"], (-1, 5))
    assert voted.shape == expected_rows.shape
    np.testing.assert_allclose(voted, expected_rows, rtol=0, atol=1e-9)
    rows = np.reshape(case["detections"], (-1, 5))
    assert nms(rows, params["nms_iou"])[: params["max_per_frame"]] == expected["kept_index"]


def test_there_are_recorded_runs() -> None:
    assert len(GOLDEN) == 9


@pytest.mark.parametrize("ties", [False, True])
def test_both_forms_agree(ties: bool) -> None:
    rng = np.random.default_rng(1)
    for n in [1, 2, 3, 10, 40, 120] * 4:
        rows = random_detections(rng, n, ties)
        settings = {"nms_iou": rng.random(), "vote_iou": rng.random(), "top_k": int(rng.integers(1, 40))}
        np.testing.assert_allclose(vote_boxes(rows, **settings), vote_boxes_numpy(rows, **settings), rtol=0, atol=1e-9)


@both
@pytest.mark.parametrize("bound", [0.0, 1.0])
def test_ends_of_the_thresholds(vote: Vote, bound: float) -> None:
    rows = random_detections(np.random.default_rng(2), 30)
    assert len(vote(rows, nms_iou=1.0, top_k=100)) == 30  # nothing overlaps by more than 1
    if bound == 0.0:  # every box votes for every box
        boxes = vote(rows, vote_iou=0.0)[:, :4]
        np.testing.assert_allclose(boxes, np.broadcast_to(boxes[0], boxes.shape), atol=1e-9)
    else:  # only equal boxes vote
        kept = nms(rows, 0.4)[:25]
        np.testing.assert_allclose(vote(rows, vote_iou=1.0), rows[kept], atol=1e-9)


@both
def test_rows_that_are_not_finite_are_dropped(vote: Vote) -> None:
    rows = random_detections(np.random.default_rng(3), 20)
    spoilt = np.insert(rows, [0, 5, 5, 20], np.full(5, 7.0), axis=0)
    spoilt[0, 4], spoilt[6, 0], spoilt[7, 4], spoilt[23, 3] = np.nan, np.inf, np.inf, np.nan
    np.testing.assert_array_equal(vote(spoilt), vote(rows))
    assert vote(np.full((3, 5), np.nan)).shape == (0, 5)


@both
def test_equal_scores_keep_their_order_and_no_score_changes(vote: Vote) -> None:
    rows = np.array([[0.0, 0, 9, 9, 0.5], [50, 0, 59, 9, 0.5], [100, 0, 109, 9, 0.75], [150, 0, 159, 9, 0.5]])
    np.testing.assert_allclose(vote(rows), rows[[2, 0, 1, 3]], rtol=0, atol=1e-9)
    np.testing.assert_allclose(vote(rows, top_k=2), rows[[2, 0]], rtol=0, atol=1e-9)


@both
def test_boxes_without_area_and_scores_of_zero(vote: Vote) -> None:
    rows = np.array([[5.0, 5, 5, 5, 0.0], [40, 40, 30, 30, 0.5], [80, 80, 90, 90, 0.0], [80, 80, 90, 91, -1.0]])
    voted = vote(rows)
    assert np.isfinite(voted).all()
    np.testing.assert_allclose(voted[:2], rows[[1, 0]], atol=1e-9)
    np.testing.assert_allclose(voted[2], [80, 80, 90, 90.5, 0], atol=1e-9)  # equal, tiny weights


def test_shifted_boxes_give_shifted_boxes() -> None:
    rows = random_detections(np.random.default_rng(4), 80)
    shift = np.array([32.0, -17, 32, -17, 0])
    np.testing.assert_allclose(vote_boxes(rows + shift), vote_boxes(rows) + shift, rtol=0, atol=1e-9)


def test_every_box_twice_changes_nothing() -> None:
    rows = random_detections(np.random.default_rng(5), 50)
    np.testing.assert_allclose(vote_boxes(np.repeat(rows, 2, axis=0)), vote_boxes(rows), rtol=0, atol=1e-9)


def test_float32_and_read_only_input() -> None:
    rows = random_detections(np.random.default_rng(6), 30).astype(np.float32)
    rows.flags.writeable = False
    np.testing.assert_array_equal(vote_boxes(rows), vote_boxes(rows.astype(np.float64)))


def test_classes_of_a_frame_are_independent() -> None:
    rng = np.random.default_rng(7)
    boxes, scores = random_detections(rng, 60)[:, :4], rng.random((60, 6))
    boxes[4, 1] = np.nan
    scores[7, 2] = np.nan
    together = vote_frame(boxes, scores, 0.4, 0.5, 25)
    assert len(together) == 6
    for c in range(6):
        alone = vote_boxes(np.concatenate([boxes, scores[:, c : c + 1]], axis=1))
        np.testing.assert_array_equal(together[c], alone)
    assert vote_frame(boxes, scores[:, :0], 0.4, 0.5, 25) == []
    assert [rows.shape for rows in vote_frame(boxes[:0], scores[:0], 0.4, 0.5, 25)] == [(0, 5)] * 6


@both
def test_errors(vote: Vote) -> None:
    with pytest.raises(ValueError, match=r"detections must have shape \(N, 5\)"):
        vote(np.zeros((3, 4)))
    with pytest.raises(ValueError, match="nms_iou"):
        vote([], nms_iou=1.5)
    with pytest.raises(ValueError, match="vote_iou"):
        vote([], vote_iou=float("nan"))
    with pytest.raises(ValueError, match="top_k must be at least 1"):
        vote([], top_k=0)
    with pytest.raises(TypeError):
        vote([], top_k=2.5)
