"""The collector hands the right lists to linking, and gives back the video's own frame numbers."""

from __future__ import annotations

from itertools import chain, permutations
from types import SimpleNamespace

import numpy as np
import pytest

from dnt_d2.tubes import link_candidates, link_online, rescore_present
from dnt_d2.tubes.collector import TubeSettings, VideoCollector, flatten_tubes
from dnt_d2.tubes.video import vote_video

NO_TRACKS = np.zeros((0, 8), np.float32)


def crossing(num_frames: int = 6) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """Two objects of two classes that move in opposite directions: boxes, scores, tracklets ending in each frame."""
    rng = np.random.default_rng(0)
    boxes, scores, tracklets = [], [], []
    for f in range(num_frames):
        boxes.append(np.array([[10 * f, 0, 10 * f + 30, 30], [90 - 10 * f, 50, 120 - 10 * f, 80]], np.float32))
        scores.append(rng.uniform(0.1, 0.9, (2, 2)).astype(np.float32))
        tracklets.append(np.hstack([boxes[-2], boxes[-1]]) if f else NO_TRACKS)
    return boxes, scores, tracklets


def collect(stride: int = 1) -> VideoCollector:
    collector = VideoCollector()
    for f, (boxes, scores, tracklets) in enumerate(zip(*crossing(), strict=True)):
        collector.add(3 + stride * f, boxes, scores, tracklets)
    return collector


def test_no_frames() -> None:
    assert VideoCollector().link(TubeSettings()) == []
    assert len(VideoCollector()) == 0


def test_one_frame_and_frames_without_boxes() -> None:
    collector = VideoCollector()
    collector.add(0, np.zeros((0, 4)), np.zeros((0, 2)), NO_TRACKS)
    assert collector.link(TubeSettings()) == [[], []]
    collector.add(1, [[0, 0, 9, 9]], [[0.5, 0.25]], NO_TRACKS)
    tubes = collector.link(TubeSettings())
    assert [len(of_class) for of_class in tubes] == [1, 1]
    assert tubes[0][0].frames.tolist() == [1]
    assert tubes[1][0].rescored.tolist() == [0.5]


@pytest.mark.parametrize("use_tracks", [True, False])
def test_equals_a_direct_call(use_tracks: bool) -> None:
    boxes, scores, ending = crossing()
    starting = [*ending[1:], NO_TRACKS] if use_tracks else [NO_TRACKS] * len(boxes)
    expected = link_candidates(boxes, scores, starting)
    collector = collect(stride=10)
    for _ in range(2):
        measured = collector.link(TubeSettings(), use_tracks=use_tracks)
        assert [len(tubes) for tubes in measured] == [len(tubes) for tubes in expected]
        for a, b in zip(chain(*measured), chain(*expected), strict=True):
            np.testing.assert_array_equal(a.frames, 3 + 10 * b.frames)
            np.testing.assert_array_equal(a.boxes, b.boxes)
            np.testing.assert_array_equal(a.rescored, b.rescored)


def test_tracklets_lead_the_tubes() -> None:
    """With tracks each tube stays on its object, though the scores alone would say otherwise."""
    tubes = collect().link(TubeSettings())
    for of_class in tubes:
        assert {round(float(tube.boxes[0, 1])) for tube in of_class} == {0, 50}
        for tube in of_class:
            np.testing.assert_allclose(tube.boxes[:, 1], tube.boxes[0, 1])
    without = collect().link(TubeSettings(), use_tracks=False)
    assert any(np.ptp(tube.boxes[:, 1]) > 1 for of_class in without for tube in of_class)


def test_the_arrays_are_copied() -> None:
    boxes, scores = np.array([[0.0, 0, 9, 9]]), np.array([[0.5]])
    collector = VideoCollector()
    collector.add(0, boxes, scores, NO_TRACKS)
    boxes += 100
    scores[:] = 0
    tube = collector.link(TubeSettings())[0][0]
    assert tube.boxes.tolist() == [[0, 0, 9, 9]]
    assert tube.scores.tolist() == [0.5]


def test_flat_arrays_go_by_frame_then_by_tube() -> None:
    tubes = collect().link(TubeSettings())
    flat = flatten_tubes(tubes)
    every = [(c, tube) for c, of_class in enumerate(tubes) for tube in of_class]
    assert len(every) == 4
    assert flat.frames.tolist() == np.repeat(np.arange(3, 9), 4).tolist()
    assert flat.classes.tolist() == [c for c, _ in every] * 6
    assert flat.tubes.tolist() == [0, 1, 2, 3] * 6
    for number, (_, tube) in enumerate(every):
        rows = flat.tubes == number
        np.testing.assert_array_equal(flat.boxes[rows], tube.boxes)
        np.testing.assert_array_equal(flat.scores[rows], tube.rescored / 2)
    empty = flatten_tubes([[], []])
    assert [len(part) for part in empty] == [0] * 6
    assert empty.boxes.shape == (0, 4)


