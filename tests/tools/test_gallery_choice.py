"""What the gallery shows is chosen by rules: here on hand-made frames, where the right choice is plain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from detectron2.structures import Boxes, Instances

from dnt_d2.frame_result import FrameResult


@pytest.fixture
def choice(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "tools"))
    import gallery_choice

    return gallery_choice


def found(*rows: tuple[list[float], int, float]) -> Instances:
    """Of boxes, classes and scores."""
    instances = Instances((100, 100))
    instances.pred_boxes = Boxes(torch.tensor([row[0] for row in rows]).reshape(-1, 4))
    instances.pred_classes = torch.tensor([row[1] for row in rows], dtype=torch.int64)
    instances.scores = torch.tensor([row[2] for row in rows])
    return instances


def thing(box: list[float], category: int = 1, track: int = 0, occluded: int = 0) -> dict[str, Any]:
    return {"bbox": box, "category_id": category, "instance_id": track, "occluded": occluded}


BOX, NEAR, FAR = [10.0, 10, 49, 49], [30.0, 10, 69, 49], [60.0, 60, 90, 90]


def test_nothing_found_is_nothing(choice: Any) -> None:
    assert choice.fate(thing(BOX), found(), 0.5) == choice.MISSED
    assert choice.watch("empty", [], [], 0.5).share == 0
    assert choice.best_stretches([choice.watch("empty", [], [], 0.5)], 4, 2) == []


@pytest.mark.parametrize(
    ("boxes", "fate"),
    [
        ([(BOX, 1, 0.9)], "found"),
        ([(BOX, 1, 0.4)], "nothing"),
        ([(FAR, 1, 0.9)], "nothing"),
        ([(NEAR, 1, 0.9)], "misplaced"),
        ([(NEAR, 2, 0.9)], "nothing"),
        ([(BOX, 2, 0.9)], "of another class"),
        ([(BOX, 2, 0.9), (NEAR, 1, 0.9)], "misplaced"),
        ([(BOX, 2, 0.9), (NEAR, 1, 0.9), (BOX, 1, 0.5)], "found"),
    ],
)
def test_the_fate_of_a_true_box(choice: Any, boxes: list[Any], fate: str) -> None:
    assert choice.fate(thing(BOX), found(*boxes), 0.5) == fate


def watched(choice: Any, name: str, single: list[bool], tubes: list[bool]) -> Any:
    """A video of one object that was found in these frames."""
    results = [
        FrameResult(i, found(*([(BOX, 1, 0.9)] * t)), found(*([(BOX, 1, 0.9)] * s)))
        for i, (s, t) in enumerate(zip(single, tubes, strict=True))
    ]
    return choice.watch(name, [{"annotations": [thing(BOX)]} for _ in results], results, 0.5)


def test_the_stretch_in_which_tubes_add_most(choice: Any) -> None:
    a = watched(choice, "a", [True, False, True, False, False, True], [True, True, True, True, True, False])
    b = watched(choice, "b", [False, True], [True, True])
    c = watched(choice, "c", [True, True, True], [True, True, False])
    assert a.gains() == [0, 1, 0, 1, 1, -1]
    assert [(v.name, *rest) for v, *rest in choice.best_stretches([b, c, a], 3, 5)] == [("a", 1, 2), ("b", 0, 1)]
    assert [v.name for v, *_ in choice.best_stretches([b, c, a], 3, 1)] == ["a"]
    assert a.counts("single", 3, 2) == {"nothing": 2}
    assert a.share == 5 / 6


def test_moves_are_of_objects_that_nothing_touches(choice: Any) -> None:
    first = {"annotations": [thing(BOX, 3, 0), thing(FAR, 4, 1), thing([0.0, 80, 5, 90], 5, 2, occluded=1)]}
    second = {"annotations": [thing([12.0, 7, 53, 48], 3, 0), thing(FAR, 4, 7), thing([0.0, 80, 5, 90], 5, 2)]}
    (move,) = choice.moves(first, second)
    assert (move.category_id, move.box.tolist(), move.move.tolist()) == (3, BOX, [3, -2])
    second["annotations"].append(thing([50.0, 40, 60, 60], 6, 9))
    assert choice.moves(first, second) == []


def test_the_farthest_in_both_directions(choice: Any) -> None:
    def to(x: float, y: float) -> dict[str, Any]:
        return {"annotations": [thing([x, y, x + 9, y + 9])]}

    videos = [[to(0, 0), to(30, 2)], [to(0, 0), to(-7, 5), to(40, 52)], [to(0, 0), to(8, 0)]]
    assert choice.most_diagonal(videos, 32).move.tolist() == [-7, 5]
    assert choice.most_diagonal(videos, 50).move.tolist() == [47, 47]
    assert choice.most_diagonal(videos[2:], 50) is None
    assert choice.most_diagonal([], 50) is None


def test_how_often_correlation_is_right(choice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import gallery_correlation

    from dnt_d2.correlation_maps import CorrelationMaps

    values = np.zeros((9, 9, 8, 8), np.float32)
    values[4, 6] = 1  # two steps to the right
    layers = [CorrelationMaps("res3", values, 4, 8), CorrelationMaps("res4", values, 16, 16)]
    monkeypatch.setattr(gallery_correlation, "_correlate", lambda *_: layers)
    frames = [{"annotations": [thing([x, 20.0, x + 9, 29.0])]} for x in (0, 8, 13, 17, 21, 28, 52)]
    # Pairs 0 and 4: 8 px and 7 px. res3 says 8, and both are within its step of 4; for res4 they are below a step.
    assert gallery_correlation.measure_correlation(None, None, [frames]) == {"res3": {"objects": 2, "share": 1.0}}
    monkeypatch.setattr(gallery_correlation, "EVERY", 5)  # pairs 0 and 5: 24 px are too far for res3, res4 says 32
    assert gallery_correlation.measure_correlation(None, None, [frames]) == {
        "res3": {"objects": 1, "share": 1.0},
        "res4": {"objects": 1, "share": 1.0},
    }
    values[4, 6], values[2, 4] = 0, 1
    assert gallery_correlation.measure_correlation(None, None, [frames])["res4"]["share"] == 0
    assert gallery_correlation.make_correlation(None, None, [], [], Path()) is None
