"""The whole chain: the authors' recorded runs, the same steps one class at a time, and properties."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.tubes import Tube, link_candidates, link_video
from dnt_d2.tubes.box_voting import vote_boxes_numpy
from dnt_d2.tubes.linking import link_tubes_numpy
from dnt_d2.tubes.video import link_voted, vote_video

GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "linking").glob("video_*.json"))
Frames = list[np.ndarray]


def random_video(seed: int, num_frames: int = 6, num_boxes: int = 20, num_classes: int = 3) -> tuple[Frames, ...]:
    """Boxes on whole pixels and scores in 1024ths, so that a shift of the boxes changes no bit of any IoU."""
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 100, (num_boxes, 2))
    first = np.concatenate([corners, corners + rng.integers(10, 60, (num_boxes, 2))], axis=1)
    boxes = [(first + rng.integers(-3, 4, first.shape)).astype(np.float64) for _ in range(num_frames)]
    scores = [rng.integers(0, 1025, (num_boxes, num_classes)) / 1024 for _ in range(num_frames)]
    tracked = [rows + rng.integers(-3, 4, rows.shape) for rows in boxes]
    return boxes, scores, tracked


def assert_same(a: list[list[Tube]], b: list[list[Tube]], atol: float = 0.0) -> None:
    assert [len(tubes) for tubes in a] == [len(tubes) for tubes in b]
    for x, y in zip(chain(*a), chain(*b), strict=True):
        np.testing.assert_array_equal(x.frames, y.frames)
        np.testing.assert_array_equal(x.indices, y.indices)
        for name in ("boxes", "scores", "rescored"):
            np.testing.assert_allclose(getattr(x, name), getattr(y, name), rtol=0, atol=atol)


def test_no_frames_no_boxes_no_classes() -> None:
    assert link_video([], [], []) == []
    assert link_candidates([], [], []) == []
    none = [np.zeros((0, 4))] * 3
    assert link_video(none, [np.zeros((0, 2))] * 3, none) == [[], []]
    boxes, _, tracked = random_video(0)
    assert link_video(boxes, [np.zeros((20, 0))] * 6, tracked) == []


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_recorded_runs(path: Path) -> None:
    case = json.loads(path.read_text())
    params, num_classes = case["params"], case["num_classes"]
    result = link_video(
        [frame["boxes"] for frame in case["frames"]],
        [np.reshape(frame["scores"], (-1, num_classes)) for frame in case["frames"]],
        [frame["tracked_boxes"] for frame in case["frames"]],
        nms_iou=params["nms_iou"],
        vote_iou=params["vote_iou"],
        top_k=params["max_per_frame"],
        link_iou=params["link_iou"],
        top_fraction=params["top_fraction"],
        tracklet_score=params["tracklet_min_score"],
    )
    assert [len(tubes) for tubes in result] == case["expected"]["tubes_per_class"]
    rows = [
        (frame, c, k, *tube.boxes[i], tube.scores[i], tube.rescored[i], tube.indices[i])
        for c, tubes in enumerate(result)
        for k, tube in enumerate(tubes)
        for i, frame in enumerate(tube.frames)
    ]
    rows.sort(key=lambda row: (row[1], row[0], row[2]))
    expected = np.array(case["expected"]["detections"])
    assert len(rows) == len(expected)
    np.testing.assert_array_equal(np.array(rows)[:, [0, 1, 2, 9]], expected[:, [0, 1, 2, 9]])
    np.testing.assert_allclose(rows, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_recorded_runs_through_the_numpy_form(path: Path) -> None:
    """The same file, one class at a time, through the forms that are written to be read."""
    case = json.loads(path.read_text())
    boxes = [np.reshape(frame["boxes"], (-1, 4)) for frame in case["frames"]]
    scores = [np.reshape(frame["scores"], (-1, case["num_classes"])) for frame in case["frames"]]
    tracklets = []
    for f, chosen in enumerate(case["expected"]["tracklet_index"]):
        ends = np.reshape(case["frames"][f]["tracked_boxes"], (-1, 4))
        tracklets.append(np.concatenate([boxes[f][chosen], ends[chosen]], axis=1) if chosen else np.zeros((0, 8)))
    plain = []
    for c in range(case["num_classes"]):
        columns = [np.concatenate([b, s[:, c : c + 1]], axis=1) for b, s in zip(boxes, scores, strict=True)]
        plain.append(link_tubes_numpy([vote_boxes_numpy(rows) for rows in columns], tracklets))
    assert_same(link_candidates(boxes, scores, tracklets), plain, atol=1e-9)


def test_there_are_recorded_runs() -> None:
    assert len(GOLDEN) == 4


def test_one_frame_one_class() -> None:
    boxes = [np.array([[0.0, 0, 9, 9], [50, 50, 70, 70]])]
    ((first, second),) = link_video(boxes, [np.array([[0.25], [0.5]])], [None])
    np.testing.assert_allclose(first.boxes, [[50, 50, 70, 70]], atol=1e-9)
    np.testing.assert_array_equal(first.rescored, [1.0])
    np.testing.assert_array_equal(second.rescored, [0.5])


def test_tracklets_are_the_boxes_above_the_score() -> None:
    boxes, scores, tracked = random_video(1)
    chosen = [(rows > 0.9).any(axis=1) for rows in scores]
    assert 0 < sum(c.sum() for c in chosen) < 120
    tracklets = [np.concatenate([b[c], t[c]], axis=1) for b, t, c in zip(boxes, tracked, chosen, strict=True)]
    assert_same(link_video(boxes, scores, tracked, tracklet_score=0.9), link_candidates(boxes, scores, tracklets))
    # The last frame's tracked boxes lead nowhere, whatever they are.
    assert_same(link_video(boxes, scores, [*tracked[:-1], []]), link_video(boxes, scores, tracked))


def test_without_tracks_the_scores_decide() -> None:
    boxes, scores, tracked = random_video(2)
    alone = link_candidates(boxes, scores, [[]] * 6)
    assert_same(link_video(boxes, scores, tracked, tracklet_score=1.0), alone)
    for tubes in alone:  # without psi the best boxes of all frames meet in the first tube, and so on
        assert all((tube.indices == k).all() for k, tube in enumerate(tubes))


VOTING = {"nms_iou": 0.3, "vote_iou": 0.6, "top_k": 7}


@pytest.mark.parametrize("seed", range(4))
def test_the_two_halves_make_the_whole(seed: int) -> None:
    """One vote, linked in several ways, which leave it as it was."""
    boxes, scores, tracked = random_video(20 + seed)
    tracklets = [np.concatenate([b, t], axis=1) for b, t in zip(boxes, tracked, strict=True)]
    voted = vote_video(boxes, scores, **VOTING)
    assert [[rows.shape[1] for rows in frame] for frame in voted] == [[5, 5, 5]] * 6
    assert all(0 < len(rows) <= 7 for frame in voted for rows in frame)
    copies = [[rows.copy() for rows in frame] for frame in voted]
    results = []
    for link_iou, top_fraction in ((0.5, 0.5), (0.95, 0.2), (0.5, 0.5)):
        growth = {"link_iou": link_iou, "top_fraction": top_fraction}
        results.append(link_voted(voted, tracklets, **growth))
        assert_same(results[-1], link_candidates(boxes, scores, tracklets, **VOTING, **growth))
    assert_same(results[0], results[2])
    assert any((a.rescored != b.rescored).any() for a, b in zip(chain(*results[0]), chain(*results[1]), strict=False))
    for frame, copy in zip(voted, copies, strict=True):
        for rows, kept in zip(frame, copy, strict=True):
            np.testing.assert_array_equal(rows, kept)


def test_halves_of_nothing() -> None:
    growth = {"link_iou": 0.5, "top_fraction": 0.5}
    assert vote_video([], [], **VOTING) == []
    assert link_voted([], [], **growth) == []
    voted = vote_video([np.zeros((0, 4))] * 2, [np.zeros((0, 3))] * 2, **VOTING)
    assert [[rows.shape for rows in frame] for frame in voted] == [[(0, 5)] * 3] * 2
    assert link_voted(voted, [[], []], **growth) == [[], [], []]


def test_halves_refuse_what_the_whole_refuses() -> None:
    boxes, scores, _ = random_video(9)
    for name, bad in {"nms_iou": 2, "vote_iou": -1, "top_k": 0}.items():
        with pytest.raises(ValueError, match=name):
            vote_video(boxes, scores, **{**VOTING, name: bad})
    voted = vote_video(boxes, scores, **VOTING)
    with pytest.raises(ValueError, match="link_iou"):
        link_voted(voted, [[]] * 6, link_iou=1.5, top_fraction=0.5)
    with pytest.raises(ValueError, match="top_fraction"):
        link_voted(voted, [[]] * 6, link_iou=0.5, top_fraction=0)
    with pytest.raises(ValueError, match="tracklets must have one entry per frame"):
        link_voted(voted, [[]] * 5, link_iou=0.5, top_fraction=0.5)


def test_shifted_boxes_give_shifted_tubes() -> None:
    boxes, scores, tracked = random_video(3)
    shift = np.array([64.0, -16, 64, -16])
    moved = link_video([b + shift for b in boxes], scores, [t + shift for t in tracked])
    still = link_video(boxes, scores, tracked)
    for a, b in zip(chain(*moved), chain(*still), strict=True):
        np.testing.assert_array_equal(a.indices, b.indices)
        np.testing.assert_allclose(a.boxes, b.boxes + shift, rtol=0, atol=1e-9)


def test_classes_may_be_in_any_order() -> None:
    boxes, scores, tracked = random_video(4)
    order = [2, 0, 1]
    result = link_video(boxes, scores, tracked)
    assert_same(link_video(boxes, [s[:, order] for s in scores], tracked), [result[c] for c in order])


def test_a_class_that_is_nowhere_finite_has_no_tubes() -> None:
    boxes, scores, tracked = random_video(5)
    expected = link_video(boxes, scores, tracked)
    for rows in scores:
        rows[:, 1] = np.nan
    result = link_video(boxes, scores, tracked)
    assert result[1] == []
    assert_same([result[0], result[2]], [expected[0], expected[2]])


def test_a_box_that_is_not_finite_is_no_candidate() -> None:
    boxes, scores, tracked = random_video(6)
    expected = link_video(boxes, scores, tracked)
    with_bad = [np.insert(rows, 3, np.nan, axis=0) for rows in boxes]
    with_scores = [np.insert(rows, 3, 1.0, axis=0) for rows in scores]
    with_tracks = [np.insert(rows, 3, 5.0, axis=0) for rows in tracked]
    assert_same(link_video(with_bad, with_scores, with_tracks), expected)


def test_an_empty_frame_is_left_out_of_every_tube() -> None:
    boxes, scores, tracked = random_video(7)
    boxes[2], scores[2], tracked[2] = np.zeros((0, 4)), np.zeros((0, 3)), np.zeros((0, 4))
    result = link_video(boxes, scores, tracked)
    assert all(tube.frames.tolist() == [0, 1, 3, 4, 5] for tubes in result for tube in tubes)
    assert all(result)


def test_errors() -> None:
    boxes, scores, tracked = random_video(8)
    with pytest.raises(ValueError, match="scores must have one entry per frame"):
        link_video(boxes, scores[:-1], tracked)
    with pytest.raises(ValueError, match="tracked_boxes must have one entry per frame"):
        link_video(boxes, scores, tracked[:-1])
    with pytest.raises(ValueError, match="frame 1 has 20 boxes, but 4 tracked boxes"):
        link_video(boxes, scores, [tracked[0], tracked[1][:4], *tracked[2:]])
    with pytest.raises(ValueError, match=r"scores\[2\] must have shape \(N, C\) = \(20, 3\), got \(20, 2\)"):
        link_video(boxes, [*scores[:2], scores[2][:, :2], *scores[3:]], tracked)
    with pytest.raises(ValueError, match=r"an empty frame has \(0, C\)"):
        link_video([[]], [[]], [[]])
    with pytest.raises(ValueError, match=r"boxes\[0\] must have shape"):
        link_video([np.zeros((20, 5))], scores[:1], tracked[:1])
    with pytest.raises(ValueError, match="tracklets must have one entry per frame"):
        link_candidates(boxes, scores, [])
    for name, bad in {"nms_iou": 2, "vote_iou": -1, "top_k": 0, "link_iou": 1.01, "top_fraction": 0}.items():
        with pytest.raises(ValueError, match=name):
            link_candidates(boxes, scores, [[]] * 6, **{name: bad})
    with pytest.raises(ValueError, match="tracklet_score"):
        link_video(boxes, scores, tracked, tracklet_score=-1)