def test_scores_before_rescoring_are_told_too() -> None:
    tubes = collect().link(TubeSettings())
    flat = flatten_tubes(tubes)
    for number, tube in enumerate(chain(*tubes)):
        np.testing.assert_array_equal(flat.own_scores[flat.tubes == number], tube.scores)
    assert (flat.own_scores != flat.scores).any()
    assert flat.own_scores.min() >= 0
    assert flat.own_scores.max() <= 1


def crowd(num_frames: int = 5) -> VideoCollector:
    """Many boxes that overlap, so that every setting changes something."""
    rng = np.random.default_rng(1)
    corners = rng.uniform(0, 60, (30, 2))
    first = np.hstack([corners, corners + rng.uniform(20, 60, (30, 2))])
    collector = VideoCollector()
    for f in range(num_frames):
        moved = first + 4 * f + rng.normal(0, 2, first.shape)
        steps = np.hstack([moved - 4, moved]) if f else NO_TRACKS
        collector.add(2 * f, moved, rng.uniform(0, 1, (30, 2)), steps)
    return collector


WAYS = {
    "plain": (TubeSettings(), True),
    "psi0": (TubeSettings(), False),
    "nms_iou": (TubeSettings(nms_iou=0.7), True),
    "vote_iou": (TubeSettings(vote_iou=0.8), True),
    "top_k": (TubeSettings(top_k=3), True),
    "link_iou": (TubeSettings(link_iou=0.7), True),
    "top_fraction": (TubeSettings(top_fraction=0.1), True),
    "online": (TubeSettings(online=True), True),
    "absent": (TubeSettings(absent_score=0.5, absent_frames=2), True),
}


def linked(video: VideoCollector, way: str) -> list[list[float]]:
    settings, use_tracks = WAYS[way]
    return [np.ravel(part).tolist() for part in flatten_tubes(video.link(settings, use_tracks=use_tracks))]


@pytest.fixture(scope="module")
def fresh() -> dict[str, list[list[float]]]:
    """By way what a collector says that was never asked before."""
    return {way: linked(crowd(), way) for way in WAYS}


def test_every_way_says_something_else(fresh: dict[str, list[list[float]]]) -> None:
    assert len({str(said) for said in fresh.values()}) == len(WAYS)


def test_what_was_asked_before_changes_nothing(fresh: dict[str, list[list[float]]]) -> None:
    """Each way after each other one, and back."""
    for first, second in permutations(WAYS, 2):
        video = crowd()
        for way in (first, second, first):
            assert linked(video, way) == fresh[way], f"{way} of {first}, {second}, {first}"


def test_votes_are_shared_by_settings_that_differ_in_links(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, float]] = []

    def spy(*args: list[np.ndarray], **voting: float) -> list[list[np.ndarray]]:
        asked.append(voting)
        return vote_video(*args, **voting)  # type: ignore[arg-type]

    monkeypatch.setattr("dnt_d2.tubes.collector.vote_video", spy)
    video = crowd()
    for way in ("plain", "psi0", "link_iou", "top_fraction", "absent"):
        linked(video, way)
    assert asked == [{"nms_iou": 0.4, "vote_iou": 0.5, "top_k": 25}]
    linked(video, "top_k")
    assert len(asked) == 2


def test_a_frame_that_comes_after_a_link_counts() -> None:
    whole, growing = crowd(5), crowd(4)
    before = linked(growing, "plain")
    growing.add(8, whole._boxes[4], whole._scores[4], whole._tracklets[4])
    assert linked(growing, "plain") == linked(whole, "plain") != before


def test_scores_that_are_revised_after_a_link_count() -> None:
    whole, growing = crowd(4), crowd(4)
    linked(growing, "plain")
    boxes, scores, steps = whole._boxes[3] + 4, whole._scores[2], whole._tracklets[3] + 4
    for video in (whole, growing):
        video.add(8, boxes, scores, steps, revised=whole._scores[1])
    assert linked(growing, "plain") == linked(whole, "plain")
    assert growing.link(TubeSettings())[0][0].scores.tolist() != crowd(4).link(TubeSettings())[0][0].scores.tolist()


def test_settings_come_from_a_config_node() -> None:
    chain = {"NMS_IOU": 0.1, "TOP_K": 2, "VOTE_IOU": 0.3, "LINK_IOU": 0.4, "TOP_FRACTION": 0.6, "TRIM_SCORE": 0.9}
    more = {"ONLINE": False, "ONLINE_PATIENCE": 3, "ONLINE_YOUTH": 4, "ABSENT_SCORE": 0.1, "ABSENT_FRAMES": 9}
    node = SimpleNamespace(**chain, **more)
    assert TubeSettings.from_config(node) == TubeSettings(0.1, 2, 0.3, 0.4, 0.6, False, 3, 4, 0.1, 9)


def test_settings_reach_the_linker() -> None:
    # Two boxes side by side in every frame: top_k of 1 leaves a single tube.
    assert [len(of_class) for of_class in collect().link(TubeSettings(top_k=1))] == [1, 1]


