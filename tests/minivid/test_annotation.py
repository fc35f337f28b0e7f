"""The XML, character by character."""

from __future__ import annotations

from dnt_d2.minivid.annotation import still_xml, video_xml
from dnt_d2.minivid.rendering import ObjectBox
from dnt_d2.minivid.settings import MiniVIDSettings


def test_a_frame_without_objects() -> None:
    assert video_xml("ILSVRC2015_val_00000001", 7, (320, 240), [], MiniVIDSettings()) == (
        "<annotation>\n\t<folder>ILSVRC2015_val_00000001</folder>\n\t<filename>000007</filename>\n\t<source>\n"
        "\t\t<database>ILSVRC_2015</database>\n\t</source>\n\t<size>\n\t\t<width>320</width>\n\t\t<height>240</height>\n"
        "\t</size>\n</annotation>\n"
    )


def test_an_object_of_a_video() -> None:
    text = video_xml("f", 0, (320, 240), [ObjectBox(2, "zebra", (1, 2, 30, 40), 0.6)], MiniVIDSettings())
    lines = [line.strip() for line in text.splitlines()]
    start = lines.index("<object>")
    assert lines[start : start + 12] == [
        "<object>",
        "<trackid>2</trackid>",
        "<name>n02391049</name>",
        "<bndbox>",
        "<xmax>30</xmax>",
        "<xmin>1</xmin>",
        "<ymax>40</ymax>",
        "<ymin>2</ymin>",
        "</bndbox>",
        "<occluded>1</occluded>",
        "<generated>0</generated>",
        "</object>",
    ]


def test_occluded_and_generated_follow_the_visible_share() -> None:
    flags = []
    for visible in (0.9, 0.6, 0.3):
        text = video_xml("f", 0, (320, 240), [ObjectBox(0, "car", (0, 0, 9, 9), visible)], MiniVIDSettings())
        flags.append(("<occluded>1" in text, "<generated>1" in text))
    assert flags == [(False, False), (True, False), (True, True)]


def test_a_still_has_no_tracks() -> None:
    text = still_xml(
        "ILSVRC2014_train_0000", "ILSVRC2014_train_00000003", (320, 240), [ObjectBox(0, "car", (5, 6, 7, 8), 1.0)]
    )
    assert "<filename>ILSVRC2014_train_00000003</filename>" in text
    assert "<database>ILSVRC_2014</database>" in text
    assert "trackid" not in text
    assert "generated" not in text
    order = [text.index(f"<{corner}>") for corner in ("xmin", "xmax", "ymin", "ymax")]
    assert order == sorted(order)
