"""Tags: inside the picture, apart from each other, with less text before they are left out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dnt_d2.colors import track_color
from dnt_d2.drawing.style import style_for
from dnt_d2.drawing.tags import Placed, Tag, draw_tag, place_tags, tag_height
from dnt_d2.drawing.text import text_width

SCORES = "0.42 > 0.87"


def make_tag(box: object, track: int = 3, label: str = "motorcycle") -> Tag:
    return Tag(np.asarray(box, np.float64), label, str(track), SCORES, track_color(track))


def place(boxes: object, height: int = 480, width: int = 854, label: str = "motorcycle") -> list[Placed]:
    tags = [make_tag(box, i, label) for i, box in enumerate(np.asarray(boxes, np.float64).reshape(-1, 4))]
    return place_tags(tags, (width, height), style_for(height, width))


def check(placed: list[Placed], height: int, width: int) -> None:
    for tag in placed:
        x, y, right, bottom = tag.rect
        assert 0 <= x < right <= width
        assert 0 <= y < bottom <= height
    for (a, b, c, d), (e, f, g, h) in itertools.combinations([tag.rect for tag in placed], 2):
        assert min(c, g) <= max(a, e) or min(d, h) <= max(b, f)


def test_no_tags() -> None:
    assert place([]) == []


@pytest.mark.parametrize("size", [(240, 426), (480, 854), (2160, 3840), (1280, 720)])
def test_a_tag_at_each_border_and_corner_is_whole(size: tuple[int, int]) -> None:
    height, width = size
    centres = np.array([(x, y) for x in (0, width / 2, width) for y in (0, height / 2, height)])
    for half in (2, height / 20):
        boxes = np.hstack([centres - half, centres + half])
        alone = [place(box, *size) for box in boxes]
        assert [tag.text for placed in alone for tag in placed] == [f"motorcycle 0  {SCORES}"] * 9
        for placed in alone:
            check(placed, *size)
        together = place(boxes, *size)
        assert len(together) == 9
        check(together, *size)


def test_a_crowd_does_not_overlap() -> None:
    rng = np.random.default_rng(0)
    centres = rng.uniform(0, 1, (80, 2)) * (854, 480)
    half = rng.uniform(4, 60, (80, 2))
    placed = place(np.hstack([centres - half, centres + half]))
    check(placed, 480, 854)
    assert len(placed) > 60
    assert any(tag.text.isdigit() for tag in placed)


def test_equal_boxes_have_all_their_tags() -> None:
    placed = place([[300, 200, 400, 300]] * 5)
    assert [tag.text for tag in placed] == [f"motorcycle {i}  {SCORES}" for i in range(5)]
    check(placed, 480, 854)


def test_a_small_object_is_not_hidden_by_its_neighbours_tag() -> None:
    small = [310, 180, 330, 195]
    (tag, _) = place([[300, 200, 400, 300], small])
    assert tag.rect[1] >= 200
    (tag,) = place([[300, 200, 400, 300]])
    assert tag.rect[3] <= 200


def test_long_names_are_shortened_and_numbers_kept() -> None:
    name = "a very long name of a class that does not end"
    (tag,) = place([[300, 200, 400, 300]], 240, 426, name)
    assert tag.text.endswith(f" 0  {SCORES}")
    assert tag.rect[2] - tag.rect[0] <= 213
    assert tag.text.startswith("a ver")


def test_out_of_the_picture_and_too_small_a_picture() -> None:
    assert place([[900, 10, 950, 20], [-50, -50, -1, -1]]) == []
    assert place([[0, 0, 5, 5]], 8, 12) == []
    assert [tag.text for tag in place([[0, 0, 5, 5]], 60, 40)] == ["0"]


def test_a_drawn_tag_fills_its_place_alone() -> None:
    style = style_for(480, 854)
    canvas = np.full((60, 300, 3), 128, np.uint8)
    width = text_width("car 3", style.text) + 2 * style.pad
    draw_tag(canvas, Placed("car 3", (20, 10, 20 + width, 10 + tag_height(style)), track_color(3)), style)
    rows, columns = np.nonzero((canvas != 128).any(2))
    assert (rows.min(), rows.max() + 1) == (10, 10 + tag_height(style))
    assert (columns.min(), columns.max() + 1) == (20, 20 + width)
    inside = canvas[10 : 10 + tag_height(style), 20 : 20 + width]
    assert 0.4 < (inside == track_color(3)).all(2).mean() < 0.95
