"""Who takes the frames: a video, track files, a window, a progress bar. A sink is called with each frame in turn."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

import cv2
from tqdm import tqdm

from ..formats.track_files import TrackWriter
from ..video import VideoWriter
from .passes import Shown

Sink = Callable[[Shown], Any]
_ESCAPE = 27


def to_video(writer: VideoWriter) -> Sink:
    """Write the pictures, with their times."""
    return lambda shown: writer.write(shown.image, shown.time)


def to_tracks(writer: TrackWriter) -> Sink:
    """Write the tracks, with their boxes in the pixels of the source."""

    def write(shown: Shown) -> None:
        found = shown.result.instances
        height, width = found.image_size
        writer.write(
            shown.result.frame_index,
            (width, height),
            found.pred_boxes.tensor,
            found.scores,
            found.pred_classes,
            found.track_ids,
        )

    return write


class Window:
    """Shows the pictures on the screen, until the user has seen enough. A context manager.

    Args:
        title: of the window.
        stop: called when the user presses q or Esc, or closes the window.
        fps: pictures per second at most; None shows them as they come.

    Raises:
        OSError: where there is no screen, or this OpenCV can't open windows.
    """

    def __init__(self, title: str, stop: Callable[[], None], fps: float | None = None) -> None:
        self._title, self._stop, self._fps = title, stop, fps
        self._due = 0.0
        if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            raise OSError("--show: there is no screen here (DISPLAY is not set); write a file with --output")
        try:
            cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
        except cv2.error as error:
            raise OSError(
                "--show: this OpenCV was built without windows; pip uninstall opencv-python-headless, then "
                "pip install opencv-python; or write a file with --output"
            ) from error
        self._sized = False

    def __call__(self, shown: Shown) -> None:
        """Show the next picture."""
        if not self._sized:
            cv2.resizeWindow(self._title, shown.image.shape[1], shown.image.shape[0])
            self._sized = True
        cv2.imshow(self._title, shown.image)
        now = time.monotonic()
        wait = max(1, round(1000 * (self._due - now)))
        key = cv2.waitKey(wait) & 0xFF
        self._due = max(self._due, now) + (1 / self._fps if self._fps else 0.0)
        if key in (ord("q"), _ESCAPE) or cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1:
            self._stop()

    def __enter__(self) -> Window:
        return self

    def __exit__(self, *_: object) -> None:
        cv2.destroyWindow(self._title)


class ProgressBar:
    """Counts frames on the terminal, with their rate and the time left, from the first one on. A context manager.

    Args:
        name: what is going on.
        total: tells, when the first frame comes, how many there will be.
    """

    def __init__(self, name: str, total: Callable[[], int | None]) -> None:
        self._name, self._total = name, total
        self._bar: Any = None

    def __call__(self, shown: Shown) -> None:
        """Count one."""
        if self._bar is None:
            self._bar = tqdm(total=self._total(), desc=self._name, unit="frame")
        self._bar.update()

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
