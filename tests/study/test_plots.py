"""dnt_d2/study/plots.py: what is drawn, and that it shows the numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from dnt_d2.evaluation.report.drawing import plotting
from dnt_d2.study import plots
from dnt_d2.study.results import Study

pytest.importorskip("matplotlib")


def draw(make: Callable[[type, Study], Any], study: Study) -> list[Any]:
    """The axes of a plot."""
    with plotting() as figure_class:
        return list(make(figure_class, study).axes)


def points(axes: Any) -> list[tuple[list[float], list[float]]]:
    """The data of all lines that have any."""
    lines = [(list(map(float, line.get_xdata())), list(map(float, line.get_ydata()))) for line in axes.get_lines()]
    return [line for line in lines if line[0]]


def test_of_nothing_nothing_is_drawn(tmp_path: Path) -> None:
    assert plots.draw_all(tmp_path / "none") == []
    for make in (plots.draw_headline, plots.draw_alpha, plots.draw_strides, plots.draw_ablations):
        assert draw(make, Study({}))  # but each can be


def test_pictures_of_a_study_under_way(trial_study: Callable[..., Path]) -> None:
    folder = trial_study(["seed2_D", "seed1_moves", "ablation_base"])
    names = [path.name for path in plots.draw_all(folder)]
    assert names == ["headline.png", "ablations.png", "moves_tau_1.png", "moves_tau_10.png"]
    for name in names:
        image = cv2.imread(str(folder / name))
        assert image is not None
        assert (image[0, 0] == 255).all()  # white paper, on dark pages too
        assert image.std() > 5


def test_moves_of_the_first_seed_until_there_are_ablations(
    trial_study: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[Any, ...]] = []
    monkeypatch.setattr(plots, "draw_moves", lambda *args: calls.append(args))
    folder = trial_study(["seed1_moves", "ablation_base"])
    plots.draw_all(folder)
    (folder / "ablation_base.json").unlink()
    plots.draw_all(folder)
    assert [list(call[1]) for call in calls] == [["both"]] * 2 + [["D&T, seed 1"]] * 2
    assert calls[0][2] == {"res3": 32, "res4": 64, "res5": 64}
    assert "by 10 frames" in calls[3][3]


def test_headline_has_each_seed_and_the_mean(trial_study: Callable[..., Path]) -> None:
    novel, seen = draw(plots.draw_headline, Study.read(trial_study(["seed1_DnT", "seed3_DnT"])))
    assert [y for _, y in points(novel)] == [[55], [57], [56, 56], [63], [65], [64, 64], [65], [67], [66, 66]]
    assert novel.get_ylim() == seen.get_ylim() == (51, 88)
    assert {text.get_text() for text in novel.texts} == {"56.0", "64.0", "66.0"}


def test_curves(trial_study: Callable[..., Path]) -> None:
    study = Study.read(trial_study(["linking", "strides"]))
    (alpha,) = draw(plots.draw_alpha, study)
    novel, _, seen, frames = points(alpha)
    assert np.allclose(novel[0], np.arange(1, 11) / 10)
    assert np.allclose(novel[1], 66 - np.arange(1, 11) / 2)
    assert seen[1][0] == 80.5
    assert set(frames[1]) == {67.0}
    (strides,) = draw(plots.draw_strides, study)
    assert points(strides)[0] == ([1, 2, 5, 10], pytest.approx([53.8, 53.6, 53, 52]))
    assert len(points(strides)) == 7
    labels = [text.get_text() for text in strides.get_legend().get_texts()]
    assert labels == ["single frames", "tubes, psi = 0", "tubes, psi = 1", 'tubes, "no motion"', "in all frames"]


def test_ablations_stand_in_their_rows(trial_study: Callable[..., Path]) -> None:
    (axes,) = draw(plots.draw_ablations, Study.read(trial_study(["ablation_base", "ablation_no_ohem"])))
    frames, base, *_ = points(axes)
    assert frames == ([52, 46], [0, 12])
    assert base[0] == [52, 52]
    assert axes.get_yticklabels()[12].get_text() == "OHEM off"


@pytest.mark.parametrize("make", [plots.draw_headline, plots.draw_alpha, plots.draw_strides, plots.draw_ablations])
def test_all_words_are_on_the_paper(trial_study: Callable[..., Path], make: Callable[[type, Study], Any]) -> None:
    study = Study.read(trial_study())
    with plotting() as figure_class:
        figure = make(figure_class, study)
        drawn = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert 0 <= drawn.x0 < drawn.x1 <= width
    assert 0 <= drawn.y0 < drawn.y1 <= height
