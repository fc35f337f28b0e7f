"""Numbers of objects: against pairing in plain loops; and what a viewer would say."""

from __future__ import annotations

import numpy as np
import pytest

from dnt_d2.geometry import box_iou
from dnt_d2.tubes.identities import LEAST, SAME_TUBE, Identities, jump

A, B = [0.0, 0, 40, 40], [100.0, 0, 140, 40]


def number(identities: Identities, frame: int, *rows: tuple[list[float], int], category: int = 0) -> list[int]:
    """A frame of one class: (box, part) each."""
    boxes = np.array([box for box, _ in rows], np.float64).reshape(-1, 4)
    parts = np.array([part for _, part in rows], np.int64)
    return identities.number(frame, boxes, np.full(len(rows), category), parts).tolist()


def test_empty_frames() -> None:
    identities = Identities()
    assert number(identities, 0) == []
    assert number(identities, 1, (A, 0)) == [1]
    assert number(identities, 2) == []
    assert number(identities, 3, (A, 0)) == [1]


def test_objects_keep_their_numbers_when_tubes_change_over() -> None:
    """Two tubes swap their objects; and a part of a tube keeps its number however fast it moves, if it is tracked."""
    identities = Identities()
    assert number(identities, 0, (A, 0), (B, 1)) == [1, 2]
    assert number(identities, 1, (B, 0), (A, 1)) == [2, 1]
    far = [200.0, 0, 240, 40]
    assert number(identities, 2, (far, 0), (A, 1)) == [2, 1]


def test_another_class_is_another_object() -> None:
    identities = Identities()
    assert number(identities, 0, (A, 0)) == [1]
    assert number(identities, 1, (A, 1), category=1) == [2]
    assert number(identities, 2, (A, 0)) == [1]


def test_what_was_away_for_too_long_is_new() -> None:
    identities = Identities(patience=3)
    assert number(identities, 0, (A, 0)) == [1]
    assert number(identities, 3, (A, 1)) == [1]
    assert number(identities, 7, (A, 1)) == [2]
    assert len(identities._objects[0]) == 1  # a stream without end is held in constant memory


@pytest.mark.parametrize("seed", range(5))
def test_against_plain_loops(seed: int) -> None:
    rng, identities = np.random.default_rng(seed), Identities(patience=4)
    objects: list[dict] = []
    count = 0
    for frame in range(30):
        n = int(rng.integers(0, 7))
        corners = rng.uniform(0, 60, (n, 2))
        boxes = np.concatenate([corners, corners + rng.uniform(20, 40, (n, 2))], axis=1)
        classes, parts = rng.integers(0, 2, n), rng.permutation(8)[:n]
        values = []
        for i in range(n):
            for x in objects:
                if x["class"] == classes[i] and frame - x["frame"] <= 4:
                    value = box_iou(boxes[i : i + 1], x["box"][None], inclusive=False)[0, 0]
                    value += SAME_TUBE * (x["part"] == parts[i])
                    values.append((-value, i, x["number"]))
        expected = [0] * n
        for value, i, known in sorted(values):
            if -value >= LEAST and not expected[i] and known not in expected:
                expected[i] = known
        for i in range(n):
            if not expected[i]:
                count += 1
                expected[i] = count
            objects = [x for x in objects if x["number"] != expected[i]]
            objects.append(
                {"number": expected[i], "class": classes[i], "frame": frame, "box": boxes[i], "part": parts[i]}
            )
        assert identities.number(frame, boxes, classes, parts).tolist() == expected


def test_jumps() -> None:
    boxes = np.array([A, A, A, A])
    after = np.array([A, B, [40.0, 0, 80, 40], [39.0, 39, 80, 80]])
    assert jump(boxes, after).tolist() == [False, True, True, False]
    assert jump(boxes[:0], after[:0]).shape == (0,)
