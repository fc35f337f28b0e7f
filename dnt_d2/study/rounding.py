"""Numbers that go to JSON: a few digits are enough to read, and to compare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def round_numbers(content: Any, digits: int = 3) -> Any:
    """A copy of plain data with every float in it rounded.

    Args:
        content: mappings, lists and tuples of floats and of anything else, which stays as it is. NumPy's floats that
            are Python's too (float64) become Python's.
        digits: behind the point.

    Returns:
        Dicts and lists. NaN and infinities stay.
    """
    if isinstance(content, Mapping):
        return {key: round_numbers(value, digits) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [round_numbers(value, digits) for value in content]
    return round(float(content), digits) if isinstance(content, float) else content
