"""dnt_d2/study/cells.py: numbers as people read them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dnt_d2.study.cells import (
    change,
    interval,
    number,
    signed,
    signed_with_seeds,
    source,
    table,
    with_seeds,
    with_spread,
)
from dnt_d2.study.results import PARTS, Study, Values


def test_what_is_not_known() -> None:
    nothing = Values((None, None, None))
    assert {number(None), signed(None), with_spread(nothing), with_seeds(nothing), change(None, 3.0)} == {"-"}
    assert table(("a", "b"), []).splitlines()[0].split() == ["|", "a", "|", "b", "|"]


def test_signs() -> None:
    assert [number(-1.25, 2), number(1234.5), number(-0.04)] == ["−1.25", "1,234.5", "0.0"]
    assert [signed(2.0), signed(-0.04), interval(-1, 2.06)] == ["+2.0", "+0.0", "−1.0 to +2.1"]
    assert [change(3.0, 5.0), change(5.0, 5.0), change(5.0, None)] == ["3.0 (−2.0)", "5.0", "5.0"]


def test_seeds() -> None:
    assert with_seeds(Values((1.0, 4.0, 2.5))) == "2.5 ± 1.5 (1.0, 4.0, 2.5)"
    assert with_seeds(Values((1.0, None, 2.0))) == "1.5 ± 0.5 (1.0, -, 2.0)"
    assert signed_with_seeds(Values((1.0, None, -2.0))) == "−0.5 (+1.0, -, −2.0)"
    assert signed_with_seeds(Values((None, None))) == "- (-, -)"
    assert with_seeds(Values((1.0, None, None))) == with_spread(Values((1.0,))) == "1.0"


def test_columns_are_aligned() -> None:
    lines = table(("a", "b", "c"), [["x", "y", "1"]], left=2).splitlines()
    assert [cell.strip("-") for cell in lines[1].strip("|").split("|")] == [":", ":", ":"]
    assert lines[1].startswith("|:-")
    assert lines[1].endswith("-:|")


def test_where_numbers_come_from(trial_study: Callable[..., Path]) -> None:
    folder = trial_study(["seed1_D", "seed2_D", "ablation_base", "claims"])
    study = Study.read(folder)
    assert source(study, ["linking"], "here") == "(Not measured yet.)\n"
    facts = "(`python tools/study_minivid.py run`, 2026-01-02, x86_64, 2 cores"
    assert source(study, ["claims"], "here") == f"{facts}; [claims.json](here/claims.json).)\n"
    several = source(study, ["seed1_D", "seed2_D", "seed3_D", "ablation_base"], "here")
    files = "`seed*_D.json`, `ablation_*.json` in [here](here)"
    assert several == f"{facts}, seeds 1, 2; {files}; 1 of 4 parts are not there yet.)\n"
    assert source(study, ["claims", "seed1_D"], "here").startswith(f"{facts}; `claims.json`, `seed*_D.json`")
    third = Study({**study.parts, "seed3_D": {**study.parts["seed2_D"], "seed": 3}})
    assert source(third, ["claims", "seed1_D", "seed2_D", "seed3_D"], "here").startswith(f"{facts}, seeds 1, 2, 3; ")
    other_day = Study({**study.parts, "seed2_D": {**study.parts["seed2_D"], "date": "2026-01-04", "machine": "arm"}})
    assert "2026-01-02 to 2026-01-04, arm, x86_64, 2 cores" in source(other_day, PARTS, "here")
