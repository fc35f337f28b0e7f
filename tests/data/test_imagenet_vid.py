"""dnt_d2/data/imagenet_vid.py: VID and DET as Detectron2 data sets."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from detectron2.data import DatasetCatalog, MetadataCatalog

from dnt_d2.data.imagenet_vid import evenly_spaced, load_det, load_vid, register_imagenet_det, register_imagenet_vid
from dnt_d2.faults import Leniency, leniency
from dnt_d2.vid_classes import VID_CLASSES

DOG, BIRD, PERSON = "n02084071", "n01503061", "n00007846"
TRAIN = [f"train_{k}" for k in range(1, 31)]


def test_video_frames_without_objects_stay(tiny_ilsvrc: Path) -> None:
    dicts = load_vid(str(tiny_ilsvrc), TRAIN)
    empty = [d for d in dicts if not d["annotations"]]
    assert len(empty) == 1
    assert empty[0]["frame_index"] == 2


def test_videos_of_lists_by_class(tiny_ilsvrc: Path) -> None:
    dicts = load_vid(str(tiny_ilsvrc), TRAIN)
    assert [(d["video_id"], d["frame_index"], d["video_length"]) for d in dicts] == [
        *((0, t, 6) for t in range(6)),
        *((1, t, 4) for t in range(4)),
        (2, 0, 1),
    ]
    assert [d["image_id"] for d in dicts] == list(range(1, 12))
    assert all(Path(d["file_name"]).is_file() for d in dicts)
    assert {(d["video_id"], d["width"], d["height"]) for d in dicts} == {(0, 96, 64), (1, 64, 96), (2, 96, 64)}
    # The bird enters in frame 2 and leaves after frame 4; the dog moves by (4, 1).
    assert [len(d["annotations"]) for d in dicts[:6]] == [1, 1, 2, 2, 2, 1]
    assert [d["annotations"][0]["bbox"] for d in dicts[:2]] == [[8, 12, 39, 43], [12, 13, 43, 44]]
    assert [a["instance_id"] for a in dicts[2]["annotations"]] == [0, 1]
    assert {VID_CLASSES[a["category_id"]] for a in dicts[2]["annotations"]} == {"dog", "bird"}


def test_lists_of_frames_say_the_same_as_lists_of_videos(tiny_ilsvrc: Path) -> None:
    by_frame = load_vid(str(tiny_ilsvrc), "train")
    by_video = load_vid(str(tiny_ilsvrc), TRAIN)
    files = {d["file_name"]: d for d in by_video}
    assert len(by_frame) == len(files)
    for d in by_frame:
        same = files[d["file_name"]]
        assert all(d[key] == same[key] for key in ("frame_index", "video_length", "annotations", "width", "height"))


def test_ids_of_a_frame_list_are_image_ids(ilsvrc_writer) -> None:
    ilsvrc_writer.video("val/v", (32, 32), [[]] * 4)
    target = ilsvrc_writer.root / "ImageSets/VID/val.txt"
    target.parent.mkdir(parents=True)
    target.write_text("v/000001 40\nv/000003 7\n")
    dicts = load_vid(str(ilsvrc_writer.root), "val")
    # Places and length are those of the video, not of the list.
    assert [(d["image_id"], d["frame_index"], d["video_length"]) for d in dicts] == [(40, 1, 4), (7, 3, 4)]
    target.write_text("v/000001 1\nv/000003 1\n")
    assert [d["image_id"] for d in load_vid(str(ilsvrc_writer.root), "val")] == [1, 2]
    target.write_text("v/000001 1\nv/000009 2\n")
    with pytest.raises(FileNotFoundError, match=r"v/000009\.JPEG is listed but missing"):
        load_vid(str(ilsvrc_writer.root), "val")


def test_repairs_are_reported(ilsvrc_writer, caplog: pytest.LogCaptureFixture) -> None:
    ilsvrc_writer.video("val/v", (32, 32), [[(DOG, 0, (20, 20, 40, 40))], [(DOG, 0, (33, 5, 40, 9))]])
    ilsvrc_writer.frame_listing("val", ["val/v"])
    with caplog.at_level(logging.WARNING):
        first, second = load_vid(str(ilsvrc_writer.root), "val")
    assert first["annotations"][0]["bbox"] == [20, 20, 31, 31]
    assert second["annotations"] == []
    assert "1 boxes clipped" in caplog.text
    assert "1 boxes without area" in caplog.text


def test_a_class_out_of_the_list_is_an_error_that_names_the_file(ilsvrc_writer) -> None:
    ilsvrc_writer.video("val/v", (32, 32), [[], [(PERSON, 0, (2, 2, 9, 9))]])
    ilsvrc_writer.frame_listing("val", ["val/v"])
    with pytest.raises(ValueError, match=r"v/000001\.xml: 'n00007846'"):
        load_vid(str(ilsvrc_writer.root), "val")


def test_stills_of_the_classes(tiny_ilsvrc: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        dicts = load_det(str(tiny_ilsvrc), "train")
    assert [(d["image_id"], d["video_id"], d["frame_index"], d["video_length"]) for d in dicts] == [
        (1, 0, 0, 1),
        (2, 1, 0, 1),
        (3, 2, 0, 1),
    ]
    assert [[VID_CLASSES[a["category_id"]] for a in d["annotations"]] for d in dicts] == [
        ["dog"],
        ["dog"],
        ["car", "bird"],
    ]
    assert [a["instance_id"] for a in dicts[2]["annotations"]] == [0, 1]
    assert "2 objects of other classes left out" in caplog.text
    assert len(load_det(str(tiny_ilsvrc), "train", keep_empty=True)) == 5


def test_stills_need_their_annotation(ilsvrc_writer) -> None:
    ilsvrc_writer.image("DET", "train/a/1", (32, 32), [(DOG, 0, (2, 2, 9, 9))])
    ilsvrc_writer.image("DET", "train/a/2", (32, 32), [])
    ilsvrc_writer.listing("DET", "train", ["train/a/1", "train/a/2"])
    (ilsvrc_writer.root / "Annotations/DET/train/a/2.xml").unlink()
    with pytest.raises(FileNotFoundError, match=r"a/2\.xml"):
        load_det(str(ilsvrc_writer.root), "train")


def test_at_most_so_many_stills_of_a_class(ilsvrc_writer) -> None:
    names = [DOG, DOG, BIRD, DOG, DOG, DOG, DOG]
    paths = [f"train/{i}" for i in range(len(names))]
    for path, name in zip(paths, names, strict=True):
        ilsvrc_writer.image("DET", path, (32, 32), [(name, 0, (2, 2, 9, 9))])
    ilsvrc_writer.listing("DET", "train", [*paths, paths[0]])
    dicts = load_det(str(ilsvrc_writer.root), "train", max_per_class=2)
    # Of the six dogs 0, 1, 3, 4, 5, 6 the second and the fifth; the bird stays.
    assert [Path(d["file_name"]).stem for d in dicts] == ["1", "2", "5"]
    assert [d["video_id"] for d in dicts] == [0, 1, 2]
    assert len({d["image_id"] for d in dicts}) == 3
    assert len(load_det(str(ilsvrc_writer.root), "train")) == 7  # what is listed twice is read once


@pytest.mark.parametrize(("count", "total"), [(1, 1), (3, 2), (10, 101), (15, 300), (7, 8)])
def test_evenly_spaced(count: int, total: int) -> None:
    places = evenly_spaced(count, total)
    if count < total:
        assert places == [int((i + 0.5) * total / count) for i in range(count)]
    else:
        assert places == list(range(total))
    assert len(set(places)) == len(places)


def test_registered_data_sets_describe_themselves_and_read_late(tiny_ilsvrc: Path, tmp_path: Path) -> None:
    register_imagenet_vid("test_vid", str(tmp_path / "nowhere"), "val")
    register_imagenet_det("test_det", str(tiny_ilsvrc), "train", max_per_class=1)
    try:
        metadata = MetadataCatalog.get("test_vid")
        assert (metadata.kind, metadata.evaluator_type, metadata.dirname) == ("video", "vid", str(tmp_path / "nowhere"))
        assert metadata.thing_classes == list(VID_CLASSES)
        assert MetadataCatalog.get("test_det").kind == "still"
        assert len(DatasetCatalog.get("test_det")) == 2
        with pytest.raises(FileNotFoundError, match="nowhere"):
            DatasetCatalog.get("test_vid")
    finally:
        for name in ("test_vid", "test_det"):
            DatasetCatalog.remove(name)
            MetadataCatalog.remove(name)


@pytest.fixture
def broken(ilsvrc_writer) -> Path:
    """Two videos, of which each frame but the first and the last lacks something; and stills."""
    ilsvrc_writer.video("train/a", (32, 32), [[(DOG, 0, (2, 2, 9, 9))]] * 6)
    ilsvrc_writer.video("train/b", (32, 32), [[]] * 2)
    ilsvrc_writer.listing("VID", "train_9", ["train/a", "train/b"])
    ilsvrc_writer.frame_listing("train", ["train/a", "train/b"])
    root = ilsvrc_writer.root
    (root / "Data/VID/train/a/000001.JPEG").unlink()
    (root / "Annotations/VID/train/a/000002.xml").unlink()
    (root / "Annotations/VID/train/a/000003.xml").write_text("<annotation><size>")
    ilsvrc_writer.xml("VID", "train/a/000004", (32, 32), [("dragon", 0, (2, 2, 9, 9))])
    for k in range(3):
        ilsvrc_writer.image("DET", f"train/{k}", (32, 32), [(DOG, 0, (2, 2, 9, 9))])
    ilsvrc_writer.listing("DET", "train", [f"train/{k}" for k in range(3)])
    (root / "Annotations/DET/train/0.xml").unlink()
    (root / "Annotations/DET/train/1.xml").write_text("")
    return root


@pytest.mark.parametrize("name", ["train_9", "train"])
def test_what_is_broken_is_left_out_to_train_on(broken: Path, name: str) -> None:
    lenient = Leniency()
    dicts = list(load_vid(str(broken), name, lenient=lenient))
    assert [(d["video_id"], d["frame_index"], d["video_length"]) for d in dicts] == [
        *((0, 0, 6), (0, 5, 6)),
        *((1, 0, 2), (1, 1, 2)),
    ]
    assert lenient.tally.counts == {
        "missing image": 1,
        "missing annotation": 1,
        "wrong annotation": 1,
        "unknown class": 1,
    }
    assert list(load_vid(str(broken), name, lenient=Leniency())) == dicts  # from the memory of XML


@pytest.mark.parametrize("name", ["train_9", "train"])
@pytest.mark.parametrize("lenient", [None, Leniency(testing=True)])
def test_ground_truth_to_test_on_must_be_whole(broken: Path, name: str, lenient: Leniency | None) -> None:
    with pytest.raises(FileNotFoundError, match=r"000001\.JPEG is|000002\.xml is missing"):
        load_vid(str(broken), name, lenient=lenient)
    with pytest.raises(FileNotFoundError, match=r"DET/train/0\.xml: this annotation is missing"):
        load_det(str(broken), "train", lenient=lenient)


def test_to_test_on_a_missing_image_is_no_error(ilsvrc_writer) -> None:
    ilsvrc_writer.video("val/v", (32, 32), [[]] * 4)
    ilsvrc_writer.frame_listing("val", ["val/v"])
    whole = list(load_vid(str(ilsvrc_writer.root), "val"))
    (ilsvrc_writer.root / "Data/VID/val/v/000000.JPEG").unlink()
    assert list(load_vid(str(ilsvrc_writer.root), "val", lenient=Leniency(testing=True))) == whole
    with pytest.raises(FileNotFoundError, match=r"000000\.JPEG is missing"):
        load_vid(str(ilsvrc_writer.root), "val")


def test_stills_that_are_left_out(broken: Path) -> None:
    lenient = Leniency()
    (found,) = load_det(str(broken), "train", lenient=lenient)
    assert found["file_name"].endswith("train/2.JPEG")
    assert found["video_id"] == 0
    assert lenient.tally.counts == {"missing annotation": 1, "wrong annotation": 1}


def test_a_missing_video_counts_once_and_an_unreadable_one_is_an_error(
    broken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(broken / "Data/VID/train/b")
    for name in ("train_9", "train"):
        lenient = Leniency()
        assert {d["video_id"] for d in load_vid(str(broken), name, lenient=lenient)} == {0}
        assert lenient.tally.counts["missing video"] == 1
    listdir = os.listdir

    def refuse(path: Any = ".") -> list[str]:
        if os.fspath(path).endswith("Data/VID/train/a"):
            raise PermissionError(13, "Permission denied", path)
        return listdir(path)

    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(PermissionError, match=r"Data/VID/train/a"):
        load_vid(str(broken), "train_9", lenient=Leniency())


def test_the_catalog_follows_the_block_it_is_asked_in(broken: Path) -> None:
    register_imagenet_vid("test_broken", str(broken), "train_9")
    try:
        with leniency("skip", testing=False) as found:
            assert len(DatasetCatalog.get("test_broken")) == 4
        assert sum(found.tally.counts.values()) == 4
        with leniency("error", testing=False), pytest.raises(FileNotFoundError):
            DatasetCatalog.get("test_broken")
        with pytest.raises(FileNotFoundError):
            DatasetCatalog.get("test_broken")
    finally:
        DatasetCatalog.remove("test_broken")
        MetadataCatalog.remove("test_broken")
