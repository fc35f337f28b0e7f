"""The picture of correlation maps: truth and answer are marked where they belong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from dnt_d2 import correlation_picture
from dnt_d2.correlation_maps import CorrelationMaps
from dnt_d2.correlation_picture import correlation_figure

FRAME = np.full((48, 64, 3), 90, np.uint8)
ANY: Any = None  # config and network are not looked at: what they answer is given


@pytest.fixture
def correlated(monkeypatch: pytest.MonkeyPatch) -> list[CorrelationMaps]:
    """What the layers are made to answer: the object went 16 px to the right, as conv4 says; conv3 says down."""
    values = np.random.default_rng(0).random((2, 9, 9, 3, 4)).astype(np.float32)
    values[0, 6, 4] += 2
    values[1, 4, 5] += 2
    layers = [CorrelationMaps("res3", values[0], 8, 16), CorrelationMaps("res4", values[1], 16, 16)]
    monkeypatch.setattr(correlation_picture, "correlate_frames", lambda *_: layers)
    return layers


def test_without_an_object_there_are_frames_and_arrays(correlated: list[CorrelationMaps]) -> None:
    figure = correlation_figure(ANY, ANY, FRAME, FRAME)
    assert len(figure.axes) == 2 + 2
    assert not any(axes.patches or axes.lines for axes in figure.axes)


def test_truth_and_answers_are_marked_where_they_are(correlated: list[CorrelationMaps]) -> None:
    figure = correlation_figure(ANY, ANY, FRAME, FRAME, box=(16, 16, 47, 31), move=(16.0, 0.0))
    assert len(figure.axes) == 2 + 2 + 2
    for axes, peak in zip(figure.axes[4:], [(0, 16), (16, 0)], strict=True):
        found, true = axes.lines
        assert (found.get_xdata()[0], found.get_ydata()[0]) == peak
        assert (true.get_xdata()[0], true.get_ydata()[0]) == (16, 0)
    left, right, bottom, top = figure.axes[4].images[0].get_extent()
    assert (left, right, bottom, top) == (-36, 36, 36, -36), "9 steps of 8 px"
    # Of 7 x 7 maps of 4 x 3 cells, 1 apart, the true one is the fourth down; conv3 has it 2 steps to the right.
    for axes, column in zip(figure.axes[2:4], [5, 4], strict=True):
        (frame,) = axes.patches
        assert frame.get_xy() == (column * 5 - 1, 3 * 4 - 1)
        assert (frame.get_width(), frame.get_height()) == (5, 4)
    assert len(figure.axes[0].patches) == 1
    before, after = (patch.get_xy() for patch in figure.axes[1].patches[:2])
    assert (before, after) == ((16, 16), (32, 16))


def test_a_move_beyond_the_arrays_is_not_framed(correlated: list[CorrelationMaps]) -> None:
    figure = correlation_figure(ANY, ANY, FRAME, FRAME, box=(16, 16, 47, 31), move=(32.0, 0.0), offsets=3)
    assert [len(axes.patches) for axes in figure.axes[2:4]] == [0, 1], "4 steps of conv3, 2 of conv4"


def test_it_is_drawn(correlated: list[CorrelationMaps]) -> None:
    figure = correlation_figure(ANY, ANY, FRAME, FRAME, box=(16, 16, 47, 31), move=(16.0, 0.0), title="a shift")
    figure.set_dpi(50)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    drawn = np.asarray(canvas.buffer_rgba())[..., :3].astype(int)
    assert ((abs(drawn - (0xFF, 0x3B, 0x30)).max(axis=2)) < 40).sum() > 100, "red: the truth"
    assert ((abs(drawn - (0x27, 0xC4, 0xFF)).max(axis=2)) < 60).sum() > 10, "blue: the answer"


def test_a_move_needs_a_box() -> None:
    with pytest.raises(ValueError, match="give its box"):
        correlation_figure(ANY, ANY, FRAME, FRAME, move=(1.0, 0.0))
