"""dnt_d2/formats/ilsvrc.py: a tree in the layout of ILSVRC2015, written. (dnt_d2.data reads it back.)"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from dnt_d2.data.imagenet_vid import load_det, load_vid
from dnt_d2.formats import VideoSet, write_ilsvrc

Make = Callable[..., VideoSet]


def test_nothing(tmp_path: Path) -> None:
    write_ilsvrc(VideoSet(), tmp_path, "val")
    assert (tmp_path / "ImageSets/VID/val.txt").read_text() == ""


@pytest.mark.parametrize("images", ["link", "copy"])
def test_videos_come_back(make_videos: Make, tmp_path: Path, images: str) -> None:
    videos, root = make_videos(), tmp_path / "tree"
    write_ilsvrc(videos, root, "val", images=images)
    dicts = load_vid(str(root), "val", videos.class_names)
    assert [d["file_name"] for d in dicts[2:]] == [
        f"{root}/Data/VID/train/one/000002.JPEG",
        f"{root}/Data/VID/two/000000.JPEG",
    ]
    for found, expected in zip(dicts, videos.frames, strict=True):
        assert all(found[key] == expected[key] for key in ("image_id", "width", "height", "video_id", "frame_index"))
        assert Path(found["file_name"]).read_bytes() == Path(expected["file_name"]).read_bytes()
        assert Path(found["file_name"]).is_symlink() == (images == "link")
    keys = ("bbox", "category_id", "instance_id", "occluded", "generated")
    # The second box has no area, which readers see to.
    assert [[[a[key] for key in keys] for a in d["annotations"]] for d in dicts] == [
        [[[0, 3, 20, 30], 1, 4, 1, 0]],
        [],
        [[[8.5, 4, 30.25, 20], 1, 4, 0, 0], [[1, 1, 9, 9], 0, 9, 0, 0]],
        [[[0, 0, 39, 7], 0, 0, 0, 0]],
    ]


def test_stills_come_back(make_videos: Make, tmp_path: Path) -> None:
    videos = make_videos("still")
    write_ilsvrc(videos, tmp_path / "tree", "train")
    dicts = load_det(str(tmp_path / "tree"), "train", videos.class_names)
    assert [Path(d["file_name"]).stem for d in dicts] == ["s0", "s2", "s0"]
    assert [d["image_id"] for d in dicts] == [11, 13, 14]
    assert [len(d["annotations"]) for d in dicts] == [1, 2, 1]


def test_the_xml(make_videos: Make, tmp_path: Path) -> None:
    """Classes of ImageNet VID by their WordNet id, others by name, escaped; crowds are left out."""
    videos = VideoSet(make_videos().frames, ["train/one", "two"], ["dog", "R&D"])
    videos.frames[0]["annotations"][1]["iscrowd"] = 1
    write_ilsvrc(videos, tmp_path, "train")
    first = ElementTree.parse(tmp_path / "Annotations/VID/train/one/000000.xml")
    assert [node.text for node in first.iterfind("object/name")] == ["R&D"]
    assert (first.findtext("folder"), first.findtext("filename")) == ("one", "000000")
    third = ElementTree.parse(tmp_path / "Annotations/VID/train/one/000002.xml")
    assert [node.text for node in third.iterfind("object/name")] == ["R&D", "n02084071"]


def test_nothing_is_overwritten(make_videos: Make, tmp_path: Path) -> None:
    root = tmp_path / "tree"
    write_ilsvrc(make_videos(), root, "val")
    with pytest.raises(FileExistsError, match=r"one/000000\.JPEG is there already"):
        write_ilsvrc(make_videos(), root, "other")
    assert not (root / "ImageSets/VID/other.txt").exists()
    write_ilsvrc(make_videos(), root, "val", overwrite=True)
    with pytest.raises(FileExistsError, match=r"val\.txt is there already"):
        write_ilsvrc(VideoSet(), root, "val")


def test_old_and_new_frames_do_not_become_one_video(make_videos: Make, tmp_path: Path) -> None:
    folder = tmp_path / "tree/Data/VID/two"
    folder.mkdir(parents=True)
    (folder / "000001.JPEG").touch()  # the new video has 000000 alone
    with pytest.raises(FileExistsError, match=r"two/000001\.JPEG would stay among new files"):
        write_ilsvrc(make_videos(), tmp_path / "tree", "val")
    assert [path.name for path in folder.iterdir()] == ["000001.JPEG"]


def test_stills_may_join_others(make_videos: Make, tmp_path: Path) -> None:
    other = tmp_path / "Data/DET/a/other.JPEG"
    other.parent.mkdir(parents=True)
    other.touch()
    for overwrite in (False, True):
        write_ilsvrc(make_videos("still"), tmp_path, "train", overwrite=overwrite)
    assert other.exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [("train/one", "2 images would become train/one/000000"), ("a b", "'a b' can't"), ("/a", "'/a' can't")],
)
def test_names_that_are_no_places(make_videos: Make, tmp_path: Path, name: str, message: str) -> None:
    videos = make_videos()
    videos.video_names[1] = name
    with pytest.raises(ValueError, match=message):
        write_ilsvrc(videos, tmp_path / "tree", "val")
    assert not (tmp_path / "tree").exists()


def test_what_ilsvrc_cannot_hold(make_videos: Make, tmp_path: Path) -> None:
    videos = make_videos()
    videos.frames[1]["file_name"] = "x.png"
    with pytest.raises(ValueError, match=r"x\.png: images of ILSVRC are JPEG"):
        write_ilsvrc(videos, tmp_path / "tree", "val")
    del videos.frames[1]
    with pytest.raises(ValueError, match="train/one: there are 2 of the video's 3 frames"):
        write_ilsvrc(videos, tmp_path / "tree", "val")
    assert not (tmp_path / "tree").exists()
