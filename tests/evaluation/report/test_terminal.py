"""The terminal: what there is as tables, what there is not as one line each."""

from __future__ import annotations

from typing import Any

from dnt_d2.evaluation.report import to_text
from dnt_d2.evaluation.report.blocks import all_blocks
from dnt_d2.evaluation.report.markdown import table

Content = dict[str, Any]


def test_an_empty_report_is_short(bare_content: Content) -> None:
    text = to_text(bare_content)
    assert "Tracks: missing, no tracks <here>" in text
    assert "COCO AP: missing, no coco <here>" in text
    assert len(text.splitlines()) < 25


def test_tables_are_those_of_markdown(content: Content) -> None:
    text = to_text(content)
    assert text.startswith("minivid_val_novel: 30 classes, 42 videos, 12,600 frames")
    for block in all_blocks(content):
        assert f"{block.title} ({block.rule})\n{table(block)}" in text
    assert not text.endswith("\n")
