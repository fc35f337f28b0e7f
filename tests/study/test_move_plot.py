"""The plot of moves: what it shows, and that it shows something."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from dnt_d2.study.move_plot import curve, draw_moves
from dnt_d2.study.move_summary import summarise_moves
from dnt_d2.study.moves import HEAD, TEMPLATE, Moves, join_moves

pytest.importorskip("matplotlib")


def summary(head: float) -> dict[str, Any]:
    """12 boxes that go 10 px, 12 that go 20, 3 that go 40; read from JSON, as by whoever draws it."""
    displacement = np.repeat([10.0, 20.0, 40.0], [12, 12, 3])
    ints = np.arange(len(displacement)) % 4
    iou = np.stack([np.full(len(ints), x) for x in (0.3, 1 - head, 0.6)], axis=1)
    return json.loads(
        json.dumps(summarise_moves(Moves(ints, ints, ints, displacement, displacement, ints > 9, iou, iou), draws=9))
    )


def test_without_heads_or_boxes_there_are_axes(tmp_path: Path) -> None:
    draw_moves(tmp_path / "no_heads.png", {}, {})
    draw_moves(tmp_path / "no_boxes.svg", {"head": summarise_moves(join_moves([]))}, {"res4": 64})
    assert cv2.imread(str(tmp_path / "no_heads.png")).std() > 0
    assert "reach of res4" in (tmp_path / "no_boxes.svg").read_text(encoding="utf-8")


def test_curves_leave_out_bins_with_few_boxes() -> None:
    assert curve(summary(0.2), HEAD) == ([10, 20], pytest.approx([0.2, 0.2]))
    assert curve(summary(0.2), TEMPLATE)[1] == pytest.approx([0.4, 0.4])


def test_all_heads_and_marks_are_named(tmp_path: Path) -> None:
    marks = {"res5": 64, "res3": 32, "res4": 64}
    heads = {"both": summary(0.1), "box maps only": summary(0.3), "correlation only": summary(0.2)}
    draw_moves(tmp_path / "moves.svg", heads, marks, title="A title, $ and all")
    text = (tmp_path / "moves.svg").read_text(encoding="utf-8")
    for name in (
        *heads,
        "no motion",
        "template matching",
        "reach of res3",
        "reach of res4, res5",
        "A title, $ and all",
    ):
        assert f">{name}<" in text


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ends in png, svg or pdf"):
        draw_moves(tmp_path / "moves.jpg", {}, {})
    assert not list(tmp_path.iterdir())
