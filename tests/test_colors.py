"""The colours of tracks."""

from __future__ import annotations

from dnt_d2.colors import luma, track_color


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
