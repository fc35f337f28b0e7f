"""dnt_d2/data/annotations.py: one XML file."""

from __future__ import annotations

from pathlib import Path

import pytest
from detectron2.structures import BoxMode

from dnt_d2.data.annotations import Repairs, class_ids, read_annotation
from dnt_d2.vid_classes import VID_CLASSES

DOG, BIRD, PERSON = "n02084071", "n01503061", "n00007846"
CLASSES = class_ids(VID_CLASSES)


def test_no_objects_is_no_annotations(ilsvrc_writer) -> None:
    path = ilsvrc_writer.xml("VID", "train/v/000000", (96, 64), [])
    assert read_annotation(str(path), CLASSES, Repairs()) == (96, 64, [])


def test_every_field_of_a_video_frame(ilsvrc_writer) -> None:
    path = ilsvrc_writer.xml("VID", "train/v/000000", (96, 64), [(DOG, 7, (3, 4, 50, 40)), (BIRD, 2, (0, 0, 95, 63))])
    repairs = Repairs()
    _, _, (dog, bird) = read_annotation(str(path), CLASSES, repairs)
    assert dog == {
        "bbox": [3, 4, 50, 40],
        "bbox_mode": BoxMode.XYXY_ABS,
        "category_id": VID_CLASSES.index("dog"),
        "instance_id": 7,
        "occluded": 0,
        "generated": 1,
        "iscrowd": 0,
    }
    assert (bird["instance_id"], bird["category_id"]) == (2, VID_CLASSES.index("bird"))
    assert bird["bbox"] == [0, 0, 95, 63]
    assert not repairs


def test_boxes_end_at_the_image_and_need_an_area(ilsvrc_writer) -> None:
    objects = [
        (DOG, 0, (-5, 10, 96, 64)),  # reaches out on three sides
        (DOG, 1, (100, 5, 120, 9)),  # all outside
        (DOG, 2, (8, 8, 8, 20)),  # no width
        (DOG, 3, (20, 9, 10, 20)),  # corners exchanged
    ]
    path = ilsvrc_writer.xml("VID", "train/v/000000", (96, 64), objects)
    repairs = Repairs()
    _, _, annotations = read_annotation(str(path), CLASSES, repairs)
    assert [a["bbox"] for a in annotations] == [[0, 10, 95, 63]]
    assert repairs == Repairs(clipped=1, dropped=3)
    assert "3 boxes without area" in str(repairs)


def test_a_track_has_one_box_in_a_frame(ilsvrc_writer) -> None:
    path = ilsvrc_writer.xml("VID", "train/v/000000", (96, 64), [(DOG, 4, (0, 0, 9, 9)), (DOG, 4, (20, 0, 29, 9))])
    repairs = Repairs()
    _, _, annotations = read_annotation(str(path), CLASSES, repairs)
    assert [a["bbox"][0] for a in annotations] == [0]
    assert repairs == Repairs(repeated=1)


def test_another_class_is_an_error_in_video_and_left_out_of_stills(ilsvrc_writer) -> None:
    objects = [(PERSON, 0, (0, 0, 9, 9)), (DOG, 1, (20, 0, 29, 9)), (BIRD, 2, (40, 0, 49, 9))]
    video = ilsvrc_writer.xml("VID", "train/v/000000", (96, 64), objects)
    with pytest.raises(ValueError, match=r"000000\.xml: 'n00007846' is not one of the 30 classes"):
        read_annotation(str(video), CLASSES, Repairs())
    still = ilsvrc_writer.xml("DET", "train/s", (96, 64), objects)
    repairs = Repairs()
    _, _, annotations = read_annotation(str(still), CLASSES, repairs, still=True)
    assert [a["instance_id"] for a in annotations] == [0, 1]
    assert repairs == Repairs(other_class=1)


def test_a_class_may_be_given_by_name(ilsvrc_writer) -> None:
    path = ilsvrc_writer.xml("VID", "train/v/000000", (96, 64), [("drone", 0, (0, 0, 9, 9))])
    _, _, annotations = read_annotation(str(path), class_ids(["kite", "drone"]), Repairs())
    assert annotations[0]["category_id"] == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "broken XML"),
        ("<annotation><size><width>9</width>", "broken XML"),
        ("<annotation/>", "<size/width> is missing"),
        ("<annotation><size><width>0</width><height>5</height></size></annotation>", "0 x 5"),
        (
            "<annotation><size><width>9</width><height>9</height></size>"
            "<object><name>n02084071</name><trackid>0</trackid><bndbox><xmin>two</xmin></bndbox></object></annotation>",
            "<bndbox/xmin> is 'two'",
        ),
        ("<annotation><size><width>1e9</width><height>1e9</height></size></annotation>", "1000000000 x 1000000000"),
        (
            "<annotation><size><width>1e300</width><height>9</height></size></annotation>",
            "not a whole number of 53 bits",
        ),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><annotation/>", "broken XML .it has a DTD"),
        ("<annotation><size><width>nan</width><height>9</height></size></annotation>", "'nan', not a whole number"),
        (
            "<annotation><size><width>9</width><height>9</height></size><object><name>n02084071</name>"
            "<trackid>0</trackid><bndbox><xmin>0</xmin><ymin>0</ymin><xmax>5</xmax><ymax>5</ymax></bndbox>"
            "<occluded>yes</occluded></object></annotation>",
            "<occluded> is 'yes'",
        ),
    ],
)
def test_broken_files_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "broken.xml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        read_annotation(str(path), CLASSES, Repairs())
    assert str(path) in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.xml: this annotation is missing"):
        read_annotation(str(tmp_path / "gone.xml"), CLASSES, Repairs())
