"""AP against a setting: any order, gaps, one value, none."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from dnt_d2.evaluation.report import sweep_png, sweep_svg

pytest.importorskip("matplotlib")


def test_nothing_was_measured(tmp_path: Path) -> None:
    for values, lines in (([], {}), ([], {"tubes": []}), ([0.5], {"tubes": [None]})):
        assert sweep_svg(values, lines, "alpha").startswith("<svg")
    sweep_png(tmp_path / "new" / "empty.png", [], {}, "alpha")
    assert cv2.imread(str(tmp_path / "new" / "empty.png")) is not None


def test_the_order_of_values_does_not_matter() -> None:
    forwards = sweep_svg([0.1, 0.5, 1.0], {"tubes": [70.0, None, 72.5]}, "alpha")
    backwards = sweep_svg([1.0, 0.5, 0.1], {"tubes": [72.5, float("nan"), 70.0]}, "alpha")
    assert ">72.5<" in forwards
    assert forwards.split("aria-label")[1].split(">", 1)[1] == backwards.split("aria-label")[1].split(">", 1)[1]
    assert ">alpha<" in forwards
    assert "var(--series-0)" in forwards


def test_files_have_real_colours(tmp_path: Path) -> None:
    lines = {"single frames": [70.0] * 3, "tubes": [71.0, 72.0, 72.2]}
    sweep_png(tmp_path / "sweep.svg", [0.1, 0.5, 1.0], lines, "alpha")
    text = (tmp_path / "sweep.svg").read_text()
    assert "var(" not in text
    assert "#2b62e3" in text
    sweep_png(tmp_path / "sweep.png", [0.1, 0.5, 1.0], lines, "alpha")
    image = cv2.imread(str(tmp_path / "sweep.png"))
    assert image is not None
    assert image.shape[1] >= 1200


def test_wrong_lengths_and_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="tubes: 1 AP for 2 values"):
        sweep_svg([0.1, 0.2], {"tubes": [1.0]}, "alpha")
    with pytest.raises(ValueError, match="tubes: 1 AP for 2 values"):
        sweep_png(tmp_path / "a.png", [0.1, 0.2], {"tubes": [1.0]}, "alpha")
    with pytest.raises(ValueError, match="ends in png, svg or pdf"):
        sweep_png(tmp_path / "a.docx", [0.1], {"tubes": [1.0]}, "alpha")
    assert list(tmp_path.iterdir()) == []
