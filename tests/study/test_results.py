"""dnt_d2/study/results.py: the parts of a study, and numbers over seeds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dnt_d2.study.results import CORE, MODELS, PARTS, REASONS, RETRAINED, Study, Values, parts_of_seeds


def test_without_a_folder_there_are_no_parts(tmp_path: Path) -> None:
    study = Study.read(tmp_path / "none")
    assert study.present(PARTS) == []
    assert study.class_names("minivid_val_novel") == []
    assert study.over_seeds("D", "results").seeds == (None, None, None)


def test_numbers_over_seeds() -> None:
    nothing, one, three = Values((None,) * 3), Values((4.0, None, None)), Values((1.0, 4.0, 2.5))
    assert (nothing.mean, nothing.spread, one.mean, one.spread) == (None, None, 4.0, None)
    assert (three.mean, three.spread) == (2.5, 1.5)
    assert three.minus(one).seeds == (-3.0, None, None)


def test_the_parts_are_those_that_the_study_does() -> None:
    assert dict(MODELS) == {"D": "D", "D longer": "D_longer", "D&T": "DnT"}
    assert parts_of_seeds("D", "moves")[:3] == ["seed1_D", "seed1_moves", "seed2_D"]
    assert len(CORE) == 3 * 6 + 1
    assert RETRAINED[0] == "ablation_base"
    assert len(set(PARTS)) == len(PARTS) == len(CORE) + len(RETRAINED) + 2 + len(REASONS)


def test_what_a_study_holds(trial_study: Callable[..., Path]) -> None:
    study = Study.read(trial_study(["seed2_D", "seed3_D"]))
    assert study.over_seeds("D", "results", "minivid_val_novel", "frame", "AP50").seeds == (None, 54.0, 55.0)
    assert study.of_one("seed2_D", "results", "minivid_val_novel", "frame", "AP50-car").seeds == (49.0,)
    assert study.get("seed2_D", "results", "no such set", "frame") is None
    assert study.class_names("minivid_val_novel") == ["bear", "car"]


@pytest.mark.parametrize("text", ['{"part": "another"}', "[]", "{"])
def test_files_of_others(tmp_path: Path, text: str) -> None:
    (tmp_path / "seed1_D.json").write_text(text)
    with pytest.raises(ValueError, match=r"seed1_D\.json.*remove it"):
        Study.read(tmp_path)
