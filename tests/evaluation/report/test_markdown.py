"""Markdown: every table, its rule beside it, and names that can't break a table."""

from __future__ import annotations

from typing import Any

import pytest

from dnt_d2.evaluation.report import to_markdown
from dnt_d2.evaluation.report.facts import as_text
from dnt_d2.evaluation.report.markdown import clean, facts_line, origin_text

Content = dict[str, Any]


def test_an_empty_report_says_what_is_missing(bare_content: Content) -> None:
    page = to_markdown(bare_content)
    for key in ("speed", "size", "coco", "tracks", "recall"):
        assert f"Missing: no {key} &lt;here>." in page
    assert page.endswith("\n")
    assert facts_line(bare_content) == "1 class, 0 videos, 0 frames, 0 object boxes."


def test_every_number_and_rule_is_there(content: Content) -> None:
    page = to_markdown(content)
    for kind in content["kinds"]:
        assert as_text(content["AP50"][kind]["mean"]) in page
        assert as_text(content["coco"][kind]["APl"]) in page
        assert as_text(content["speed"]["AP50"][kind]["fast"]["mean"]) in page
        for value in content["AP50"][kind]["per_class"]:
            assert value is None or as_text(value) in page
    for rule in content["rules"].values():
        assert clean(rule) in page
    assert content["provenance"]["command"] in page
    assert "- TUBES.TOP_FRACTION: 0.5" in page


def test_tables_are_whole_whatever_the_names_are(content: Content) -> None:
    content["classes"][0] = "a|b\n<i>"
    content["titles"]["tube"] = "with | bar"
    tables = [part for part in to_markdown(content).split("\n\n") if part.startswith("|")]
    assert len(tables) == 7
    for table in tables:
        widths = {line.replace("\\|", "").count("|") for line in table.splitlines()}
        assert len(widths) == 1


def test_origins_are_words() -> None:
    assert origin_text({"torch": "2.1", "list": [1, 2]}) == "torch 2.1, list 1 2"


def test_no_report_is_refused() -> None:
    with pytest.raises(ValueError, match="no report"):
        to_markdown({"format": "something else"})
