"""dnt_d2/data/made_lists.py: lists of what the folders hold."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dnt_d2.data.imagenet_vid import load_det, load_vid
from dnt_d2.data.made_lists import CLASS_LISTS, make_list, videos_below


@pytest.fixture
def unlisted(tiny_ilsvrc: Path, tmp_path: Path) -> Path:
    """The tiny tree without ImageSets."""
    return shutil.copytree(tiny_ilsvrc, tmp_path / "tree", ignore=shutil.ignore_patterns(".dnt_d2", "ImageSets"))


def test_nothing_to_list(tmp_path: Path) -> None:
    assert make_list(str(tmp_path), "VID", "train") == []
    assert videos_below(str(tmp_path)) == []
    (tmp_path / "Data/VID/train/empty").mkdir(parents=True)
    assert make_list(str(tmp_path), "VID", "train") == []
    assert make_list(str(tmp_path), "VID", "..") == []
    with pytest.raises(FileNotFoundError, match=r"train\.txt: this list of the data set is missing"):
        load_vid(str(tmp_path), "train")


def test_folders_stand_for_missing_lists(tiny_ilsvrc: Path, unlisted: Path, caplog: pytest.LogCaptureFixture) -> None:
    for lists in (list(CLASS_LISTS), "train", "val"):
        listed = load_vid(str(tiny_ilsvrc), lists)
        made = load_vid(str(unlisted), lists)
        assert [d["file_name"].removeprefix(str(unlisted)) for d in made] == [
            d["file_name"].removeprefix(str(tiny_ilsvrc)) for d in listed
        ]
        assert [d["annotations"] for d in made] == [d["annotations"] for d in listed]
        assert len({d["image_id"] for d in made}) == len(made)
    assert len(load_det(str(unlisted), "train")) == 3
    assert "ImageSets/VID has no list of val: taking all 3 videos" in caplog.text
    assert "ImageSets/DET has no list of train: taking all 6 images" in caplog.text


def test_a_made_list_is_sorted(unlisted: Path) -> None:
    videos = make_list(str(unlisted), "VID", "train")
    assert videos == sorted(videos)
    assert len(videos) == 3
    assert videos_below(str(unlisted)) == videos + make_list(str(unlisted), "VID", "val")
    images = make_list(str(unlisted), "DET", "train")
    assert images == sorted(images)
    assert images[-1] == "train/ILSVRC2014_train_0000/ILSVRC2014_train_00000003"


def test_what_no_folder_is_named_after_stays_an_error(unlisted: Path) -> None:
    for name in ("val_seen", "train_3", "test"):
        with pytest.raises(FileNotFoundError, match=rf"{name}\.txt"):
            load_vid(str(unlisted), name)


def test_lists_that_are_there_count(tiny_ilsvrc: Path, tmp_path: Path) -> None:
    root = shutil.copytree(tiny_ilsvrc, tmp_path / "tree", ignore=shutil.ignore_patterns(".dnt_d2"))
    (root / "ImageSets/VID/train_4.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"train_4\.txt"):  # some are there: the rest is missing
        load_vid(str(root), list(CLASS_LISTS))
    with (root / "ImageSets/VID/train_5.txt").open("a") as file:
        file.write("ILSVRC2015_VID_train_0000/nowhere 1\n")
    with pytest.raises(FileNotFoundError, match="nowhere: this video is listed but missing"):
        load_vid(str(root), "train_5")
