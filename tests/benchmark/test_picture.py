"""dnt_d2/benchmark/picture.py: what is drawn, and that it is."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from dnt_d2.benchmark.figures import Comparison, Stage, Table
from dnt_d2.benchmark.picture import draw_speed, frame_parts, largest


def compared(faster: float) -> Comparison:
    return Comparison("pooling", "loops", "sums", faster, 1.0, faster, faster, faster)


def test_nothing_to_draw(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    draw_speed([], tmp_path / "x.png")
    assert cv2.imread(str(tmp_path / "x.png")) is not None


def test_the_largest_gains_and_losses_come_first() -> None:
    chosen = largest(
        [("psroi", compared(1 + i / 100)) for i in range(30)] + [("data", compared(0.1)), ("data", compared(9))]
    )
    assert len(chosen) == 26
    values = [x.faster for _, x in chosen]
    assert values == sorted(values, reverse=True)
    assert {9, 0.1, 1.29} <= set(values)
    assert 1.0 not in values


def test_a_frame_is_taken_apart_once() -> None:
    table = Table(
        "Where the time goes", ("part", "ms", "%"), (("trunk", 8.0, 80.0), ("draw", 2.0, 20.0), ("all", 10.0, 100.0))
    )
    stages = [Stage("training", "", tables=[table]), Stage("inference", "", tables=[table, table])]
    assert frame_parts(stages) == [("trunk", 8.0), ("draw", 2.0)]
    assert frame_parts(stages[:1]) == []


def test_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    table = Table(
        "Where the time goes", ("part", "ms", "%"), (("trunk", 8.0, 80.0), ("draw", 2.0, 20.0), ("all", 10.0, 100.0))
    )
    draw_speed(
        [Stage("inference", "", comparisons=[compared(30.0), compared(0.5)], tables=[table])], tmp_path / "x.png"
    )
    picture = cv2.imread(str(tmp_path / "x.png"))
    assert picture is not None
    assert picture.shape[1] > 1000
    assert picture.std() > 10
