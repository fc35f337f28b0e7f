"""Tags: a line of text on its colour at each box, where it hides neither another tag nor another object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import cv2

from ..colors import Color, ink_for
from ..geometry import FloatArray
from ..video import Frame
from .style import Style
from .text import one_line, put_text, shorten, text_width

Rect = tuple[int, int, int, int]
"""x, y, right, bottom in pixels; right and bottom are the first ones outside."""
DARK: Color = (24, 20, 18)


class Tag(NamedTuple):
    """What to write at a box.

    Attributes:
        box: (4,) x1, y1, x2, y2 in pixels.
        label: the class; shortened where it is too long.
        track: the track's number, or "".
        scores: as text, or "".
        color: BGR, of the tag.
    """

    box: FloatArray
    label: str
    track: str
    scores: str
    color: Color

    def texts(self, width: int, size: int) -> list[str]:
        """What fits into ``width`` pixels: all of it, then less where there is little room, down to the number."""
        label = one_line(self.label)
        tail = (f" {self.track}" if self.track else "") + (f"  {self.scores}" if self.scores else "")
        label = shorten(label, size, max(width - text_width(tail, size), 0))
        named = f"{label} {self.track}".strip()
        texts = [(label + tail).strip(), named, self.track]
        return [text for text in dict.fromkeys(texts) if text and text_width(text, size) <= width]


class Placed(NamedTuple):
    """A tag's text, where it goes, and its colour."""

    text: str
    rect: Rect
    color: Color


def place_tags(tags: Sequence[Tag], frame_size: tuple[int, int], style: Style) -> list[Placed]:
    """Find a place for each tag, the first ones first. No two overlap, and none leaves the picture.

    Above its box, or else inside, below, or beside it; there with less text, where all of it has no room. A tag is
    left out where nothing is free, or its box is out of the picture; so small a picture may have none.

    Args:
        tags: in the order in which they choose.
        frame_size: width and height in pixels.
        style: sizes.
    """
    width, height = frame_size
    boxes = [_inside(tag.box, frame_size) for tag in tags]
    placed: list[Placed] = []
    taken: list[Rect] = []
    for i, (tag, box) in enumerate(zip(tags, boxes, strict=True)):
        if box is None:
            continue
        others = [other for j, other in enumerate(boxes) if other is not None and j != i and other != box]
        for text in tag.texts(width // 2 - 2 * style.pad, style.text) or tag.texts(width - 2 * style.pad, style.text):
            size = text_width(text, style.text) + 2 * style.pad, tag_height(style)
            rect = _free_place(_places(box, size, frame_size, style), height, taken, others)
            if rect is not None:
                taken.append(rect)
                placed.append(Placed(text, rect, tag.color))
                break
    return placed


def draw_tag(canvas: Frame, tag: Placed, style: Style) -> None:
    """Draw a tag in place."""
    x, y, right, bottom = tag.rect
    edge = style.edge
    cv2.rectangle(canvas, (x, y), (right - 1, bottom - 1), DARK, cv2.FILLED)
    cv2.rectangle(canvas, (x + edge, y + edge), (right - 1 - edge, bottom - 1 - edge), tag.color, cv2.FILLED)
    put_text(canvas, tag.text, x + style.pad, y + edge + style.text, style.text, ink_for(tag.color))


def tag_height(style: Style) -> int:
    """Pixels of a tag from top to bottom, with its rim."""
    return round(1.3 * style.text) + 2 * style.edge


def _inside(box: FloatArray, frame_size: tuple[int, int]) -> Rect | None:
    """The part of a box that shows, in whole pixels; None if there is none."""
    (x1, y1, x2, y2), (width, height) = box.tolist(), frame_size
    left, right = max(round(min(x1, x2)), 0), min(round(max(x1, x2)) + 1, width)
    top, bottom = max(round(min(y1, y2)), 0), min(round(max(y1, y2)) + 1, height)
    return (left, top, right, bottom) if left < right and top < bottom else None


def _places(box: Rect, size: tuple[int, int], frame_size: tuple[int, int], style: Style) -> Iterator[Rect]:
    """Where a tag can go, the best place first; moved sideways into the picture."""
    (left, top, right, bottom), (width, height), half = box, size, style.rimmed // 2
    above, below, inside = top - half - height, bottom + half, top + half + 1
    start, end = left - half, right + half - width
    places = [(start, above), (start, inside), (start, below), (end, above), (end, below), (end, inside)]
    places += [(start, bottom - half - 1 - height), (right + half, top - half), (left - half - width, top - half)]
    for x, y in places:
        x = max(min(x, frame_size[0] - width), 0)
        yield x, y, x + width, y + height


def _free_place(places: Iterable[Rect], height: int, taken: Sequence[Rect], others: Sequence[Rect]) -> Rect | None:
    """The first place in a picture of this height that no tag has, if possible without an object below."""
    free: Rect | None = None
    for rect in places:
        if rect[1] < 0 or rect[3] > height or any(_overlap(rect, tag) for tag in taken):
            continue
        if not any(_hides(rect, box) for box in others):
            return rect
        free = free or rect
    return free


def _overlap(a: Rect, b: Rect) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _hides(tag: Rect, box: Rect) -> bool:
    """Whether a tag covers half of a box or more."""
    width = min(tag[2], box[2]) - max(tag[0], box[0])
    height = min(tag[3], box[3]) - max(tag[1], box[1])
    return width > 0 and height > 0 and 2 * width * height >= (box[2] - box[0]) * (box[3] - box[1])
