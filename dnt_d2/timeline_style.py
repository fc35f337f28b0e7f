"""The colours of a tube timeline: on white paper, or whatever a page asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .colors import luma, track_color

Rgb = tuple[float, float, float]
# The brightest that areas, and lines and letters, may be on white paper, of 255.
_AREA_LUMA, _LINE_LUMA = 173, 122


def paper_line(track_id: int) -> Rgb:
    """The colour of a track for lines and letters on white paper, in [0, 1]."""
    return _darken(track_id, _LINE_LUMA)


def paper_area(track_id: int) -> Rgb:
    """The colour of a track for areas on white paper, in [0, 1]."""
    return _darken(track_id, _AREA_LUMA)


def _darken(track_id: int, max_luma: float) -> Rgb:
    blue, green, red = color = track_color(track_id)
    factor = min(1.0, max_luma / luma(color)) / 255
    return red * factor, green * factor, blue * factor


@dataclass(frozen=True)
class TimelineStyle:
    """The colours of a timeline, as matplotlib has them; the default is white paper.

    Attributes:
        ink: of names, and of the scores of single frames.
        quiet: of the axis.
        hairline: of the grid.
        band: behind a class.
        truth: of ground truth.
        paper: behind it all.
        line: from the number of a track to the colour of its line and letters.
        area: from the number of a track to the colour of its ridge, RGB in [0, 1]: ridges are pictures.
    """

    ink: str = "#1f2430"
    quiet: str = "#7b8394"
    hairline: str = "#dfe3ea"
    band: str = "#f5f6f9"
    truth: str = "#c3c8d2"
    paper: str = "white"
    line: Callable[[int], str | Rgb] = paper_line
    area: Callable[[int], Rgb] = paper_area
