"""One steady colour per track, shared by videos and plots."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

Color = tuple[int, int, int]

_GREY: Color = (205, 198, 192)
_GOLDEN_RATIO = (math.sqrt(5) - 1) / 2
# From OKLab to the responses of the eye's cones (before cubing), and from there to linear sRGB.
_LAB_TO_LMS = np.array([[1, 0.396338, 0.215804], [1, -0.105561, -0.063854], [1, -0.089484, -1.291486]])
_LMS_TO_RGB = np.array(
    [[4.076742, -3.307712, 0.230970], [-1.268438, 2.609757, -0.341319], [-0.004196, -0.703419, 1.707615]]
)


@lru_cache(maxsize=4096)
def track_color(track_id: int) -> Color:
    """The colour of a track, BGR in 0..255, the same in every picture of this package.

    Hues go round in golden angles and lightness in threes, in OKLCH, where equal steps look equal: neighbouring
    numbers are far apart, and so are those that come near in hue.

    Args:
        track_id: 0 or more; a negative one means "no track" and is grey.
    """
    if track_id < 0:
        return _GREY
    lightness, chroma = ((0.60, 0.20), (0.85, 0.15), (0.74, 0.17))[track_id % 3]
    hue = 2 * math.pi * ((0.025 + track_id * _GOLDEN_RATIO) % 1)
    return _oklch_to_bgr(lightness, chroma, hue)


def contrast(first: Color, second: Color) -> float:
    """The contrast of two BGR colours by the rule of WCAG 2: 1 for equal ones, 21 for black and white.

    Text is taken to be legible from 4.5 on.
    """
    brighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@lru_cache(maxsize=4096)
def ink_for(color: Color) -> Color:
    """Black or white, whichever reads better on a colour."""
    black, white = (0, 0, 0), (255, 255, 255)
    return black if contrast(color, black) >= contrast(color, white) else white


def luma(color: Color) -> float:
    """How bright a BGR colour looks, 0..255."""
    return 0.114 * color[0] + 0.587 * color[1] + 0.299 * color[2]


def _oklch_to_bgr(lightness: float, chroma: float, hue: float) -> Color:
    lab = (lightness, chroma * math.cos(hue), chroma * math.sin(hue))
    linear = np.clip(_LMS_TO_RGB @ (_LAB_TO_LMS @ lab) ** 3, 0, 1)
    red, green, blue = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return round(255 * blue), round(255 * green), round(255 * red)


def _luminance(color: Color) -> float:
    """Relative luminance of sRGB, 0..1."""
    shares = [value / 255 for value in color]
    blue, green, red = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in shares)
    return 0.0722 * blue + 0.7152 * green + 0.2126 * red
