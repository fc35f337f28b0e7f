"""Text: as wide as measured, whole or shortened, also when several threads write at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from dnt_d2.drawing.text import ARROW, ELLIPSIS, one_line, put_text, shorten, text_width

TEXT = f"motorcycle 13  0.42 {ARROW} 0.87"


def written(text: str, size: int = 16) -> NDArray[np.uint8]:
    canvas = np.zeros((80, 500, 3), np.uint8)
    put_text(canvas, text, 10, 50, size, (255, 255, 255))
    return canvas


def test_no_text() -> None:
    assert text_width("", 16) == 0
    assert shorten("", 16, 0) == ""
    assert one_line(" \n\t") == ""
    assert not written("").any()


@pytest.mark.parametrize("size", [11, 16, 23])
@pytest.mark.parametrize("text", [TEXT, "gjpq 1111", "g"])
def test_text_is_where_it_was_measured(text: str, size: int) -> None:
    rows, columns = np.nonzero(written(text, size).any(2))
    assert columns.min() >= 10 - 1
    assert columns.max() - 10 == pytest.approx(text_width(text, size), abs=0.3 * size + 2)
    assert rows.min() >= 50 - size
    assert rows.max() <= 50 + 0.4 * size


def test_digits_are_equally_wide() -> None:
    assert len({text_width(f"0.{digit}{digit}", 16) for digit in range(10)}) == 1


def test_the_arrow_is_drawn() -> None:
    assert (written(ARROW) != written("?")).any()
    assert written(ARROW).any()


def test_long_text_is_shortened() -> None:
    whole = text_width("domestic cat", 16)
    assert shorten("domestic cat", 16, whole) == "domestic cat"
    shorter = shorten("domestic cat", 16, whole - 1)
    assert shorter.endswith(ELLIPSIS)
    assert "domestic cat".startswith(shorter.removesuffix(ELLIPSIS))
    assert text_width(shorter, 16) < whole
    assert shorten("domestic cat", 16, 1) == ""
    assert one_line("a\nb \t c") == "a b c"


def test_what_leaves_the_picture_is_cut_off() -> None:
    canvas = np.zeros((20, 30, 3), np.uint8)
    put_text(canvas, TEXT, -20, 15, 16, (255, 255, 255))
    put_text(canvas, TEXT, 10, 300, 16, (255, 255, 255))
    assert canvas.any()


def test_threads_write_what_one_does() -> None:
    expected = {size: written(TEXT, size) for size in (11, 16, 23, 40)}

    def wrong(first: int) -> int:
        sizes = list(expected)[first:] + list(expected)[:first]
        return sum(not np.array_equal(written(TEXT, size), expected[size]) for size in sizes * 40)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(wrong, range(4))) == 0
