"""Text in pictures, with OpenCV alone.

OpenCV 5 brings a font with smooth letters of every script; OpenCV 4 draws the strokes of a plotter, ASCII only.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any

import cv2

from ..colors import Color
from ..video import Frame

_HAS_FONTS = hasattr(cv2, "FontFace")
ARROW, ELLIPSIS = ("→", "…") if _HAS_FONTS else ("->", "..")
_HERSHEY, _WEIGHT = cv2.FONT_HERSHEY_SIMPLEX, 500
_ZEROS = str.maketrans("123456789", "000000000")  # all digits are equally wide, and few texts are measured
# OpenCV 5 keeps drawn letters in a store that all threads share unguarded: two that draw at once mix up their letters.
_LOCK = threading.Lock()


def text_width(text: str, size: int) -> int:
    """Pixels from the beginning to the end of a line of text, ``size`` as in :class:`~dnt_d2.drawing.style.Style`."""
    return _width(text.translate(_ZEROS), size) if text else 0


@lru_cache(maxsize=4096)
def _width(text: str, size: int) -> int:
    with _LOCK:
        if _HAS_FONTS:
            return int(_cv2().getTextSize((0, 0), text, (0, 0), _font(), size, _WEIGHT)[2])
        return int(cv2.getTextSize(text, _HERSHEY, _scale(size), _thickness(size))[0][0])


def put_text(canvas: Frame, text: str, x: int, baseline: int, size: int, color: Color) -> None:
    """Write one line into a picture, in place; what leaves the picture is cut off.

    Args:
        canvas: BGR uint8 (H, W, 3).
        text: OpenCV 4 draws a "?" for each byte beyond ASCII.
        x, baseline: of the first letter.
        size: in pixels, as in :class:`~dnt_d2.drawing.style.Style`.
        color: BGR, 0..255.
    """
    with _LOCK:
        if _HAS_FONTS:
            _cv2().putText(canvas, text, (x, baseline), color, _font(), size, _WEIGHT)
        else:
            cv2.putText(canvas, text, (x, baseline), _HERSHEY, _scale(size), color, _thickness(size), cv2.LINE_AA)


def one_line(text: str) -> str:
    """The text without line breaks and other white space than single blanks."""
    return " ".join(text.split())


def shorten(text: str, size: int, width: int) -> str:
    """The text, or as much of its beginning as fits into ``width`` pixels, with an ellipsis; "" if nothing does."""
    if text_width(text, size) <= width:
        return text
    for end in range(len(text) - 1, 0, -1):
        shorter = text[:end].rstrip() + ELLIPSIS
        if text_width(shorter, size) <= width:
            return shorter
    return ""


def _cv2() -> Any:
    return cv2  # the stubs of OpenCV know the functions of one of its versions


@lru_cache(maxsize=1)
def _font() -> Any:
    return _cv2().FontFace("sans")


@lru_cache(maxsize=64)
def _scale(size: int) -> float:
    return float(cv2.getFontScaleFromHeight(_HERSHEY, round(0.75 * size), 1))


def _thickness(size: int) -> int:
    return max(1, round(size / 20))
