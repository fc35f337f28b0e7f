"""Numbers from texts, and texts that are too long to be shown."""

from __future__ import annotations

import math

import pytest

from dnt_d2.bounded.numbers import shortened, to_float


def test_numbers() -> None:
    assert to_float(" 3.5\n") == 3.5
    assert math.isnan(to_float("nan"))
    assert to_float("-1e400") == -math.inf


@pytest.mark.parametrize(
    ("text", "shown"), [("", "''"), ("dog\n", "'dog'"), ("9" + "x" * 200, "'9" + "x" * 79 + "...'")]
)
def test_texts_that_are_none(text: str, shown: str) -> None:
    with pytest.raises(ValueError, match=f"^{shown} is not a number$"):
        to_float(text)


def test_shortened() -> None:
    assert shortened("a" * 80) == "a" * 80
    assert shortened("a" * 81, 3) == "aaa..."
