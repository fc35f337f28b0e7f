"""Annotations of COCO-VID JSON, one by one; tests of whole files are in test_coco_vid."""

from __future__ import annotations

from typing import Any

import pytest

from dnt_d2.formats.coco_vid_notes import image_of, note_of
from dnt_d2.formats.video_set import make_frame

CATEGORIES = {7: {"id": 7, "name": "bird", "place": 0}}
FRAME = make_frame("a.jpg", 3, (9, 9), (0, 0, 1))
ENTRY: dict[str, Any] = {"id": 5, "image_id": 3, "category_id": 7, "bbox": [1, 2, 3, 4], "instance_id": 6}


def test_an_object() -> None:
    note = note_of(ENTRY, FRAME, CATEGORIES, True, "a.json")
    assert (note["bbox"], note["category_id"], note["instance_id"]) == ([1, 2, 4, 6], 0, 6)
    assert note_of(ENTRY, FRAME, CATEGORIES, False, "a.json")["instance_id"] == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"category_id": 8}, "annotation 5 has category 8, which is not in 'categories'"),
        ({"bbox": [1, 2, 3]}, r"'bbox' is \[1, 2, 3\], not \[x, y, width, height\] of finite numbers"),
        ({"bbox": [1, 2, 3, float("inf")]}, "of finite numbers"),
        ({"bbox": [1, 2, 3, True]}, "of finite numbers"),
        ({"bbox": [1.7e308, 2, 1.7e308, 4]}, "too large a number"),
        ({"instance_id": None}, "'instance_id' is missing"),
        ({"id": None, "occluded": "x"}, r"annotation \(without id\): 'occluded' is 'x'"),
    ],
)
def test_wrong_ones(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=rf"^a\.json: .*{message}"):
        note_of(ENTRY | changes, FRAME, CATEGORIES, True, "a.json")


def test_its_image() -> None:
    images = {3: {"id": 3, "video_id": 1}}
    assert image_of(ENTRY | {"video_id": 1}, {3: FRAME}, images, "a.json") == (FRAME, images[3])
    with pytest.raises(ValueError, match="annotation 5 is of image 4, which is not in 'images'"):
        image_of(ENTRY | {"image_id": 4}, {3: FRAME}, images, "a.json")
    with pytest.raises(ValueError, match="annotation 5 is of video '1', but its image 3 is of video 1"):
        image_of(ENTRY | {"video_id": "1"}, {3: FRAME}, images, "a.json")
