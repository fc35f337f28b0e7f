"""Numbers of files that would become sizes and places: how large they may be."""

from __future__ import annotations

LARGEST_SIDE = 1 << 17
"""Pixels of a side of an image. JPEG ends at half of it."""

LONGEST_VIDEO = 1 << 31
"""Frames; at 30 a second they last two years. Times a number of videos it stays within 64 bits."""

LARGEST_ID = 1 << 53
"""Of tracks and the like, exclusive: up to it, numbers that were read as floats are exact. Fits into 64 bits."""


def to_float(text: str) -> float:
    """A number from a file; also one that is infinite or not a number, which is for the caller to judge.

    Raises:
        ValueError: the text is none.
    """
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{shortened(text.strip())!r} is not a number") from None


def shortened(text: str, most: int = 80) -> str:
    """A text from a file, for a message: no longer than a line."""
    return text if len(text) <= most else f"{text[:most]}..."
