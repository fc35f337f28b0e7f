"""dnt_d2/data/own_videos.py: COCO-VID JSON and MOT folders give the same dicts as ILSVRC's XML."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from detectron2.structures import BoxMode

from dnt_d2.data.conversion import image_folder, read_video_set
from dnt_d2.data.imagenet_vid import load_det, load_vid
from dnt_d2.data.own_videos import OwnRepairs, as_dicts, load_coco_vid, load_mot
from dnt_d2.faults import Leniency
from dnt_d2.formats import VideoSet, write_coco_vid, write_mot
from dnt_d2.formats.video_set import make_frame, make_note
from dnt_d2.minivid import MiniVIDSettings, write_dataset
from dnt_d2.vid_classes import VID_CLASSES

Dicts = list[dict[str, Any]]


@pytest.fixture(scope="module")
def minivid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn MiniVID with its validation videos as val.json and as MOT folders, its stills as det.json."""
    root = tmp_path_factory.mktemp("own")
    settings = MiniVIDSettings(
        seed=5,
        train_videos=1,
        train_frames=3,
        stills=6,
        val_seen_videos=3,
        val_novel_videos=1,
        val_frames=8,
        frame_sizes=((160, 120), (176, 120)),
        classes=("bird", "car", "zebra"),
    )
    write_dataset(root / "minivid", settings, "drawn", progress=False)
    source = str(root / "minivid")
    videos = read_video_set(source, "ilsvrc_vid", lists=["val"])
    write_coco_vid(videos, root / "val.json", image_folder(source, "ilsvrc_vid"))
    write_mot(videos, root / "mot", "val")
    stills = read_video_set(source, "ilsvrc_det", lists=["train"])
    write_coco_vid(stills, root / "det.json", image_folder(source, "ilsvrc_det"))
    return root


def check_kinds(found: Dicts, expected: Dicts) -> None:
    """Not only equal (0 == False == 0.0): of the same types, in the same keys."""
    for a, b in zip(found, expected, strict=True):
        assert {key: type(value) for key, value in a.items()} == {key: type(value) for key, value in b.items()}
        for x, y in zip(a["annotations"], b["annotations"], strict=True):
            assert {key: type(value) for key, value in x.items()} == {key: type(value) for key, value in y.items()}
            assert [type(value) for value in x["bbox"]] == [type(value) for value in y["bbox"]]


def test_coco_vid_gives_the_dicts_of_the_xml(minivid: Path) -> None:
    expected = load_vid(str(minivid / "minivid"), "val")
    found = load_coco_vid(str(minivid / "val.json"), VID_CLASSES, str(minivid / "minivid/Data/VID"))
    assert sum(len(d["annotations"]) for d in expected) > 32
    assert {a["occluded"] for d in expected for a in d["annotations"]} == {0, 1}
    assert found == expected
    check_kinds(found, expected)


def test_mot_gives_the_dicts_of_the_xml_but_for_what_it_cannot_hold(minivid: Path) -> None:
    expected = list(load_vid(str(minivid / "minivid"), "val"))
    found = load_mot(str(minivid / "mot"), VID_CLASSES, "val")
    check_kinds(found, expected)
    assert any(a["generated"] for d in expected for a in d["annotations"])
    for a, b in zip(found, expected, strict=True):
        assert Path(a.pop("file_name")).samefile(b.pop("file_name"))
        for note in b["annotations"]:
            note["generated"] = 0
    # Ids of images count from 1 in MOT, and do so in val.txt.
    assert found == expected


def test_stills_give_the_dicts_of_det(minivid: Path) -> None:
    expected = load_det(str(minivid / "minivid"), "train")
    images = str(minivid / "minivid/Data/DET")
    found = load_coco_vid(str(minivid / "det.json"), VID_CLASSES, images, kind="still")
    assert found == expected
    check_kinds(found, expected)
    # With fewer classes too: other objects are left out, then images without any.
    few = load_coco_vid(str(minivid / "det.json"), ["zebra"], images, kind="still")
    assert few == load_det(str(minivid / "minivid"), "train", ["zebra"])
    assert 0 < len(few) < len(expected)
    # But to test on, a still without objects counts.
    options: dict[str, Any] = {"kind": "still", "keep_empty": True}
    every = load_coco_vid(str(minivid / "det.json"), ["zebra"], images, **options)
    assert every == load_det(str(minivid / "minivid"), "train", ["zebra"], keep_empty=True)
    assert len(every) == len(expected)


def test_classes_are_ordered_by_the_data_set_not_by_the_file(minivid: Path) -> None:
    classes = ["zebra", "car", "bird", *sorted(set(VID_CLASSES) - {"zebra", "car", "bird"})]
    expected = load_vid(str(minivid / "minivid"), "val", classes)
    assert load_coco_vid(str(minivid / "val.json"), classes, str(minivid / "minivid/Data/VID")) == expected
    found = load_mot(str(minivid / "mot"), classes)
    assert [[a["category_id"] for a in d["annotations"]] for d in found] == [
        [a["category_id"] for a in d["annotations"]] for d in expected
    ]


