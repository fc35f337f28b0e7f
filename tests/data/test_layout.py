"""dnt_d2/data/layout.py: roots, lists and frames of an ILSVRC tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnt_d2.data.layout import (
    expand_root,
    find_folder,
    find_root,
    frame_names,
    list_lines,
    listed_videos,
    read_list,
)

DOG = "n02084071"


def test_an_empty_list_lists_nothing(tiny_ilsvrc: Path) -> None:
    assert read_list(str(tiny_ilsvrc), "VID", "train_1") == []
    assert listed_videos(str(tiny_ilsvrc), ["train_1"]) == {}


def test_root_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DETECTRON2_DATASETS", raising=False)
    assert expand_root("$DETECTRON2_DATASETS/minivid") == "datasets/minivid"
    monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path))
    assert find_root("$DETECTRON2_DATASETS") == str(tmp_path)


def test_missing_root_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path))
    with pytest.raises(FileNotFoundError) as error:
        find_root("$DETECTRON2_DATASETS/minivid")
    for part in (str(tmp_path / "minivid"), "DETECTRON2_DATASETS", "datasets/README.md", "prepare_minivid.py"):
        assert part in str(error.value)


def test_lists_of_videos_and_of_frames(tiny_ilsvrc: Path) -> None:
    root = str(tiny_ilsvrc)
    videos = listed_videos(root, [f"train_{k}" for k in range(1, 31)])
    assert [name.partition("/")[0] for name in videos] == ["train"] * 3  # one of them is in two lists
    assert all(frames == {} for frames in videos.values())
    val = listed_videos(root, ["val"])
    assert [len(frames) for frames in val.values()] == [8, 5, 1]
    assert next(iter(val["val/tiny_val_00000001"].items())) == ("000000", 9)
    # A list named after its folder up to the first underscore is relative to it, too.
    assert list(listed_videos(root, ["val_novel"])) == ["val/tiny_val_00000001"]
    with pytest.raises(ValueError, match="some are of videos, others of frames"):
        listed_videos(root, ["train_9", "val"])


def test_paths_may_be_relative_to_the_data(tiny_ilsvrc: Path, ilsvrc_writer) -> None:
    ilsvrc_writer.video("train/a", (96, 64), [[], []])
    target = ilsvrc_writer.root / "ImageSets/VID/mine.txt"
    target.parent.mkdir(parents=True)
    target.write_text("\ntrain/a\n\n")
    assert listed_videos(str(ilsvrc_writer.root), ["mine"]) == {"train/a": {}}


@pytest.mark.parametrize(
    "line",
    [
        "train/a 1 10 300",
        "train/a one",
        "train/a --1",
        f"train/a {'7' * 5000}",
        "a" * 300,
        "é" * 200,
        "ab/" * 400,
        "../a 1",
        "/train/a 1",
        "C:\\a 1",
    ],
)
def test_a_wrong_line_is_named(ilsvrc_writer, line: str) -> None:
    target = ilsvrc_writer.root / "ImageSets/VID/mine.txt"
    target.parent.mkdir(parents=True)
    target.write_text(f"train/a 1\n{line}\n")
    with pytest.raises(ValueError, match=r"mine\.txt:2: expected '<path> <number>'"):
        read_list(str(ilsvrc_writer.root), "VID", "mine")


def test_missing_list_and_missing_first_entry_are_named(ilsvrc_writer) -> None:
    root = str(ilsvrc_writer.root)
    with pytest.raises(FileNotFoundError, match=r"val\.txt"):
        read_list(root, "VID", "val")
    ilsvrc_writer.listing("VID", "val", ["val/nowhere/000000"])
    with pytest.raises(FileNotFoundError, match=r"val\.txt: neither its first line nor .*Data/VID/val/nowhere/000000"):
        read_list(root, "VID", "val")


def test_frames_are_in_order_of_their_numbers(ilsvrc_writer) -> None:
    ilsvrc_writer.video("val/long", (32, 32), [[]] * 12)
    assert frame_names(str(ilsvrc_writer.root), "val/long") == [f"{i:06d}" for i in range(12)]


@pytest.mark.parametrize(
    "gone", ["Data/VID/val/v/000001.JPEG", "Data/VID/val/v/000003.JPEG", "Annotations/VID/val/v/000002.xml"]
)
def test_a_missing_frame_is_named(ilsvrc_writer, gone: str) -> None:
    ilsvrc_writer.video("val/v", (32, 32), [[]] * 4)
    (ilsvrc_writer.root / gone).unlink()
    with pytest.raises(FileNotFoundError, match=gone):
        frame_names(str(ilsvrc_writer.root), "val/v")


def test_a_gap_in_the_numbers_is_named(ilsvrc_writer) -> None:
    ilsvrc_writer.video("val/v", (32, 32), [[]] * 4)
    for part, extension in (("Data", "JPEG"), ("Annotations", "xml")):
        (ilsvrc_writer.root / f"{part}/VID/val/v/000002.{extension}").unlink()
    with pytest.raises(FileNotFoundError, match=r"000002\.JPEG is missing"):
        frame_names(str(ilsvrc_writer.root), "val/v")


def test_missing_videos_and_odd_names_are_named(ilsvrc_writer) -> None:
    root = str(ilsvrc_writer.root)
    with pytest.raises(FileNotFoundError, match="Data/VID/val/v: this video is listed but missing"):
        frame_names(root, "val/v")
    ilsvrc_writer.image("VID", "val/v/first", (32, 32), [])
    with pytest.raises(ValueError, match=r"first\.JPEG: frames are named by number"):
        frame_names(root, "val/v")
    (ilsvrc_writer.root / "Data/VID/val/v/first.JPEG").unlink()
    (ilsvrc_writer.root / "Annotations/VID/val/v/first.xml").unlink()
    with pytest.raises(FileNotFoundError, match="has no frames"):
        frame_names(root, "val/v")


def test_lines_of_a_list_right_and_wrong(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text("")
    assert list(list_lines(str(file))) == []
    file.write_bytes(b"a/b 3\n\nc\nd e f\ng -1\n\xff x\n")
    *good, (number, wrong) = list_lines(str(file))
    assert good == [(1, ("a/b", 3)), (3, ("c", None)), (4, "d e f"), (5, ("g", -1))]
    assert (number, wrong) == (6, "\N{REPLACEMENT CHARACTER} x")


def test_what_the_paths_of_a_list_are_relative_to(tiny_ilsvrc: Path) -> None:
    root = str(tiny_ilsvrc)
    assert find_folder(root, "VID", "val", "tiny_val_00000000") == "val/"
    assert find_folder(root, "VID", "val_seen", "tiny_val_00000000/000003") == "val/"
    assert find_folder(root, "VID", "val", "val/tiny_val_00000000") == ""
    assert find_folder(root, "VID", "val", "elsewhere") is None


@pytest.mark.parametrize(
    "names", [["000000", "000001", "000002"], ["000000", "000002", "000003"], ["8", "9", "10"], ["07", "8", "9"]]
)
@pytest.mark.parametrize("change", ["none", "image", "annotation"])
def test_known_annotations_change_nothing(ilsvrc_writer, names: list[str], change: str) -> None:
    """What is found with the help of the names of the XML is what is found without."""
    for name in names:
        ilsvrc_writer.image("VID", f"val/v/{name}", (32, 32), [])
    if change != "none":
        part, extension = ("Data", "JPEG") if change == "image" else ("Annotations", "xml")
        (ilsvrc_writer.root / f"{part}/VID/val/v/{names[1]}.{extension}").unlink()
    known = sorted(path.stem for path in (ilsvrc_writer.root / "Annotations/VID/val/v").iterdir())
    outcomes = []
    for annotated in (None, known):
        try:
            outcomes.append(frame_names(str(ilsvrc_writer.root), "val/v", annotated))
        except FileNotFoundError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]
    if change == "none" and "000003" not in names:
        assert outcomes[0] == names
