"""Whatever videos and objects there are: COCO-VID JSON and ILSVRC's XML give back what was written."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dnt_d2.data.annotations import Repairs, class_ids, read_annotation
from dnt_d2.data.xml_table import read_content
from dnt_d2.formats import VideoSet, read_coco_vid, write_coco_vid
from dnt_d2.formats.ilsvrc_xml import XmlObject, annotation_xml
from dnt_d2.formats.video_set import make_frame, make_note

_names = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z"), exclude_characters="/\\:"), min_size=1, max_size=9)
# In quarters of a pixel, so that corners come back exactly from width and height.
_corners = st.integers(-400, 4000).map(lambda number: number / 4)
_flags = st.integers(0, 1)
_quick = settings(max_examples=25, deadline=None, derandomize=True, database=None)


@st.composite
def _videos(draw: st.DrawFn) -> VideoSet:
    lengths = draw(st.lists(st.integers(1, 3), max_size=3))
    classes = draw(st.lists(_names, min_size=1, max_size=3, unique=True))
    frames: list[dict[str, Any]] = []
    for video, length in enumerate(lengths):
        for index in range(length):
            size = draw(st.tuples(st.integers(1, 9999), st.integers(1, 9999)))
            frame = make_frame(f"v{video}/{index}.jpg", len(frames) + 5, size, (video, index, length))
            for track in draw(st.lists(st.integers(-(2**40), 2**52), max_size=3, unique=True)):
                box = tuple(draw(st.lists(_corners, min_size=4, max_size=4)))
                label, flags = draw(st.integers(0, len(classes) - 1)), draw(st.tuples(_flags, _flags, _flags))
                keys = dict(zip(("occluded", "generated", "iscrowd"), flags, strict=True))
                frame["annotations"].append(make_note(box, label, track, **keys))
            frames.append(frame)
    names = draw(st.lists(_names, min_size=len(lengths), max_size=len(lengths), unique=True))
    return VideoSet(frames, names, classes)


@_quick
@given(_videos())
def test_coco_vid(videos: VideoSet) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.json")
        write_coco_vid(videos, path, "")
        back = read_coco_vid(path)
    assert back == videos


@_quick
@given(
    st.lists(st.tuples(_names, st.lists(st.integers(0, 90), min_size=4, max_size=4), _flags, _flags), max_size=4),
    st.booleans(),
)
def test_xml(things: list[tuple[str, list[int], int, int]], still: bool) -> None:
    objects = [
        XmlObject(name, (float(a), float(b), float(a + c + 1), float(b + d + 1)), track, occluded, generated)
        for track, (name, (a, b, c, d), occluded, generated) in enumerate(things)
    ]
    classes = class_ids([item.name for item in objects])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.xml")
        path.write_text(annotation_xml("a", "b", (200, 200), objects, still=still), encoding="utf-8")
        repairs = Repairs()
        width, height, notes = read_annotation(str(path), classes, repairs, still=still)
        content = read_content(str(path))
    assert (width, height, bool(repairs)) == (200, 200, False)
    assert [note["bbox"] for note in notes] == [list(item.box) for item in objects]
    assert [note["category_id"] for note in notes] == [classes[item.name] for item in objects]
    if not still:
        assert [note["instance_id"] for note in notes] == list(range(len(objects)))
        assert [(n["occluded"], n["generated"]) for n in notes] == [(item.occluded, item.generated) for item in objects]
    assert content is not None
    assert [(thing.name, list(thing.box)) for thing in content.things] == [(i.name, list(i.box)) for i in objects]
