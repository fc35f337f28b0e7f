"""dnt_d2/study/ablation_tables.py: each number stands where it belongs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dnt_d2.study import ablation_tables as tables
from dnt_d2.study.design import ABLATIONS
from dnt_d2.study.results import Study


def cells(text: str) -> list[list[str]]:
    """The rows of a table, without its heading."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]


def test_nothing_measured_is_blank() -> None:
    nothing = Study({})
    assert {cell for row in cells(tables.retrained_table(nothing)) for cell in row[1:]} == {"-"}
    assert cells(tables.linking_table(nothing)) == cells(tables.strides_table(nothing)) == []
    assert cells(tables.heads_table(nothing, 1)) == []
    assert {cell for row in cells(tables.seeds_moves_table(nothing)) for cell in row[3:]} == {"-"}


def test_retrained(trial_study: Callable[..., Path]) -> None:
    rows = cells(tables.retrained_table(Study.read(trial_study(["ablation_base", "ablation_no_ohem"]))))
    assert [row[0] for row in rows] == [ablation.what for ablation in ABLATIONS]
    assert rows[0][1:] == ["52.0", "60.0", "62.0", *["2.00 (2.00 to 2.00)"] * 2]
    assert rows[-1][1:4] == ["46.0 (−6.0)", "54.0 (−6.0)", "56.0 (−6.0)"]
    assert rows[1][1:] == ["-"] * 5


def test_without_the_base_there_are_no_differences(trial_study: Callable[..., Path]) -> None:
    rows = cells(tables.retrained_table(Study.read(trial_study(["ablation_no_ohem"]))))
    assert rows[-1][1:4] == ["46.0", "54.0", "56.0"]


def test_ways_to_link(trial_study: Callable[..., Path]) -> None:
    study = Study.read(trial_study(["linking"]))
    of_seen = study.parts["linking"]["results"]["minivid_val_seen"]
    del of_seen["psi"]  # whatever one set lacks
    of_seen["tracking from proposals"] = 80.0
    rows = cells(tables.linking_table(study))
    assert rows[0] == ["single frames", "", "52.0 (−12.0)", "67.0 (−12.0)"]
    assert rows[1] == ["as it is", "", "64.0", "79.0"]
    assert rows[2] == ["psi", "1 along tracklets", "64.0", "-"]
    assert rows[3] == ["alpha", "0.1", "65.5 (+1.5)", "80.5 (+1.5)"]
    assert rows[12] == ["", "1", "61.0 (−3.0)", "76.0 (−3.0)"]
    assert rows[13:] == [["tracking from proposals", "", "-", "80.0 (+1.0)"]]


def test_strides(trial_study: Callable[..., Path]) -> None:
    rows = cells(tables.strides_table(Study.read(trial_study(["strides"]))))
    assert [row[1] for row in rows] == ["1", "2", "5", "10"] * 2
    assert rows[0] == ["every 10th frame and the last", "1", "53.8", "61.8", "63.8", "62.8"]
    assert rows[4] == ["all frames", "1", "51.0", "59.0", "61.0", "60.0"]
    assert rows[7] == ["", "10", "-", "32.0", "34.0", "33.0"]


def test_heads(trial_study: Callable[..., Path]) -> None:
    study = Study.read(trial_study(["ablation_base", "ablation_no_box_maps"]))
    rows = {row[0]: row[1:] for row in cells(tables.heads_table(study, 10))}
    summary = tables.moves_of_part(study, "ablation_base", tau=10)
    assert summary is not None
    above = tables.group_above(summary, 12)
    error = above["iou_error"]
    assert rows["**above 12**"][:3] == ["72", f"{error['no motion']:.3f}", f"{error['template matching']:.3f}"]
    assert rows["**above 12**"][3] == f"{error['track head']:.3f}: 2.00 (2.00 to 2.00)"
    assert rows["**above 12**"][4] == "-"
    assert rows["**above 12**"][5].endswith(": 1.76 (1.76 to 1.76)")
    assert next(iter(rows)) == "**all that move**"
    assert rows["48 to 64"] == ["0", "-", "-", "-", "-", "-"]
    assert "from 64" in rows


def test_ratios() -> None:
    assert tables.ratio_above(None, 4) == "-"
    assert tables.shown_ratio({"ratio": 1.5, "ratio_95": None}) == "1.50"
    assert tables.shown_ratio({"ratio": 1.5, "ratio_95": [1.234, 2.0]}) == "1.50 (1.23 to 2.00)"


def test_the_heads_of_all_seeds(trial_study: Callable[..., Path]) -> None:
    rows = cells(tables.seeds_moves_table(Study.read(trial_study(["seed2_moves"]))))
    assert rows[0] == ["1", "val_novel", "above 4", "-", "2.00 (2.00 to 2.00)", "-"]
    assert rows[-1] == ["10", "val_seen", "above 12", "-", "2.50 (2.50 to 2.50)", "-"]
    assert tables.reach_of_part(Study({}), "ablation_base") == {}
