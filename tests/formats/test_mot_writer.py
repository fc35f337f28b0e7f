"""dnt_d2/formats/mot_writer.py: folders in the layout of MOTChallenge, written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dnt_d2.formats import VideoSet, read_mot, write_mot

Make = Callable[..., VideoSet]


def test_nothing(tmp_path: Path) -> None:
    write_mot(VideoSet(), tmp_path / "mot")
    assert [p.relative_to(tmp_path / "mot").as_posix() for p in (tmp_path / "mot").rglob("*.*")] == ["seqmaps/all.txt"]


def without(frame: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in frame.items() if key not in keys}


@pytest.mark.parametrize("images", ["link", "copy"])
def test_what_is_written_comes_back(make_videos: Make, tmp_path: Path, images: str) -> None:
    videos = make_videos()
    write_mot(videos, tmp_path / "mot", "mine", images=images)
    back = read_mot(tmp_path / "mot", None, ["mine"])
    assert back.video_names == ["train_one", "two"]
    assert back.class_names == videos.class_names
    for found, expected in zip(back.frames, videos.frames, strict=True):
        for note in expected["annotations"]:
            note["generated"] = 0  # MOT has no place for it, nor for ids of images
        assert without(found, "file_name", "image_id") == without(expected, "file_name", "image_id")
        assert Path(found["file_name"]).read_bytes() == Path(expected["file_name"]).read_bytes()
        assert Path(found["file_name"]).is_symlink() == (images == "link")


def test_seqinfo(make_videos: Make, tmp_path: Path) -> None:
    write_mot(make_videos(), tmp_path, frame_rate=12.5)
    assert (tmp_path / "train_one/seqinfo.ini").read_text().splitlines() == [
        "[Sequence]",
        "name=train_one",
        "imDir=img1",
        "frameRate=12.5",
        "seqLength=3",
        "imWidth=64",
        "imHeight=48",
        "imExt=.jpg",
    ]
    assert (tmp_path / "seqmaps/all.txt").read_text() == "name\ntrain_one\ntwo\n"
    assert (tmp_path / "two/gt/labels.txt").read_text() == "screw\nlock nut\n"


def test_nothing_is_overwritten(make_videos: Make, tmp_path: Path) -> None:
    target = tmp_path / "mot"
    (target / "two/gt").mkdir(parents=True)
    (target / "two/gt/gt.txt").write_text("precious")
    with pytest.raises(FileExistsError, match=r"two/gt/gt\.txt is there already"):
        write_mot(make_videos(), target)
    assert [p.name for p in target.iterdir()] == ["two"]  # nothing of the first video either
    write_mot(make_videos(), target, overwrite=True)
    with pytest.raises(FileExistsError, match=r"seqmaps/all\.txt"):
        write_mot(make_videos(), target)
    write_mot(make_videos(), target, overwrite=True)
    # A longer video that was there would not become a shorter one, nor frames of two kinds one video.
    (target / "two/img1/000002.jpg").touch()
    with pytest.raises(FileExistsError, match=r"two/img1/000002\.jpg would stay"):
        write_mot(make_videos(), target, overwrite=True)
    (target / "two/img1/000002.jpg").unlink()
    (target / "two/img1/000001.jpg").rename(target / "two/img1/000001.png")
    with pytest.raises(FileExistsError, match=r"two/img1/000001\.png would stay"):
        write_mot(make_videos(), target, overwrite=True)


def test_what_mot_cannot_hold(make_videos: Make, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not stills"):
        write_mot(make_videos("still"), tmp_path / "mot")
    part = make_videos()
    del part.frames[1]
    with pytest.raises(ValueError, match="train/one: there are 2 of the video's 3 frames"):
        write_mot(part, tmp_path / "mot")
    sizes = make_videos()
    sizes.frames[1]["width"] = 63
    with pytest.raises(ValueError, match=r"train_one: its frames have the sizes \[\(63, 48\), \(64, 48\)\]"):
        write_mot(sizes, tmp_path / "mot")
    twins = make_videos()
    twins.video_names[1] = "train_one"
    with pytest.raises(ValueError, match="Two videos would become the sequence train_one"):
        write_mot(twins, tmp_path / "mot")
    outside = make_videos()
    outside.video_names[1] = "../two"
    with pytest.raises(ValueError, match=r"'\.\./two' can't be a path"):
        write_mot(outside, tmp_path / "mot")
    negative = make_videos()
    negative.frames[2]["annotations"][1]["instance_id"] = -1
    with pytest.raises(ValueError, match=r"v0/2\.jpg: an object has the track -1"):
        write_mot(negative, tmp_path / "mot")
    for name in ("two\nlines", " nut", ""):
        with pytest.raises(ValueError, match="can't be a line of labels"):
            write_mot(VideoSet(class_names=["screw", name]), tmp_path / "mot")
    assert not (tmp_path / "mot").exists()
    negative.frames[2]["annotations"][1]["iscrowd"] = 1  # those need no track
    write_mot(negative, tmp_path / "mot")
    assert read_mot(tmp_path / "mot").frames[2]["annotations"][1]["instance_id"] == -1
