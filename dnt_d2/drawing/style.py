"""Sizes in pixels that suit a picture: thin lines and small letters at 240p, larger ones in 4K."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

SHIFT = 4
"""OpenCV draws at fractions of a pixel when coordinates carry this many extra bits: boxes glide instead of jumping."""


@dataclass(frozen=True)
class Style:
    """All in pixels.

    Attributes:
        line: width of a box's side and of a trail.
        edge: width of the dark rim on each side of them, which stands out from snow as the line does from night.
        text: size of the letters, from the top of the highest to the baseline.
        pad: between the letters and the sides of their tag.
    """

    line: int
    edge: int
    text: int
    pad: int

    @property
    def rimmed(self) -> int:
        """Width of a line with its rims."""
        return self.line + 2 * self.edge


@lru_cache(maxsize=64)
def style_for(height: int, width: int) -> Style:
    """The sizes for a picture.

    Letters have at least 11 pixels: below, digits can't be told apart. A line of one pixel, between two, has no colour.
    """
    short = min(height, width)
    line, text = max(1 if short < 160 else 2, round(short / 360 + 0.5)), max(11, round(2 + short / 50))
    return Style(line, max(1, round(line / 3)), text, max(2, round(text / 4)))
