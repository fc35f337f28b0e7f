"""The page of faults: from records to a file, from files to Markdown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dnt_d2.soak.page import Found, faults_table, make_page, summary_table
from dnt_d2.soak.record import POINTS, Fault

FAULT = Fault("data", "a file is cut off", "an error that names it", 3000, 3000, 0, "files", 61.4, {"x": [1, "two"]})
FACTS = {"command": "tools/soak.py data", "date": "2026-01-31", "machine": "a machine", "seed": 5, "minutes": 1.0}


def test_nothing_was_run(tmp_path: Path) -> None:
    page = make_page(tmp_path)
    assert page.startswith("# What it survives")
    assert "|" not in page
    assert not Found("data", []).passed


def test_there_and_back(tmp_path: Path) -> None:
    found = Found("data", [FAULT], FACTS)
    found.write(tmp_path / "x.json")
    assert Found.read(tmp_path / "x.json") == found
    assert found.passed


def test_what_failed_stands_out() -> None:
    lines = faults_table([FAULT, replace(FAULT, survived=2999, lost=1, seconds=0.2)]).splitlines()
    words = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    assert words[0] == ["a file is cut off", "3,000", "an error that names it", "3,000", "none", "61 s"]
    assert words[1][3:] == ["**2,999**", "**1 files**", "< 1 s"]
    assert not Found("data", [FAULT, replace(FAULT, lost=1)]).passed


def test_a_summary_adds_up() -> None:
    lines = summary_table([Found("data", [FAULT, replace(FAULT, survived=2999, lost=4)]), Found("numbers", [FAULT])])
    words = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines.splitlines()[2:]]
    assert words == [
        ["Broken data", "2", "6,000", "5,999", "4 files"],
        ["Numbers that are none", "1", "3,000", "3,000", "none"],
    ]


def test_points_come_in_their_order_with_their_sources(tmp_path: Path) -> None:
    for point in reversed(POINTS):
        Found(point, [replace(FAULT, point=point)], FACTS).write(tmp_path / f"soak_{point}--2-core.json")
    (tmp_path / "correlation--2-core.json").write_text("{}")
    page = make_page(tmp_path)
    places = [page.index(f"[soak_{point}--2-core.json](results/soak_{point}--2-core.json)") for point in POINTS]
    assert places == sorted(places)
    assert page.count("`tools/soak.py data`, 2026-01-31, a machine, seed 5, 1.0 minutes") == len(POINTS)


def test_a_file_of_another_tool_is_refused(tmp_path: Path) -> None:
    (tmp_path / "soak_data--x.json").write_text('{"point": "data"}')
    with pytest.raises(ValueError, match=r"soak_data--x\.json: not a file that tools/soak\.py wrote"):
        make_page(tmp_path)
