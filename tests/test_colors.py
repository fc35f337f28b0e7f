"""The colours of tracks."""

from __future__ import annotations

import pytest

from dnt_d2.colors import contrast, ink_for, luma, track_color


def test_no_track_is_grey() -> None:
    blue, green, red = track_color(-1)
    assert max(blue, green, red) - min(blue, green, red) < 20
    assert track_color(-1) == track_color(-7)


def test_colours_are_steady_bright_and_apart() -> None:
    colours = [track_color(i) for i in range(100)]
    assert colours == [track_color(i) for i in range(100)]
    assert len(set(colours)) == 100
    assert all(0 <= channel <= 255 for colour in colours for channel in colour)
    assert min(max(colour) - min(colour) for colour in colours) > 60


def test_luma_orders_black_grey_white() -> None:
    assert luma((0, 0, 0)) < luma((128, 128, 128)) < luma((255, 255, 255))


def test_contrast_is_that_of_wcag() -> None:
    assert contrast((0, 0, 0), (0, 0, 0)) == 1
    assert contrast((0, 0, 0), (255, 255, 255)) == contrast((255, 255, 255), (0, 0, 0)) == pytest.approx(21)
    # The well-known darkest grey that is legible on white, and the first that is not.
    assert contrast((118, 118, 118), (255, 255, 255)) >= 4.5 > contrast((119, 119, 119), (255, 255, 255))
    assert contrast((255, 0, 0), (255, 255, 255)) == pytest.approx(8.59, abs=0.005)  # blue, in BGR


def test_text_is_legible_on_every_colour() -> None:
    assert min(contrast(colour, ink_for(colour)) for colour in map(track_color, range(-1, 1000))) >= 4.5
