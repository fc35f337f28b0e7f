"""dnt_d2/formats/track_forms.py: what each format of tracks writes."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from dnt_d2.formats.results import Detections
from dnt_d2.formats.track_forms import FORMS, VideoHead

HEAD = VideoHead("clip", ["dog", "cat"], 12.5)
NONE = Detections.of([], [], [], [])


def boxes(index: int, count: int = 2, track: int = 5) -> Detections:
    corners = np.arange(4 * count).reshape(count, 4) + np.array([0, 0, 2, 2.5])
    return Detections.of([index] * count, [1] * count, corners, [0.25] * count, np.arange(count) + track)


def text(name: str, frames: list[tuple[tuple[int, int], int, Detections]]) -> str:
    form = FORMS[name](HEAD)
    middle = "".join(form.frame(*frame)[0] for frame in frames)
    return form.start + middle + "".join(form.end(len(frames)))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mot", ""),
        ("ilsvrc", ""),
        ("csv", "video,frame,class,track,score,x1,y1,x2,y2\n"),
        ("coco", "[\n]\n"),
        (
            "coco_vid",
            '{"annotations": [\n],\n"images": [\n],\n"videos": [{"id": 1, "name": "clip", "length": 0, "fps": 12.5}],\n'
            '"categories": [{"id": 1, "name": "dog"}, {"id": 2, "name": "cat"}]\n}\n',
        ),
    ],
)
def test_nothing(name: str, expected: str) -> None:
    assert text(name, []) == expected
    if name != "coco_vid":
        assert text(name, [((9, 8), 0, NONE), ((9, 8), 1, NONE)]) == expected


@pytest.mark.parametrize("name", ["coco", "coco_vid"])
@pytest.mark.parametrize("counts", [[0, 0], [0, 2, 0, 1], [1, 0], [3]])
def test_entries_are_parted_by_commas(name: str, counts: list[int]) -> None:
    content = json.loads(text(name, [((9, 8), i, boxes(i, count)) for i, count in enumerate(counts)]))
    entries: list[Any] = content if name == "coco" else content["annotations"]
    assert [entry["image_id"] for entry in entries] == np.repeat(np.arange(len(counts)) + 1, counts).tolist()
    if name == "coco_vid":
        assert [entry["id"] for entry in entries] == list(range(1, sum(counts) + 1))


def test_images_of_any_size_and_place() -> None:
    frames = [((9, 8), 0), ((9, 8), 1), ((9, 8), 3), ((8, 9), 4), ((8, 9), 5), ((9, 8), 6)]
    content = json.loads(text("coco_vid", [(size, index, NONE) for size, index in frames]))
    assert [((x["width"], x["height"]), x["frame_id"]) for x in content["images"]] == frames
    assert [x["id"] for x in content["images"]] == [1, 2, 4, 5, 6, 7]
    assert content["images"][2]["file_name"] == "clip/000004.jpg"
    assert content["videos"][0]["length"] == 7


@pytest.mark.parametrize("name", sorted(FORMS))
def test_the_end_is_as_long_as_was_said(name: str) -> None:
    form = FORMS[name](VideoHead("größer", ["ä", "b"]))
    said = form.end_size
    for index in [*range(12), 10**9]:
        said += form.frame((1000, 9), index, boxes(index, index % 3))[1]
        length = len("".join(form.end(13)).encode())
        assert length <= said <= length + 30
    shorter = "".join(form.end(12))  # without a frame that was not written after all
    assert "1000000001.jpg" not in shorter
    if name == "coco_vid":
        assert len(json.loads(form.start + shorter)["images"]) == 12


def test_what_a_format_can_not_hold() -> None:
    untracked = boxes(3, track=-1)
    for name, form in FORMS.items():
        if name == "mot":
            with pytest.raises(ValueError, match="box 0: it has no track, but MOT holds tracks only"):
                form(HEAD).check(untracked, lambda row: f"box {row}")
        else:
            form(HEAD).check(untracked, str)
        form(HEAD).check(boxes(3), str)
        twins = VideoHead("clip", ["dog", "dog"])
        if name in ("csv", "coco_vid"):
            with pytest.raises(ValueError, match=r"two classes named 'dog', which (CSV|COCO-VID) can't tell apart"):
                form(twins)
        else:
            form(twins)
    entries = json.loads(text("coco_vid", [((9, 8), 3, untracked)]))["annotations"]
    assert [set(entries[1]) - set(entry) for entry in entries] == [{"instance_id", "track_id"}, set()]
