"""A story is made of a few words; tubes, tracks and pictures may be missing."""

from __future__ import annotations

from dnt_d2.evaluation.report import Story, to_html


def test_a_story_of_words_alone_fits_into_a_page(bare_content: dict[str, object]) -> None:
    story = Story("best", "val/<1>", 3, "single frames 1.0")
    page = to_html(bare_content, [story])
    assert "The best video: val/&lt;1&gt;" in page
    assert "<img" not in page
