"""The pieces of a page: whatever is put into them comes out as text."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from dnt_d2.evaluation.report import markup
from dnt_d2.evaluation.report.blocks import Block

EVIL = "<script>\"'&"


class Reader(HTMLParser):
    """Which tags there are, and the text between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_empty_pieces() -> None:
    assert markup.sentence("") == ""
    assert "<tbody></tbody>" in markup.table(Block("k", "t", ""))
    assert markup.card("title") == '<article class="card"><h3>title</h3></article>'


def test_everything_is_escaped() -> None:
    block = Block("k", EVIL, EVIL, (EVIL, "n"), ((EVIL, 1.5),))
    pieces = [
        markup.missing(EVIL),
        markup.card(EVIL, rule=EVIL),
        markup.tile(EVIL, EVIL, EVIL, EVIL),
        markup.table(block),
        markup.sortable(EVIL, [EVIL], [markup.cell(EVIL)]),
    ]
    for piece in pieces:
        reader = Reader(piece)
        assert "script" not in reader.tags
        assert any(EVIL in word for word in reader.words)


def test_words_are_set() -> None:
    assert markup.sentence("area <= 3 x 3") == "Area ≤ 3 x 3."
    assert markup.sentence("Is it?") == "Is it?"


def test_cells_carry_what_they_are_sorted_by() -> None:
    assert markup.cell(None) == markup.cell(float("nan")) == '<td data-v="">–</td>'
    assert markup.cell(1234) == '<td data-v="1234">1,234</td>'
    assert markup.cell(-0.5, "−0.5", tone="bad") == '<td class="bad" data-v="-0.5">−0.5</td>'
    assert "width:100.0%" in markup.cell(130.0, bar="series-0")  # never wider than its place
    assert "width:0.0%" in markup.cell(-20.0, bar="series-0")


def test_a_missing_block_gives_its_reason() -> None:
    assert "nobody asked" in markup.table(Block("k", "t", "rule", missing="nobody asked"))


def test_without_matplotlib_the_page_says_so() -> None:
    def draw() -> str:
        raise ModuleNotFoundError("no", name="matplotlib")

    assert "dnt_d2[plots]" in markup.plot(draw)

    def other() -> str:
        raise ModuleNotFoundError("no", name="numpy")

    with pytest.raises(ModuleNotFoundError):
        markup.plot(other)
