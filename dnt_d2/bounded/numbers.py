"""Numbers of files that would become sizes and places: how large they may be."""

from __future__ import annotations

LARGEST_SIDE = 1 << 17
"""Pixels of a side of an image. JPEG ends at half of it."""

LONGEST_VIDEO = 1 << 31
"""Frames; at 30 a second they last two years. Times a number of videos it stays within 64 bits."""

LARGEST_ID = 1 << 53
"""Of tracks and the like, exclusive: up to it, numbers that were read as floats are exact. Fits into 64 bits."""


def shortened(text: str, most: int = 80) -> str:
    """A text from a file, for a message: no longer than a line."""
    return text if len(text) <= most else f"{text[:most]}..."
