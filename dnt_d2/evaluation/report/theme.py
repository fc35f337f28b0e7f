"""The colours of a report, by name, on light and on dark: for the page's style sheet and for its plots."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ...colors import Color, track_color

LIGHT: Mapping[str, str] = MappingProxyType(
    {
        "page": "#f6f7f9",
        "card": "#ffffff",
        "ink": "#1a2130",
        "quiet": "#5a6376",
        "hairline": "#e1e5ec",
        "band": "#f2f4f8",
        "truth": "#aeb6c4",
        "accent": "#2457d6",
        "good": "#157347",
        "bad": "#b3402a",
        "series-0": "#667085",
        "series-1": "#2b62e3",
        "series-2": "#c9811c",
        "series-3": "#12908a",
        "series-4": "#a2459b",
        "series-5": "#5f7d1e",
        "right": "#1f9d69",
        "wrong": "#dd6a4c",
    }
)
DARK: Mapping[str, str] = MappingProxyType(
    {
        "page": "#0e1218",
        "card": "#161c26",
        "ink": "#e9edf4",
        "quiet": "#9aa6ba",
        "hairline": "#2a3342",
        "band": "#1d2532",
        "truth": "#566276",
        "accent": "#85acff",
        "good": "#5fd39a",
        "bad": "#ff957d",
        "series-0": "#93a0b6",
        "series-1": "#75a2ff",
        "series-2": "#f0b455",
        "series-3": "#48cfc4",
        "series-4": "#dd8fd6",
        "series-5": "#a9cc5e",
        "right": "#4cc793",
        "wrong": "#ff8a6c",
    }
)
SERIES = sum(name.startswith("series-") for name in LIGHT)
_CONTRAST = 4.5  # of letters in the colours of tracks, as WCAG 2 defines it and asks for
_STAND_IN = "#fe{:02x}ac"
STAND_INS: Mapping[str, str] = MappingProxyType({name: _STAND_IN.format(i) for i, name in enumerate(LIGHT)})
"""A colour of its own for every name, to draw with where the page is to choose: see :func:`to_variables`."""
_TRACK = re.compile(r"#fd([0-9a-f]{2})ac")


def series(index: int) -> str:
    """The name of the colour of the index-th kind of results."""
    return f"series-{index % SERIES}"


def track_stand_in(track_id: int) -> str:
    """What a track's line is drawn with; tracks that are 256 apart share a colour."""
    return f"#fd{track_id % 256:02x}ac"


def to_variables(svg: str) -> str:
    """Put the page's CSS variables in the place of the stand-ins."""
    for name, color in STAND_INS.items():
        svg = svg.replace(color, f"var(--{name})")
    return _TRACK.sub(lambda match: f"var(--track-{int(match[1], 16)})", svg)


def track_colors(track_ids: Iterable[int]) -> tuple[dict[str, str], dict[str, str]]:
    """The colours of the lines of tracks, on light and on dark, by the name of their variable without its dashes."""
    names = {f"track-{track % 256}": track % 256 for track in track_ids}
    light = {name: _shade(track_color(track), (0, 0, 0), LIGHT["band"]) for name, track in names.items()}
    return light, {name: _shade(track_color(track), (255, 255, 255), DARK["band"]) for name, track in names.items()}


def _shade(color: Color, pole: Color, paper: str) -> str:
    """The colour (BGR), mixed with as little of the pole as makes it readable on the paper, as #rrggbb."""
    background = _luminance((int(paper[5:7], 16), int(paper[3:5], 16), int(paper[1:3], 16)))
    for percent in range(101):
        blue, green, red = ((a * (100 - percent) + b * percent) // 100 for a, b in zip(color, pole, strict=True))
        low, high = sorted((_luminance((blue, green, red)), background))
        if (high + 0.05) / (low + 0.05) >= _CONTRAST:
            break
    return f"#{red:02x}{green:02x}{blue:02x}"


def _luminance(color: Color) -> float:
    """Relative luminance of sRGB, in [0, 1], of a colour as BGR in 0..255."""
    shares = [channel / 255 for channel in color]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.0722 * linear[0] + 0.7152 * linear[1] + 0.2126 * linear[2]
