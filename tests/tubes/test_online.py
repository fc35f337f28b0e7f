"""dnt_d2/tubes/online.py: against a plain loop; what is said of a frame never changes; empty frames, one frame."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from dnt_d2.geometry import box_iou
from dnt_d2.tubes.box_voting import vote_frame
from dnt_d2.tubes.online import OnlineBoxes, OnlineLinker, link_online

Frame = tuple[np.ndarray, np.ndarray, np.ndarray]  # boxes (N, 4), scores (N, C), tracklets that end here (M, 8)
NONE = np.zeros((0, 8))


def make_video(seed: int, length: int, classes: int = 2, objects: int = 3) -> list[Frame]:
    """Objects that drift, are sometimes missed, and false boxes; tracklets from two thirds of the boxes."""
    rng = np.random.default_rng(seed)
    start = rng.uniform(0, 150, (objects, 2))
    step = rng.uniform(-12, 12, (objects, 2))
    frames: list[Frame] = []
    before = np.zeros((0, 4))
    for t in range(length):
        corner = start + step * t
        boxes = np.concatenate([corner, corner + 30], axis=1) + rng.normal(0, 2, (objects, 4))
        boxes = np.concatenate(
            [boxes[rng.random(objects) < 0.8], np.tile(rng.uniform(0, 150, (4, 2)), 2) + np.array([0, 0, 25, 25])]
        )
        boxes = boxes[: rng.integers(0, len(boxes) + 1)] if rng.random() < 0.2 else boxes
        scores = rng.random((len(boxes), classes)).round(2)  # rounded: equal scores occur
        used = before[rng.random(len(before)) < 0.7]
        moved = used + np.tile(step[rng.integers(objects)], 2) if len(used) else used
        frames.append((boxes, scores, np.concatenate([used, moved], axis=1)))
        before = boxes
    return frames


@dataclass
class PlainTube:
    number: int
    box: np.ndarray
    gain: float = 0.0
    misses: int = 0
    scores: list[float] = field(default_factory=list)

    def take(self, row: np.ndarray, least: int, alpha: float, memory: int) -> float:
        self.box, self.misses = row[:4], 0
        self.scores = [*self.scores, float(row[4])][-memory:]
        best = max(1, math.ceil(alpha * max(len(self.scores), least) - 1e-9))
        self.gain = sum(sorted(self.scores, reverse=True)[:best]) / best
        return float(row[4]) + self.gain


def plain_online(frames: list[Frame], *, link: float, alpha: float, patience: int, youth: int, memory: int) -> Any:
    """The rules as the docstring of the module has them, box by box. Per frame and class (rescored, numbers)."""
    result: list[list[tuple[list[float], list[int]]]] = []
    born = 0
    tubes: dict[int, list[PlainTube]] = {}
    for t, (boxes, scores, tracklets) in enumerate(frames):
        result.append([])
        least = min(youth, memory, t + 1)
        for c, rows in enumerate(vote_frame(boxes, scores, 0.4, 0.5, 25)):
            alive = tubes.setdefault(c, [])
            values, numbers = [0.0] * len(rows), [-1] * len(rows)
            for tube in sorted(alive, key=lambda tube: -tube.gain):
                own = tube.box[None]
                ways = [k for k in tracklets if box_iou(own, k[None, :4], inclusive=False)[0, 0] >= link]
                tracked = [
                    j
                    for j, row in enumerate(rows)
                    if tube.misses == 0
                    and any(box_iou(k[None, 4:], row[None, :4], inclusive=False)[0, 0] >= link for k in ways)
                ]
                near = [j for j, row in enumerate(rows) if box_iou(own, row[None, :4], inclusive=False)[0, 0] >= link]
                free = [j for j in tracked if numbers[j] < 0] or [j for j in near if numbers[j] < 0]
                if not free:
                    tube.misses += 1
                    continue
                best = max(free, key=lambda j: (rows[j, 4], -j))
                values[best], numbers[best] = tube.take(rows[best], least, alpha, memory), tube.number
            alive[:] = [tube for tube in alive if tube.misses <= patience]
            for j, row in enumerate(rows):
                if numbers[j] < 0:
                    alive.append(PlainTube(born, row[:4]))
                    values[j], numbers[j] = alive[-1].take(row, least, alpha, memory), born
                    born += 1
            result[-1].append((values, numbers))
    return result


def run(frames: list[Frame], **settings: Any) -> list[OnlineBoxes]:
    linker = OnlineLinker(**settings)
    return [linker.step(*frame) for frame in frames]


def test_a_frame_without_boxes() -> None:
    linker = OnlineLinker()
    assert len(linker.alive) == 0
    for _ in range(3):
        found = linker.step(np.zeros((0, 4)), np.zeros((0, 5)), NONE)
        assert all(len(part) == 0 for part in found)
    assert link_online([], [], []) == []
    assert link_online([np.zeros((0, 4))], [np.zeros((0, 5))], [NONE]) == [[]] * 5


def test_no_classes() -> None:
    linker = OnlineLinker()
    assert all(len(part) == 0 for part in linker.step(np.ones((2, 4)), np.zeros((2, 0)), NONE))
    assert len(linker.alive) == 0
    assert link_online([np.ones((2, 4))], [np.zeros((2, 0))], [NONE]) == []


def test_one_frame() -> None:
    """Each box is a tube; its gain is its own score."""
    found = run([(np.array([[0, 0, 9, 9], [50, 50, 70, 80]]), np.array([[0.9, 0.1], [0.3, 0.5]]), NONE)])[0]
    assert found.classes.tolist() == [0, 0, 1, 1]
    np.testing.assert_allclose(found.scores, [0.9, 0.3, 0.5, 0.1])
    np.testing.assert_allclose(found.rescored, 2 * found.scores)
    assert found.tubes.tolist() == [0, 1, 2, 3]


def test_a_tracklet_leads_where_overlap_would_not() -> None:
    first, second = np.array([[0.0, 0, 20, 20]]), np.array([[100.0, 100, 120, 120]])
    score = np.array([[0.8]])
    linked = run([(first, score, NONE), (second, score / 4, np.concatenate([first, second], axis=1))])
    assert linked[1].tubes.tolist() == [0]
    np.testing.assert_allclose(linked[1].rescored, [0.2 + 0.8])
    alone = run([(first, score, NONE), (second, score / 4, NONE)])
    assert alone[1].tubes.tolist() == [1]
    # Without a past it is not believed at once: the mean of its score and a zero, half of them counted.
    np.testing.assert_allclose(alone[1].rescored, [0.2 + 0.2])
    np.testing.assert_allclose(run([(first, score, NONE)] + [(second, score / 4, NONE)] * 3, patience=0)[3].tubes, [1])


def test_a_tube_lacks_boxes_while_it_waits_too() -> None:
    """Two boxes in four frames: the best half of 0.9, 0.9, 0, 0, but without youth that of two."""
    box, score, nothing = np.array([[10.0, 10, 40, 40]]), np.array([[0.9]]), (np.zeros((0, 4)), np.zeros((0, 1)), NONE)
    for youth, weak, gain in ((0, 0.3, 0.9), (10, 0.3, 0.6), (10, 0.9, 0.9)):
        frames = [(box, score, NONE), nothing, nothing, (box, np.array([[weak]]), NONE)]
        np.testing.assert_allclose(run(frames, youth=youth)[-1].rescored, [weak + gain])


def test_a_waiting_tube_is_found_again_until_its_patience_ends() -> None:
    box, score, nothing = np.array([[10.0, 10, 40, 40]]), np.array([[0.9]]), (np.zeros((0, 4)), np.zeros((0, 1)), NONE)
    for gap, number in ((2, 0), (3, 1)):
        frames = [(box, score, NONE), *[nothing] * gap, (box, score, NONE)]
        assert run(frames, patience=2)[-1].tubes.tolist() == [number]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"patience": 0, "youth": 0},
        {"patience": 2, "youth": 4, "memory": 3, "top_fraction": 0.3, "link_iou": 0.3},
        {"memory": 1},
    ],
)
def test_like_a_plain_loop(seed: int, settings: dict[str, Any]) -> None:
    frames = make_video(seed, 14)
    plain = {"link_iou": 0.5, "top_fraction": 0.5, "patience": 5, "youth": 10, "memory": 300} | settings
    expected = plain_online(
        frames,
        link=plain["link_iou"],
        alpha=plain["top_fraction"],
        patience=int(plain["patience"]),
        youth=int(plain["youth"]),
        memory=int(plain["memory"]),
    )
    for found, classes in zip(run(frames, **settings), expected, strict=True):
        np.testing.assert_allclose(found.rescored, [v for values, _ in classes for v in values], rtol=0, atol=1e-12)
        assert found.tubes.tolist() == [n for _, numbers in classes for n in numbers]


@pytest.mark.parametrize("seed", range(4))
def test_later_frames_never_change_what_was_said(seed: int) -> None:
    """Whether the video ends at t, goes on, or goes on otherwise."""
    video, other = make_video(seed, 12), make_video(seed + 100, 12)
    whole = run(video)
    for t in range(len(video)):
        for frames in (video[: t + 1], [*video[: t + 1], *other[t + 1 :]]):
            for mine, expected in zip(run(frames)[: t + 1], whole, strict=False):
                for a, b in zip(mine, expected, strict=True):
                    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("length", [1, 2, 9])
def test_a_whole_video_at_once(length: int) -> None:
    video = make_video(5, length)
    starting = [*[tracklets for _, _, tracklets in video[1:]], np.ones((4, 8))]  # the last entry leads nowhere
    tubes = link_online([v[0] for v in video], [v[1] for v in video], starting)
    assert len(tubes) == 2
    steps = run(video)
    found = sorted(
        (frame, c, round(value, 9), *box.round(6))
        for c, of_class in enumerate(tubes)
        for tube in of_class
        for frame, value, box in zip(tube.frames.tolist(), tube.rescored.tolist(), tube.boxes, strict=True)
    )
    expected = sorted(
        (f, int(c), round(float(value), 9), *box.round(6))
        for f, step in enumerate(steps)
        for c, value, box in zip(step.classes, step.rescored, step.boxes, strict=True)
    )
    assert found == expected
    for c, of_class in enumerate(tubes):
        for tube in of_class:
            assert (np.diff(tube.frames) > 0).all()
            rows = [vote_frame(video[f][0], video[f][1], 0.4, 0.5, 25)[c] for f in tube.frames]
            np.testing.assert_array_equal(tube.boxes, [r[i, :4] for r, i in zip(rows, tube.indices, strict=True)])


def test_only_tubes_that_may_go_on_are_kept() -> None:
    linker = OnlineLinker(patience=1, top_k=3)
    rng, seen = np.random.default_rng(0), []
    for _ in range(30):
        corner = rng.uniform(0, 5000, (10, 2))
        step = linker.step(np.concatenate([corner, corner + 20], axis=1), rng.random((10, 2)), NONE)
        assert len(linker.alive) <= 2 * 3 * 2
        seen.append(step.tubes.tolist())
        assert sorted(linker.alive) == sorted({*seen[-1], *(seen[-2] if len(seen) > 1 else [])})
    assert linker.alive.min() > 100


@pytest.mark.parametrize(
    "bad", [{"patience": -1}, {"youth": -1}, {"memory": 0}, {"link_iou": 2.0}, {"top_fraction": 0.0}]
)
def test_settings_out_of_range(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must be"):
        OnlineLinker(**bad)


def test_wrong_shapes() -> None:
    linker = OnlineLinker()
    with pytest.raises(ValueError, match=r"scores must have shape \(N, C\) with N = 1"):
        linker.step(np.ones((1, 4)), np.ones(3), NONE)
    linker.step(np.zeros((1, 4)), np.zeros((1, 3)), NONE)
    with pytest.raises(ValueError, match="2 classes, those before had 3"):
        linker.step(np.zeros((1, 4)), np.zeros((1, 2)), NONE)
    with pytest.raises(ValueError, match=r"tracklets must have shape \(N, 8\)"):
        linker.step(np.zeros((1, 4)), np.zeros((1, 3)), np.ones((2, 4)))
