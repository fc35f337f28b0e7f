"""Linking: the authors' recorded runs, every path tried on small cases, and properties, for both forms."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.geometry import box_iou
from dnt_d2.tubes import Tube, link_tubes
from dnt_d2.tubes.linking import best_path, link_tubes_numpy, tracks_link

GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "linking").glob("link_*.json"))
Link = Callable[..., list[Tube]]
Frames = list[np.ndarray]
both = pytest.mark.parametrize("link", [link_tubes, link_tubes_numpy])


def random_video(rng: np.random.Generator, counts: list[int], num_tracks: int = 5) -> tuple[Frames, Frames]:
    """Boxes on a small grid with scores in sixteenths: sums are exact, ties and IoUs of exactly 0.5 are common."""

    def boxes(n: int) -> np.ndarray:
        corners = rng.integers(0, 3, (n, 2))
        sizes = rng.choice([0, 4, 8], (n, 2), p=[0.05, 0.3, 0.65])
        return np.concatenate([corners, corners + sizes], axis=1).astype(np.float64)

    detections = [np.concatenate([boxes(n), rng.integers(0, 17, (n, 1)) / 16], axis=1) for n in counts]
    tracklets = [np.concatenate([boxes(num_tracks), boxes(num_tracks)], axis=1) for _ in counts]
    return detections, tracklets


def all_paths(detections: Frames, tracklets: Frames) -> list[list[int]]:
    """The tubes by trying every path: no dynamic programming, no matrix of links. Ties: the first path in order."""

    def psi(f: int, i: int, j: int) -> float:
        for track in tracklets[f]:
            ends = (detections[f][i, :4], track[:4]), (detections[f + 1][j, :4], track[4:])
            if all(box_iou(a, b, inclusive=False)[0, 0] >= 0.5 for a, b in ends):
                return 1.0
        return 0.0

    def total(path: tuple[int, ...]) -> float:
        edges = ((f, path[f], path[f + 1]) for f in range(len(path) - 1))
        return sum(detections[f][i, 4] + detections[f + 1][j, 4] + psi(f, i, j) for f, i, j in edges)

    left = [list(range(len(rows))) for rows in detections]
    tubes = []
    while all(left):
        best = max(itertools.product(*left), key=total)  # the first of the largest
        tubes.append(list(best))
        for rest, i in zip(left, best, strict=True):
            rest.remove(i)
    return tubes


def indices(tubes: list[Tube]) -> list[list[int]]:
    return [tube.indices.tolist() for tube in tubes]


@both
def test_nothing_to_link(link: Link) -> None:
    assert link([], []) == []
    assert link([[]], [[]]) == []
    assert link([np.zeros((0, 5))] * 3, [np.zeros((2, 8))] * 3) == []


@both
@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_recorded_runs(path: Path, link: Link) -> None:
    case = json.loads(path.read_text())
    params, expected = case["params"], case["expected"]["tubes"]
    tubes = link(
        case["detections"], case["tracklets"], link_iou=params["link_iou"], top_fraction=params["top_fraction"]
    )
    assert indices(tubes) == [tube["det_index"] for tube in expected]
    for tube, reference in zip(tubes, expected, strict=True):
        assert tube.frames.tolist() == reference["frames"]
        np.testing.assert_array_equal(tube.boxes, reference["boxes"])
        np.testing.assert_array_equal(tube.scores, reference["scores"])
        np.testing.assert_allclose(tube.rescored, reference["new_scores"], rtol=0, atol=1e-9)


def test_there_are_recorded_runs() -> None:
    assert len(GOLDEN) == 14


@both
def test_every_path_tried(link: Link) -> None:
    rng = np.random.default_rng(0)
    linked = 0
    for _ in range(60):
        detections, tracklets = random_video(rng, rng.integers(1, 5, rng.integers(2, 5)).tolist())
        for (here, there), tracks in zip(itertools.pairwise(detections), tracklets[:-1], strict=True):
            linked += int(tracks_link(here, there, tracks).sum())
        assert indices(link(detections, tracklets)) == all_paths(detections, tracklets)
    assert linked > 50  # the cases say something about psi


def test_both_forms_agree() -> None:
    rng = np.random.default_rng(1)
    for _ in range(40):
        counts = rng.integers(0, 14, rng.integers(1, 25))
        detections, tracklets = random_video(rng, counts.tolist(), num_tracks=int(rng.integers(0, 20)))
        settings = {"link_iou": rng.integers(0, 5) / 4, "top_fraction": 0.25}
        fast, plain = link_tubes(detections, tracklets, **settings), link_tubes_numpy(detections, tracklets, **settings)
        assert len(fast) == len(plain)
        for a, b in zip(fast, plain, strict=True):
            for name in ("frames", "indices", "boxes", "scores", "rescored"):
                np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


@both
def test_a_single_frame_comes_in_the_order_of_the_list(link: Link) -> None:
    rows = np.array([[0.0, 0, 5, 5, 0.25], [9, 9, 12, 12, 0.75], [1, 1, 4, 4, 0.5]])
    empty = np.zeros((0, 5))
    for detections, frame in (([rows], 0), ([empty, rows, empty], 1)):
        tubes = link(detections, [np.zeros((0, 8))] * len(detections))
        assert indices(tubes) == [[0], [1], [2]]
        assert all(tube.frames.tolist() == [frame] for tube in tubes)
        np.testing.assert_array_equal([tube.rescored[0] for tube in tubes], 2 * rows[:, 4])


@both
def test_a_track_outweighs_a_score(link: Link) -> None:
    here = np.array([[0.0, 0, 10, 10, 0.5], [50, 0, 60, 10, 0.75]])
    there = np.array([[50.0, 0, 60, 10, 0.75], [5, 0, 15, 10, 0.25]])
    assert indices(link([here, there], [[], []])) == [[1, 0], [0, 1]]
    track = np.array([[0.0, 0, 10, 10, 5, 0, 15, 10]])
    assert indices(link([here, there], [track, []])) == [[0, 1], [1, 0]]
    # One tracklet at the start and another at the end join nothing; nor does one that is not finite.
    halves = np.array([[0.0, 0, 10, 10, 90, 0, 99, 10], [90, 0, 99, 10, 5, 0, 15, 10]])
    assert indices(link([here, there], [halves, []])) == [[1, 0], [0, 1]]
    track[0, 7] = np.inf
    assert indices(link([here, there], [track, []])) == [[1, 0], [0, 1]]


@both
def test_empty_frames_are_bridged_by_the_earlier_tracklets(link: Link) -> None:
    detections, tracklets = random_video(np.random.default_rng(2), [4, 4, 4], num_tracks=6)
    empty, useless = np.zeros((0, 5)), tracklets[2]
    gap = [detections[0], empty, empty, detections[1], detections[2]]
    tubes = link(gap, [tracklets[0], useless, useless, tracklets[1], useless])
    assert indices(tubes) == indices(link(detections, tracklets))
    assert all(tube.frames.tolist() == [0, 3, 4] for tube in tubes)


@both
def test_no_box_is_used_twice(link: Link) -> None:
    counts = [7, 5, 9, 6]
    detections, tracklets = random_video(np.random.default_rng(3), counts)
    tubes = link(detections, tracklets)
    assert len(tubes) == 5
    for f in range(4):
        used = [int(tube.indices[f]) for tube in tubes]
        assert len(set(used)) == 5
        np.testing.assert_array_equal([tube.boxes[f] for tube in tubes], detections[f][used, :4])
        np.testing.assert_array_equal([tube.scores[f] for tube in tubes], detections[f][used, 4])


@both
def test_shifted_boxes_give_the_same_tubes(link: Link) -> None:
    detections, tracklets = random_video(np.random.default_rng(4), [6] * 10, num_tracks=12)
    shift = np.array([100.0, -40])
    moved = [rows + np.append(np.tile(shift, 2), 0) for rows in detections]
    moved_tracks = [rows + np.tile(shift, 4) for rows in tracklets]
    assert indices(link(moved, moved_tracks)) == indices(link(detections, tracklets))


def test_input_of_any_kind_of_array() -> None:
    detections, tracklets = random_video(np.random.default_rng(5), [5] * 6)
    single = [np.asfortranarray(rows, dtype=np.float32) for rows in detections]
    for rows in single:
        rows.flags.writeable = False
    lists = [rows.tolist() for rows in tracklets]
    assert indices(link_tubes(single, lists)) == indices(link_tubes(detections, tracklets))


def test_tubes_do_not_change_the_input() -> None:
    detections, tracklets = random_video(np.random.default_rng(6), [5, 4, 6])
    copies = [rows.copy() for rows in detections]
    for tube in link_tubes(detections, tracklets):
        tube.boxes[:] = 0
    for rows, copy in zip(detections, copies, strict=True):
        np.testing.assert_array_equal(rows, copy)


def test_links_and_paths_alone() -> None:
    none = np.zeros((0, 8))
    boxes = np.array([[0.0, 0, 10, 10, 0.5]])
    assert tracks_link(boxes, boxes, none).tolist() == [[False]]
    assert tracks_link(boxes[:0], boxes, none).shape == (0, 1)
    assert best_path([np.array([0.25, 0.75])], []) == [0]
    assert best_path([np.array([0.25, 0.75]), np.array([0.5, 0.5])], [np.zeros((2, 2))]) == [1, 0]


@both
def test_errors(link: Link) -> None:
    rows, tracks = np.ones((2, 5)), np.ones((1, 8))
    with pytest.raises(ValueError, match=r"detections\[1\] must have shape \(N, 5\), got \(2, 4\)"):
        link([rows, rows[:, :4]], [tracks, tracks])
    with pytest.raises(ValueError, match=r"tracklets\[0\] must have shape \(N, 8\)"):
        link([rows, rows], [tracks[:, :4], tracks])
    with pytest.raises(ValueError, match="tracklets must have one entry per frame: 2 frames, but 1 entries"):
        link([rows, rows], [tracks])
    for column in (0, 4):
        for bad in (np.nan, np.inf):
            spoilt = rows.copy()
            spoilt[1, column] = bad
            with pytest.raises(ValueError, match=r"detections\[1\] has a box or a score that is not finite"):
                link([rows, spoilt], [tracks, tracks])
    with pytest.raises(ValueError, match="link_iou"):
        link([rows], [tracks], link_iou=-0.5)
    with pytest.raises(ValueError, match="top_fraction"):
        link([rows], [tracks], top_fraction=0)
