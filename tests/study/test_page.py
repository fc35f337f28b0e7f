"""dnt_d2/study/page.py: the page has everything in its order, also of a study that is under way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dnt_d2.study.page import make_page
from dnt_d2.study.results import PARTS
from dnt_d2.study.sections import SECTIONS


def headings(page: str) -> list[str]:
    return [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")]


def test_nothing_measured_yet(tmp_path: Path) -> None:
    page = make_page(tmp_path / "study" / "none")
    assert page.startswith("# What tracking is worth\n")
    assert f"0 of the {len(PARTS)} parts of the study are finished; it is under way." in page
    assert headings(page) == [section.name for section in SECTIONS]
    assert page.count("(Not measured yet.)") == len(SECTIONS)
    assert "|:-" not in page
    assert "[how fast it is](speed.md), [what it survives](faults.md)" in page


def test_a_whole_study(trial_study: Callable[..., Path]) -> None:
    folder = trial_study()
    (folder / "headline.png").write_bytes(b"")
    (folder.parent / "notes.md").write_text("## By speed\n\nFast ones hop.\n")
    page = make_page(folder)
    assert f"{len(PARTS)} of the {len(PARTS)} parts of the study are finished." in page
    sections = dict(zip(headings(page), page.split("\n## ")[1:], strict=True))
    assert all(
        "(`python tools/study_minivid.py run`, 2026-01-02, x86_64, 2 cores" in text for text in sections.values()
    )
    assert "Not measured yet" not in page
    assert "\n![AP50 of single frames" in sections["The headline"]
    assert "(study/trial/headline.png)" in sections["The headline"]
    assert "claims.png" not in page  # not drawn
    assert sections["By speed"].rstrip().endswith("- The paper has no numbers by speed.\n\nFast ones hop.")


def test_a_study_under_way(trial_study: Callable[..., Path]) -> None:
    page = make_page(trial_study(["seed2_D"]))
    assert "1 of the" in page
    assert "54.0" in page
    assert "8 of 9 parts are not there yet" in page


def test_notes_without_a_table(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("## The headlines\n")
    with pytest.raises(ValueError, match="no table is called 'The headlines'"):
        make_page(tmp_path / "none")


def test_the_notes_of_the_repository_have_tables() -> None:
    folder = Path(__file__).parents[2] / "benchmarks" / "study"
    assert (folder / "notes.md").exists()
    assert make_page(folder / "none")
    assert all(section.name in " ".join((folder / "notes.md").read_text().split()) for section in SECTIONS)
