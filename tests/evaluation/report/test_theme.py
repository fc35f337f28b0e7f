"""Colours: readable on light and on dark, and every stand-in becomes a variable of the page."""

from __future__ import annotations

import re

import pytest

from dnt_d2.evaluation.report.theme import (
    DARK,
    LIGHT,
    SERIES,
    STAND_INS,
    series,
    to_variables,
    track_colors,
    track_stand_in,
)


def luminance(color: str) -> float:
    """Relative luminance as WCAG defines it."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def test_no_tracks_no_variables() -> None:
    assert track_colors([]) == ({}, {})
    assert to_variables("no colour") == "no colour"


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_letters_and_lines_stand_out(theme: dict[str, str]) -> None:
    assert theme.keys() == LIGHT.keys()
    for paper in ("page", "card", "band"):
        for ink in ("ink", "quiet"):
            assert contrast(theme[ink], theme[paper]) >= 4.5, (ink, paper)
    for ink in ("accent", "good", "bad"):
        assert contrast(theme[ink], theme["card"]) >= 4.5, ink
    for line in (*map(series, range(SERIES)), "right", "wrong"):
        assert contrast(theme[line], theme["card"]) >= 3, line


def test_lines_of_tracks_stand_out() -> None:
    light, dark = track_colors(range(300))
    assert len(light) == len(dark) == 256
    assert min(contrast(color, LIGHT["band"]) for color in light.values()) >= 4.5
    assert min(contrast(color, DARK["band"]) for color in dark.values()) >= 4.5


def test_stand_ins_are_unlike_and_become_variables() -> None:
    tracks = [track_stand_in(i) for i in range(256)]
    assert len({*STAND_INS.values(), *tracks}) == len(STAND_INS) + 256
    text = " ".join([*STAND_INS.values(), *tracks])
    found = re.findall(r"var\(--([\w-]+)\)", to_variables(text))
    assert found == [*LIGHT, *(f"track-{i}" for i in range(256))]
    assert series(SERIES) == series(0) == "series-0"
