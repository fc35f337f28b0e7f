"""dnt_d2/study/tables.py: each number stands where it belongs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dnt_d2.study import tables
from dnt_d2.study.claims import CLAIMS
from dnt_d2.study.results import Study

NOVEL = "minivid_val_novel"


def cells(text: str) -> list[list[str]]:
    """The rows of a table, without its heading."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]


def test_nothing_measured_is_blank() -> None:
    nothing = Study({})
    for rows in (cells(tables.headline_table(nothing)), cells(tables.paper_table(nothing))):
        assert {cell for row in rows for cell in row[2:]} == {"-"}
    assert cells(tables.claims_table(nothing, NOVEL)) == cells(tables.peers_table(nothing)) == []
    assert cells(tables.minutes_table(nothing))[0] == ["**core**", "-", "-", "0.0", "100", "so far"]


def test_headline(trial_study: Callable[..., Path]) -> None:
    study = Study.read(trial_study(["seed1_D", "seed2_D", "seed3_D", "seed3_DnT"]))
    rows = cells(tables.headline_table(study))
    assert rows[0] == ["val_novel", "D", *(f"{x} ± 1.0 ({x - 1}, {x}, {x + 1})" for x in (54.0, 62.0, 64.0))]
    assert rows[1] == ["", "D longer", "-", "-", "-"]
    assert rows[5] == ["", "D&T", "72.0", "80.0", "82.0"]
    assert cells(tables.headline_table(study, seeds=False))[0][2:] == ["54.0 ± 1.0", "62.0 ± 1.0", "64.0 ± 1.0"]


def test_claims(trial_study: Callable[..., Path]) -> None:
    rows = cells(tables.claims_table(Study.read(trial_study(["claims"])), NOVEL))
    assert [row[0] for row in rows] == [claim.name for claim in CLAIMS]
    assert rows[0][1:3] == ["+5.0 (+2.0 to +8.0)", "+6.0 (+3.0 to +9.0)"]
    assert rows[0][4:] == ["+6.0 (+4.0 to +8.0)", "+6.0 (+3.5 to +8.5)", "0.0321", "yes"]
    assert rows[-1][-1] == "no"


def test_a_claim_of_one_seed_without_objects() -> None:
    nothing = {"difference": None, "low": None, "high": None}
    claim = {"name": "x", "seeds": [nothing], "together": nothing, "seeds_drawn": nothing, "holds": False}
    study = Study({"claims": {"claims": {NOVEL: [claim | {"chance": {"together": None}}]}}})
    assert cells(tables.claims_table(study, NOVEL)) == [["x", *["-"] * 6, "no"]]


def test_rows_of_table_1(trial_study: Callable[..., Path]) -> None:
    study = Study.read(trial_study())
    rows = {row[0]: row[1:] for row in cells(tables.paper_table(study))}
    assert len(rows) == len(tables.ROWS)
    assert rows["D (R-FCN)"] == ["74.2", "54.0 ± 1.0 (53.0, 54.0, 55.0)", "-", "-"]
    assert rows["D&T (τ = 10)"] == ["78.6", "63.0 ± 1.0 (62.0, 63.0, 64.0)", "26.5 ± 0.5", "17.7 ± 0.3"]
    assert rows["the same in all frames"][1:] == ["33.0 ± 1.0 (32.0, 33.0, 34.0)", "-", "-"]
    paper = [row[0] for row in rows.values()]
    assert [x for x in paper if x[0].isdigit()] == ["74.2", "75.8", "78.6", "79.8", "78.7", "80.0", "79.2"]


def test_classes_and_speeds(trial_study: Callable[..., Path]) -> None:
    study = Study.read(trial_study())
    by_class, by_speed = (cells(make(study)) for make in (tables.class_table, tables.speed_table))
    assert by_class[0] == ["D (R-FCN)", "59.0 ± 1.0", "49.0 ± 1.0"]
    assert tables.class_table(study).splitlines()[0].split()[2:] == ["bear", "|", "car", "|"]
    assert by_speed[0] == ["D (R-FCN)", "-", "56.0 ± 1.0", "52.0 ± 1.0"]
    assert [row[0] for row in by_class] == [row[0] for row in by_speed] == [row.title for row in tables.ROWS]


def test_peers(trial_study: Callable[..., Path]) -> None:
    frames, sort = cells(tables.peers_table(Study.read(trial_study(["seed1_peers", "seed3_peers"]))))
    assert frames == ["single frames", "57.0 ± 1.0", *["-"] * 6]
    assert sort == ["SORT", "-", "32.0 ± 1.0", "40.0 ± 0.0", "−1.0 ± 0.0", "14.0 ± 0.0", "0.1, -, 0.3", "35.0 ± 0.0"]


def test_minutes(trial_study: Callable[..., Path]) -> None:
    study = Study.read(trial_study())
    core, retrained, whole, first, *_ = cells(tables.minutes_table(study))
    assert core == ["**core**", "72.0", "13.5", "85.5", "100", "yes"]
    assert retrained == ["**retrained ablations**", "52.0", "13.0", "65.0", "80", "yes"]
    assert whole == ["**all**", "164.0", "36.5", "200.5", "", ""]
    assert first == ["seed1_D", "8.0", "1.5", "9.5", "", ""]
    slow = Study({"ablation_base": {"minutes": {"training": 80.0, "evaluation": 0.1}}})
    assert cells(tables.minutes_table(slow))[1][-1] == "NO"
