"""dnt_d2/study/notes.py: sections of a Markdown file, by the names of tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnt_d2.study.notes import read_notes


def test_without_a_file_or_a_section_there_are_no_notes(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    assert read_notes(path, ["a"]) == {}
    path.write_text("Only words for those who write.\n")
    assert read_notes(path, ["a"]) == {}


def test_sections(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text(
        "# Notes\nHow to.\n\n## The claims \n\nOne: 2 ± 1.\n\n### Below\nTwo ## three.\n## a\n", encoding="utf-8"
    )
    assert read_notes(path, ["a", "The claims"]) == {"The claims": "One: 2 ± 1.\n\n### Below\nTwo ## three.", "a": ""}


@pytest.mark.parametrize(
    ("text", "message"), [("## b\n", "called 'b'.*one of: a, c"), ("## a\n## a\n", "two sections")]
)
def test_names_that_are_wrong(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "notes.md").write_text(text)
    with pytest.raises(ValueError, match=rf"notes\.md: .*{message}"):
        read_notes(tmp_path / "notes.md", ["a", "c"])