def test_bad_input_is_refused() -> None:
    collector = collect()
    box, score = np.zeros((1, 4)), np.zeros((1, 2))
    with pytest.raises(ValueError, match="frame 8 after frame 8"):
        collector.add(8, box, score, NO_TRACKS)
    with pytest.raises(ValueError, match="need \\(N, 4\\) and \\(N, C\\)"):
        collector.add(9, box, np.zeros((2, 2)), NO_TRACKS)
    with pytest.raises(ValueError, match="scores of 3 classes"):
        collector.add(9, box, np.zeros((1, 3)), NO_TRACKS)
    with pytest.raises(ValueError, match="need \\(M, 8\\)"):
        collector.add(9, box, score, np.zeros((1, 4)))
    with pytest.raises(ValueError, match="first of its video"):
        VideoCollector().add(0, box, score, np.zeros((1, 8)))
    assert len(collector) == 6


def test_revised_scores_take_the_place_of_the_frame_before() -> None:
    boxes, scores, tracklets = crossing()
    revised, plain = VideoCollector(), VideoCollector()
    for f in range(6):
        revised.add(
            f, boxes[f], 0 * scores[f] if f < 5 else scores[f], tracklets[f], revised=scores[f - 1] if f else None
        )
        plain.add(f, boxes[f], scores[f], tracklets[f])
    for a, b in zip(chain(*revised.link(TubeSettings())), chain(*plain.link(TubeSettings())), strict=True):
        np.testing.assert_array_equal(a.rescored, b.rescored)
    with pytest.raises(ValueError, match="averaged scores come from later frames"):
        revised.link(TubeSettings(online=True))
    with pytest.raises(ValueError, match=r"revised scores \(3, 2\) for \(2, 2\)"):
        plain.add(6, boxes[0], scores[0], NO_TRACKS, revised=np.zeros((3, 2)))
    with pytest.raises(ValueError, match="no frame before"):
        VideoCollector().add(0, boxes[0], scores[0], NO_TRACKS, revised=scores[0])


@pytest.mark.parametrize("use_tracks", [True, False])
def test_online(use_tracks: bool) -> None:
    boxes, scores, ending = crossing()
    starting = [*ending[1:], NO_TRACKS] if use_tracks else [NO_TRACKS] * len(boxes)
    expected = link_online(boxes, scores, starting, patience=1, youth=2)
    settings = TubeSettings(online=True, online_patience=1, online_youth=2)
    measured = collect(stride=10).link(settings, use_tracks=use_tracks)
    assert [len(tubes) for tubes in measured] == [len(tubes) for tubes in expected] != [0, 0]
    for a, b in zip(chain(*measured), chain(*expected), strict=True):
        np.testing.assert_array_equal(a.frames, 3 + 10 * b.frames)
        np.testing.assert_array_equal(a.rescored, b.rescored)


def test_absence() -> None:
    plain = collect().link(TubeSettings())
    absent = collect().link(TubeSettings(absent_score=0.5, absent_frames=2))
    for a, b in zip(chain(*absent), chain(*plain), strict=True):
        expected = rescore_present(b, top_fraction=0.5, absent_score=0.5, absent_frames=2)
        np.testing.assert_array_equal(a.rescored, expected.rescored)
    assert any((a.rescored != b.rescored).any() for a, b in zip(chain(*absent), chain(*plain), strict=True))
    with pytest.raises(ValueError, match=r"ABSENT_SCORE is 0\.5, but tubes are linked online"):
        TubeSettings(online=True, absent_score=0.5)


@pytest.mark.parametrize("online", [False, True])
def test_skipped_frames_are_filled(online: bool) -> None:
    settings, video = TubeSettings(online=online), collect(stride=4)
    tubes = video.link(settings)
    for a, b in zip(chain(*video.fill(tubes, settings)), chain(*tubes), strict=True):
        assert a.frames.tolist() == list(range(b.frames[0], b.frames[-1] + 1))
        kept = np.isin(a.frames, b.frames)
        np.testing.assert_array_equal(a.boxes[kept], b.boxes)
        # Offline the objects move on in between, online nobody knows yet where to.
        assert (a.boxes[0] == a.boxes[1]).all() == online


@pytest.mark.parametrize("stride", [1, 4])
def test_online_later_frames_never_change_what_was_said(stride: int) -> None:
    """In frames that were skipped, too: whether the video ends at a sampled frame or goes on."""
    settings = TubeSettings(online=True, online_youth=3)

    def said(collector: VideoCollector, last: int) -> list[tuple[float, ...]]:
        flat = flatten_tubes(collector.fill(collector.link(settings), settings))
        rows = zip(flat.frames, flat.classes, *flat.boxes.T, flat.scores, strict=True)
        return sorted(row for row in rows if row[0] <= last)

    whole, growing = collect(stride), VideoCollector()
    for f, (boxes, scores, tracklets) in enumerate(zip(*crossing(), strict=True)):
        growing.add(3 + stride * f, boxes, scores, tracklets)
        found = said(growing, 3 + stride * f)
        assert len(found) == 4 * (1 + stride * f)
        assert found == said(whole, 3 + stride * f)
