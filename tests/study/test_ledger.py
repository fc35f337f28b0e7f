"""A part is finished when its file was made by the same recipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnt_d2.study.ledger import Ledger

RECIPE = {"seed": 1, "changes": ("a", 2), "start": None}


def test_nothing_is_there(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "none")
    assert ledger.read("seed1_D") is None
    assert not ledger.finished("seed1_D", RECIPE)
    assert ledger.all() == {}


def test_what_was_written_is_finished_by_its_own_recipe(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "results")
    ledger.write("seed1_D", RECIPE, {"minutes": {"training": 1.5}})
    assert ledger.finished("seed1_D", RECIPE)
    assert not ledger.finished("seed1_D", {**RECIPE, "seed": 2})
    assert not ledger.finished("seed2_D", RECIPE)
    (content,) = ledger.all().values()
    assert content["part"] == "seed1_D"
    assert content["minutes"] == {"training": 1.5}


def test_a_file_that_somebody_has_edited(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.path("claims").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"claims\.json is no JSON .*: remove it"):
        ledger.finished("claims", RECIPE)
