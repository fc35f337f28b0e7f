"""dnt_d2/data/conversion.py: data sets of any format as a VideoSet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dnt_d2.data.conversion import image_folder, read_video_set
from dnt_d2.data.imagenet_vid import load_det, load_vid
from dnt_d2.formats import write_coco_vid
from dnt_d2.vid_classes import VID_CLASSES


def test_nothing(ilsvrc_writer: Any) -> None:
    ilsvrc_writer.listing("VID", "val", [])
    (ilsvrc_writer.root / "Data").mkdir()
    with pytest.raises(ValueError, match=r"ImageSets/VID/val\.txt: nothing is listed"):
        read_video_set(str(ilsvrc_writer.root), "ilsvrc_vid", lists=["val"])


def test_videos(tiny_ilsvrc: Path) -> None:
    videos = read_video_set(str(tiny_ilsvrc), "ilsvrc_vid", lists=["val"])
    assert videos.frames == load_vid(str(tiny_ilsvrc), "val")
    assert videos.video_names == ["val/tiny_val_00000000", "val/tiny_val_00000001", "val/tiny_val_00001000"]
    assert (videos.kind, videos.class_names) == ("video", list(VID_CLASSES))


def test_stills(tiny_ilsvrc: Path) -> None:
    videos = read_video_set(str(tiny_ilsvrc), "ilsvrc_det", lists=["train"], class_names=["dog"])
    assert videos.frames == load_det(str(tiny_ilsvrc), "train", ["dog"])
    folder = "train/ILSVRC2013_train/n02084071"
    assert videos.video_names == [f"{folder}/n02084071_1", f"{folder}/n02084071_2"]
    assert (videos.kind, videos.class_names) == ("still", ["dog"])


def test_coco_vid(tiny_ilsvrc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    videos = read_video_set(str(tiny_ilsvrc), "ilsvrc_vid", lists=["val"])
    write_coco_vid(videos, tmp_path / "x.json", image_folder(str(tiny_ilsvrc), "ilsvrc_vid"))
    monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path))
    back = read_video_set("$DETECTRON2_DATASETS/x.json", "coco_vid", images=str(tiny_ilsvrc / "Data/VID"))
    assert [f["file_name"] for f in back.frames] == [f["file_name"] for f in videos.frames]
    assert back.video_names == videos.video_names
    stills = read_video_set(str(tmp_path / "x.json"), "coco_vid", stills=True)
    assert (stills.kind, len(stills.video_names)) == ("still", 14)
    assert stills.frames[0]["file_name"].startswith(str(tmp_path))


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("voc", {}, "'voc' is unknown; dnt_d2 reads ilsvrc_vid"),
        ("ilsvrc_vid", {}, "ilsvrc_vid needs the names of lists"),
        ("ilsvrc_vid", {"lists": ["val"], "images": "x"}, "only a COCO-VID JSON has its images elsewhere"),
        ("mot", {"stills": True}, "only a COCO-VID JSON"),
        ("coco_vid", {"lists": ["val"]}, "its own classes and no lists"),
        ("coco_vid", {"class_names": ["dog"]}, "its own classes and no lists"),
    ],
)
def test_options_that_do_not_belong(tiny_ilsvrc: Path, kind: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_video_set(str(tiny_ilsvrc), kind, **options)


def test_folders_of_images(monkeypatch: pytest.MonkeyPatch) -> None:
    assert image_folder("a", "ilsvrc_vid") == "a/Data/VID"
    assert image_folder("a", "ilsvrc_det") == "a/Data/DET"
    assert Path(image_folder("a", "mot")) == Path("a")
    monkeypatch.setenv("DETECTRON2_DATASETS", "/data")
    assert image_folder("$DETECTRON2_DATASETS/a/x.json", "coco_vid") == "/data/a"
    assert image_folder("x.json", "coco_vid") == ""
    assert image_folder("x.json", "coco_vid", "$DETECTRON2_DATASETS/pictures") == "/data/pictures"
