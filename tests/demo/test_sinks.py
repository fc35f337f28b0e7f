"""A window, a progress bar; the writers are tested where they are."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest

from dnt_d2.demo.passes import Shown
from dnt_d2.demo.sinks import ProgressBar, Window, to_tracks, to_video

Make = Callable[..., Any]


class Screen:
    """OpenCV's windows, with a user who presses keys."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, keys: str) -> None:
        self.keys, self.open, self.pictures = list(keys), True, list[Any]()
        self.waits: list[int] = []
        monkeypatch.setenv("DISPLAY", ":0")
        for name in ("namedWindow", "resizeWindow"):
            monkeypatch.setattr(cv2, name, lambda *_: None)
        monkeypatch.setattr(cv2, "imshow", lambda title, picture: self.pictures.append(picture))
        monkeypatch.setattr(cv2, "waitKey", self.wait)
        monkeypatch.setattr(cv2, "getWindowProperty", lambda *_: float(self.open))
        monkeypatch.setattr(cv2, "destroyWindow", lambda title: setattr(self, "open", False))

    def wait(self, milliseconds: int) -> int:
        self.waits.append(milliseconds)
        return ord(self.keys.pop(0)) if self.keys else -1


@pytest.fixture
def one(result: Make) -> Shown:
    return Shown(np.zeros((48, 64, 3), np.uint8), Fraction(1, 5), result(3, [(1, 0, 0.9)]))


@pytest.mark.parametrize("key", ["q", "\x1b"])
def test_the_window_shows_until_a_key_stops_it(monkeypatch: pytest.MonkeyPatch, one: Shown, key: str) -> None:
    screen, stops = Screen(monkeypatch, "x" + key), list[int]()
    with Window("clip", lambda: stops.append(1)) as window:
        window(one)
        assert stops == []
        window(one)
        assert stops == [1]
    assert len(screen.pictures) == 2
    assert not screen.open


def test_closing_the_window_stops_too(monkeypatch: pytest.MonkeyPatch, one: Shown) -> None:
    screen, stops = Screen(monkeypatch, ""), list[int]()
    with Window("clip", lambda: stops.append(1)) as window:
        screen.open = False
        window(one)
    assert stops == [1]


def test_a_clip_is_shown_at_its_own_rate(monkeypatch: pytest.MonkeyPatch, one: Shown) -> None:
    screen = Screen(monkeypatch, "")
    with Window("clip", lambda: None, fps=0.5) as window:  # two seconds a frame: no machine is as slow
        window(one)
        window(one)
    first, second = screen.waits
    assert first == 1
    assert 1000 < second <= 2000


def test_without_a_screen_or_windows_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(OSError, match=r"--show: there is no screen here .* --output"):
        Window("clip", lambda: None)
    monkeypatch.setenv("DISPLAY", ":0")

    def headless(*_: Any) -> None:
        raise cv2.error("The function is not implemented")

    monkeypatch.setattr(cv2, "namedWindow", headless)
    with pytest.raises(OSError, match=r"--show: this OpenCV was built without windows; .* pip install opencv-python"):
        Window("clip", lambda: None)


def test_the_bar_begins_with_the_first_frame_and_asks_for_the_total_then(
    one: Shown, capsys: pytest.CaptureFixture[str]
) -> None:
    with ProgressBar("drawing", lambda: 3) as bar:
        assert capsys.readouterr().err == ""
        for _ in range(3):
            bar(one)
    assert "drawing: 100%" in capsys.readouterr().err


def test_video_and_tracks_get_what_they_need(one: Shown) -> None:
    written: list[tuple[Any, ...]] = []

    class Writer:
        def write(self, *arguments: Any) -> None:
            written.append(arguments)

    to_video(Writer())(one)  # type: ignore[arg-type]
    to_tracks(Writer())(one)  # type: ignore[arg-type]
    video, (index, size, boxes, *columns) = written
    assert video == (one.image, Fraction(1, 5))
    assert (index, size, boxes.tolist()) == (3, (64, 48), [[5.0, 6.0, 25.0, 30.0]])
    assert [column.tolist() for column in columns] == [[pytest.approx(0.9)], [0], [1]]
