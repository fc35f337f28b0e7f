"""dnt_d2/study/canvas.py: white paper, whole files, kinds that are told apart in grey."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import pytest

from dnt_d2.evaluation.report.drawing import add_axes, new_figure
from dnt_d2.evaluation.report.theme import LIGHT
from dnt_d2.study.canvas import add_legend, name_rows, save, style, title, write

pytest.importorskip("matplotlib")


def a_figure(figure_class: type, rows: list[str] | None = None) -> Any:
    figure = new_figure(figure_class, 200, 100)
    axes = add_axes(figure, LIGHT, left=40, right=10, top=30, bottom=20)
    name_rows(axes, rows or [])
    title(axes, "a title")
    axes.plot([0, 1], [0, 1], label="a line", **style(1))
    write(axes, "text, $", (0.5, 0.5))
    add_legend(axes)
    return figure


def test_a_file_is_whole_and_on_white(tmp_path: Path) -> None:
    image = cv2.imread(str(save(tmp_path / "x.png", a_figure)))
    assert image.shape == (200, 400, 3)
    assert (image[0] == 255).all()
    assert image.std() > 5
    with pytest.raises(ZeroDivisionError):
        save(tmp_path / "y.png", lambda _: 1 / 0)
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]


def test_rows_go_down(tmp_path: Path) -> None:
    found: list[Any] = []
    save(tmp_path / "x.png", lambda figure_class: found.append(a_figure(figure_class, ["a", "b"])) or found[0])
    axes = found[0].axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    assert axes.transData.transform((0, 0))[1] > axes.transData.transform((0, 1))[1]


def test_kinds_differ_without_colours() -> None:
    assert len({style(i)["marker"] for i in range(5)}) == len({style(i)["color"] for i in range(5)}) == 5
