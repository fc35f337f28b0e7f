"""dnt_d2/formats/mot.py and mot_writer.py's counterpart: folders in the layout of MOTChallenge, read."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from dnt_d2.formats import VideoSet, read_mot

CLASSES = ["screw", "nut"]


def sequence(
    folder: Path, length: int = 3, truth: str | None = "", *, info: str = "", labels: str = "", extension: str = ".jpg"
) -> Path:
    """A sequence of black frames of 40 x 30 px."""
    (folder / "img1").mkdir(parents=True)
    (folder / "gt").mkdir()
    for number in range(1, length + 1):
        cv2.imwrite(str(folder / f"img1/{number:06d}{extension}"), np.zeros((30, 40, 3), np.uint8))
    if truth is not None:
        (folder / "gt/gt.txt").write_text(truth)
    if info:
        (folder / "seqinfo.ini").write_text(info)
    if labels:
        (folder / "gt/labels.txt").write_text(labels)
    return folder


def test_a_sequence_without_objects(tmp_path: Path) -> None:
    sequence(tmp_path / "a")
    videos = read_mot(tmp_path, CLASSES)
    assert (videos.video_names, videos.class_names, videos.kind) == (["a"], CLASSES, "video")
    assert [f["annotations"] for f in videos.frames] == [[], [], []]


def test_sequences_and_their_frames(tmp_path: Path) -> None:
    sequence(tmp_path / "b", 2, "2,4,1,1,10,20,1,2,1\n1,4,6,3.5,10,20,1,2,0.4\n2,5,1,1,4,4,0,1,1\n")
    sequence(tmp_path / "a", 1, extension=".png")
    (tmp_path / "seqmaps").mkdir()
    (tmp_path / "notes").mkdir()  # no sequence
    videos = read_mot(str(tmp_path), CLASSES)
    assert videos.video_names == ["a", "b"]
    first, second, third = videos.frames
    assert (first["file_name"], first["width"], first["height"]) == (str(tmp_path / "a/img1/000001.png"), 40, 30)
    assert [(f["image_id"], f["video_id"], f["frame_index"], f["video_length"]) for f in videos.frames] == [
        (1, 0, 0, 1),
        (2, 1, 0, 2),
        (3, 1, 1, 2),
    ]
    # Frames and pixels count from 1, and a width from the first pixel to the last, both included.
    plain = {"category_id": 1, "instance_id": 4, "occluded": 0, "generated": 0, "iscrowd": 0}
    assert second["annotations"] == [plain | {"bbox": [5, 2.5, 14, 21.5], "occluded": 1}]
    ignored = {"bbox": [0, 0, 3, 3], "category_id": 0, "instance_id": 5, "iscrowd": 1}
    assert third["annotations"] == [plain | {"bbox": [0, 0, 9, 19]}, plain | ignored]


def test_lists_choose_and_order(tmp_path: Path) -> None:
    for name in "abc":
        sequence(tmp_path / name, 1)
    (tmp_path / "seqmaps").mkdir()
    (tmp_path / "seqmaps/train.txt").write_text("name\nc\na\n\n")
    (tmp_path / "seqmaps/more.txt").write_text("a\nb\n")
    assert read_mot(tmp_path, CLASSES, ["train"]).video_names == ["c", "a"]
    assert read_mot(tmp_path, CLASSES, ["train", "more"]).video_names == ["c", "a", "b"]
    with pytest.raises(FileNotFoundError, match=r"seqmaps/val\.txt: this list"):
        read_mot(tmp_path, CLASSES, ["val"])
    (tmp_path / "seqmaps/empty.txt").write_text("name\n")
    for lists in (["empty"], ["train", "empty"]):
        with pytest.raises(ValueError, match=r"empty\.txt: there is no sequence"):
            read_mot(tmp_path, CLASSES, lists)
    for line in ("z", ".", "a/..", "z" * 300):
        (tmp_path / "seqmaps/wrong.txt").write_text(f"{line}\n")
        with pytest.raises((FileNotFoundError, ValueError), match=rf"seqmaps/wrong\.txt: .*'{line[:80]}"):
            read_mot(tmp_path, CLASSES, ["wrong"])


def test_labels_name_the_classes_of_their_file(tmp_path: Path) -> None:
    line = "1,1,1,1,9,9,1,2,1\n"
    sequence(tmp_path / "a", 1, line, labels="screw\nnut\n")
    sequence(tmp_path / "b", 1, line, labels="nut\nscrew\n")
    videos = read_mot(tmp_path)
    assert videos.class_names == ["screw", "nut"]
    assert [f["annotations"][0]["category_id"] for f in videos.frames] == [1, 0]
    assert [f["annotations"][0]["category_id"] for f in read_mot(tmp_path, ["nut", "screw"]).frames] == [0, 1]
    with pytest.raises(ValueError, match=r"a/gt/gt\.txt:1: class 2 is 'nut' in labels\.txt"):
        read_mot(tmp_path, ["screw"])


def test_without_labels_classes_must_be_given(tmp_path: Path) -> None:
    sequence(tmp_path / "a")
    with pytest.raises(ValueError, match=r"a/gt/labels\.txt is missing"):
        read_mot(tmp_path)


def test_labels_that_are_there_twice(tmp_path: Path) -> None:
    sequence(tmp_path / "a", labels="screw\nnut\nscrew\n")
    for classes in (None, CLASSES):
        with pytest.raises(ValueError, match=r"a/gt/labels\.txt: there are two classes named 'screw'"):
            read_mot(tmp_path, classes)


def test_files_of_other_systems(tmp_path: Path) -> None:
    """A mark of the byte order is no text; what is no UTF-8 is an error that names the file."""
    folder = sequence(tmp_path / "a", labels="screw\nnut\n", truth="1,1,1,1,9,9,1,2,1\n", info="[Sequence]\n")
    for name in ("gt/labels.txt", "gt/gt.txt", "seqinfo.ini"):
        (folder / name).write_bytes(b"\xef\xbb\xbf" + (folder / name).read_bytes().replace(b"\n", b"\r\n"))
    videos = read_mot(tmp_path)
    assert videos.class_names == CLASSES
    assert [note["category_id"] for note in videos.frames[0]["annotations"]] == [1]
    for name in ("gt/labels.txt", "gt/gt.txt", "seqinfo.ini"):
        before = (folder / name).read_bytes()
        (folder / name).write_bytes(b"\xff\xfe\x00")
        with pytest.raises(ValueError, match=f"a/{name}: "):
            read_mot(tmp_path)
        (folder / name).write_bytes(before)


def test_seqinfo(tmp_path: Path) -> None:
    folder = sequence(tmp_path / "a", info="[Sequence]\nimDir=frames\nseqLength=3\nimWidth=1920\nimHeight=1080\n")
    (folder / "img1").rename(folder / "frames")
    (folder / "img1").mkdir()
    frame = read_mot(tmp_path, CLASSES).frames[2]
    assert (frame["width"], frame["height"], Path(frame["file_name"]).parent.name) == (1920, 1080, "frames")


@pytest.mark.parametrize("image_folder", ["", ".", "frames", "f" * 300])
def test_a_wrong_image_folder_names_seqinfo(tmp_path: Path, image_folder: str) -> None:
    sequence(tmp_path / "a", info=f"[Sequence]\nimDir={image_folder}\n")
    with pytest.raises(FileNotFoundError, match=rf"a/seqinfo\.ini: imDir is '{image_folder[:80]}"):
        read_mot(tmp_path, CLASSES)


@pytest.mark.parametrize(
    ("info", "message"),
    [
        ("[Sequence]\nseqLength=4\n", "seqLength is '4', but there are 3 frames"),
        ("[Sequence]\nimWidth=wide\nimHeight=9\n", "imWidth and imHeight are 'wide' and '9'"),
        ("[Other]\n", r"it has no section \[Sequence\]"),
        ("name=a\n", r"ini:1: 'name=a' stands before the line \[Sequence\]"),
    ],
)
def test_wrong_seqinfo(tmp_path: Path, info: str, message: str) -> None:
    sequence(tmp_path / "a", info=info)
    with pytest.raises(ValueError, match=message) as error:
        read_mot(tmp_path, CLASSES)
    assert "a/seqinfo.ini" in str(error.value)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere: there is no such folder"):
        read_mot(tmp_path / "nowhere", CLASSES)
    with pytest.raises(FileNotFoundError, match="has no sequence"):
        read_mot(tmp_path, CLASSES)
    folder = sequence(tmp_path / "a", truth=None)
    with pytest.raises(FileNotFoundError, match=r"a/gt/gt\.txt is missing"):
        read_mot(tmp_path, CLASSES)
    (folder / "img1/000002.jpg").rename(folder / "img1/0002.jpg")  # the same number
    (folder / "img1/notes.txt").touch()
    (folder / "gt/gt.txt").touch()
    assert read_mot(tmp_path, CLASSES) != VideoSet()
    (folder / "img1/0002.jpg").rename(folder / "img1/3.jpg")
    with pytest.raises(ValueError, match=r"000003\.jpg and 3\.jpg have the same number"):
        read_mot(tmp_path, CLASSES)
    (folder / "img1/3.jpg").unlink()
    with pytest.raises(FileNotFoundError, match="img1/000002 is missing"):
        read_mot(tmp_path, CLASSES)
    (folder / "img1/000003.jpg").rename(folder / "img1/frame3.jpg")
    with pytest.raises(ValueError, match=r"img1/frame3\.jpg: frames are named by number"):
        read_mot(tmp_path, CLASSES)
    for path in (folder / "img1").iterdir():
        path.unlink()
    with pytest.raises(FileNotFoundError, match="img1 has no frames"):
        read_mot(tmp_path, CLASSES)
