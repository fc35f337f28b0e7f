"""Reports in files: the name chooses the form, and a wrong name is found out before anything is done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dnt_d2.evaluation.report import SUFFIXES, check_suffix, to_html, to_markdown, to_text, write_report

Content = dict[str, Any]


def test_an_empty_report_in_every_form(bare_content: Content, tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        write_report(bare_content, tmp_path / "new" / f"report{suffix}")
    assert len(list((tmp_path / "new").iterdir())) == 4


def test_forms_are_those_of_their_functions(content: Content, tmp_path: Path) -> None:
    content["AP50"]["frame"]["mean"] = float("nan")
    for suffix, expected in (
        (".md", to_markdown(content)),
        (".html", to_html(content)),
        (".txt", to_text(content) + "\n"),
    ):
        write_report(content, tmp_path / f"r{suffix}")
        assert (tmp_path / f"r{suffix}").read_text(encoding="utf-8") == expected
    write_report(content, tmp_path / "r.JSON")
    read = json.loads((tmp_path / "r.JSON").read_text())
    assert read["AP50"]["frame"]["mean"] is None
    assert to_markdown(read) == to_markdown(content)  # what was written can be shown again


def test_wrong_names_and_contents_leave_nothing_behind(content: Content, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"report.pdf: give a file name that ends in one of .json, .md, .html, .txt"):
        write_report(content, tmp_path / "report.pdf")
    with pytest.raises(ValueError, match="no report"):
        write_report({}, tmp_path / "report.json")
    assert check_suffix("a/b.HTML") == ".html"
    assert list(tmp_path.iterdir()) == []
