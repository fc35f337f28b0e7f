"""The colours of timelines: dark enough for white paper, and others where a page asks for them."""

from __future__ import annotations

import pytest

from dnt_d2.colors import luma, track_color
from dnt_d2.timeline_style import Rgb, TimelineStyle, paper_area, paper_line


def brightness(color: Rgb) -> float:
    return 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]


def test_lines_are_darkened_more_than_areas_and_hues_are_kept() -> None:
    for track_id in range(-1, 60):
        line, area, given = paper_line(track_id), paper_area(track_id), track_color(track_id)
        assert brightness(line) <= 122 / 255 + 1e-9
        assert brightness(line) - 1e-9 <= brightness(area) <= 173 / 255 + 1e-9
        factor = min(1, 173 / luma(given)) / 255
        assert area == pytest.approx([channel * factor for channel in reversed(given)])  # BGR


def test_every_colour_can_be_given() -> None:
    style = TimelineStyle(ink="#010101", line=lambda track: f"#0000{track:02x}")
    assert style.line(7) == "#000007"
    assert style.area is paper_area