def test_paths_are_expanded(minivid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DETECTRON2_DATASETS", str(minivid))
    monkeypatch.setenv("HOME", str(minivid))
    count = 4 * 8
    first = load_coco_vid("$DETECTRON2_DATASETS/val.json", VID_CLASSES, "~/minivid/Data/VID")
    assert len(first) == count
    assert Path(first[0]["file_name"]).is_file()
    assert len(load_mot("~/mot", VID_CLASSES)) == count
    # By default images lie beside the JSON.
    assert load_coco_vid("~/val.json", VID_CLASSES)[0]["file_name"].startswith(f"{minivid}/val/")


def frames(*notes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    made = [make_frame(f"{t}.jpg", t + 1, (40, 30), (0, t, len(notes))) for t in range(len(notes))]
    for frame, own in zip(made, notes, strict=True):
        frame["annotations"] = own
    return made


def test_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert as_dicts(VideoSet(class_names=["a"]), ["a"], "x.json") == []
    (frame,) = as_dicts(VideoSet(frames([]), ["v"], ["a"]), ["a"], "x.json")
    assert frame["annotations"] == []
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_repairs(caplog: pytest.LogCaptureFixture) -> None:
    nan = float("nan")
    notes = [
        make_note((30.0, -4.0, 50.0, 9.0), 0, 1),  # reaches out
        make_note((45.0, 1.0, 60.0, 9.0), 0, 2),  # is outside
        make_note((5.0, 1.0, 5.0, 9.0), 0, 3),  # has no area
        make_note((5.0, nan, 9.0, 9.0), 0, 4),
        make_note((1.0, 1.0, 9.0, 9.0), 0, 1),  # of a track that is there
        make_note((1.0, 1.0, 9.0, 9.0), 0, 5, iscrowd=1),
        make_note((1.0, 1.0, 9.0, 9.0), 0, 3),  # the other box of its track was left out
    ]
    with caplog.at_level(logging.WARNING):
        (frame,) = as_dicts(VideoSet(frames(notes), ["v"], ["a"]), ["a"], "x.json")
    assert [(a["instance_id"], a["bbox"]) for a in frame["annotations"]] == [(1, [30, 0, 39, 9]), (3, [1, 1, 9, 9])]
    assert {a["bbox_mode"] for a in frame["annotations"]} == {BoxMode.XYXY_ABS}
    assert "1 boxes clipped" in caplog.text
    assert "3 boxes without area" in caplog.text
    assert "1 repeated tracks" in caplog.text
    assert "1 ignored objects" in caplog.text
    assert not OwnRepairs()
    assert OwnRepairs(ignored=1)


def test_another_class(caplog: pytest.LogCaptureFixture) -> None:
    def videos(kind: str) -> VideoSet:
        notes = [make_note((1.0, 1.0, 9.0, 9.0), 1, 0), make_note((2.0, 1.0, 9.0, 9.0), 0, 1)]
        return VideoSet(frames(notes), ["v"], ["a", "b"], kind)

    with pytest.raises(ValueError, match=r"x\.json: 'b' in 0\.jpg is not one of the classes"):
        as_dicts(videos("video"), ["a"], "x.json")
    (frame,) = as_dicts(videos("still"), ["a"], "x.json")
    assert [(a["category_id"], a["instance_id"]) for a in frame["annotations"]] == [(0, 0)]
    with caplog.at_level(logging.WARNING):
        as_dicts(videos("video"), ["b", "a", "c"], "x.json")
    assert "x.json has no category of these names: ['c']" in caplog.text


def test_wordnet_ids_name_classes_too(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    content = {
        "videos": [{"id": 1, "name": "v"}],
        "images": [{"id": 4, "video_id": 1, "frame_id": 0, "file_name": "a.jpg", "width": 40, "height": 30}],
        "annotations": [{"id": 1, "image_id": 4, "category_id": 1, "instance_id": 0, "bbox": [1, 2, 8, 9]}],
        "categories": [{"id": 1, "name": "n02084071"}],
    }
    path.write_text(json.dumps(content))
    (frame,) = load_coco_vid(str(path), VID_CLASSES)
    assert VID_CLASSES[frame["annotations"][0]["category_id"]] == "dog"
    assert frame["file_name"] == str(tmp_path / "a.jpg")


def test_an_unknown_class_is_left_out_to_train_on() -> None:
    def videos() -> VideoSet:
        notes = [[make_note((1.0, 1.0, 9.0, 9.0), k, 0)] for k in (0, 1, 0)]
        return VideoSet(frames(*notes), ["v"], ["a", "b"])

    lenient = Leniency()
    found = as_dicts(videos(), ["a"], "x.json", lenient=lenient)
    assert [frame["frame_index"] for frame in found] == [0, 2]
    assert lenient.tally.as_dict()["counts"] == {"unknown class": 1}
    assert list(lenient.tally.files) == ["1.jpg"]
    for strict in (None, Leniency(testing=True)):
        with pytest.raises(ValueError, match=r"'b' in 1\.jpg is not one of the classes"):
            as_dicts(videos(), ["a"], "x.json", lenient=strict)
