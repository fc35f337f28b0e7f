"""The colours of a report, by name, on light and on dark: for the page's style sheet and for its plots."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ...colors import luma, track_color

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
# How bright the lines of tracks may be on light, and must be on dark, of 255.
_LIGHT_LUMA, _DARK_LUMA = 122, 150
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
    names = {f"track-{track % 256}": track for track in track_ids}
    light = {name: _shade(track, 0, _LIGHT_LUMA) for name, track in names.items()}
    return light, {name: _shade(track, _DARK_LUMA, 255) for name, track in names.items()}


def _shade(track_id: int, darkest: float, brightest: float) -> str:
    """The track's colour, mixed with black or white until its brightness is in the range, as #rrggbb."""
    color = track_color(track_id % 256)
    bright = luma(color)
    if bright > brightest:
        mixed = [channel * brightest / bright for channel in color]
    elif bright < darkest:
        share = (darkest - bright) / (255 - bright)
        mixed = [channel + share * (255 - channel) for channel in color]
    else:
        mixed = list(color)
    blue, green, red = (min(255, round(channel)) for channel in mixed)
    return f"#{red:02x}{green:02x}{blue:02x}"
