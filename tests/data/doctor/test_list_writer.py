"""dnt_d2/data/doctor/list_writer.py: missing lists are written."""

from __future__ import annotations

from pathlib import Path

from dnt_d2.data.doctor import write_missing_lists
from dnt_d2.data.imagenet_vid import load_det, load_vid
from dnt_d2.data.made_lists import CLASS_LISTS


def _lists(tree: Path) -> dict[str, str]:
    return {path.relative_to(tree).as_posix(): path.read_text() for path in (tree / "ImageSets").rglob("*.txt")}


def test_nothing_to_write(tmp_path: Path, tree: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert write_missing_lists(str(empty)) == []
    before = _lists(tree)
    assert write_missing_lists(str(tree)) == []
    assert _lists(tree) == before


def test_lists_that_were_lost_come_back(tree: Path) -> None:
    before = _lists(tree)
    expected = [load_vid(str(tree), lists) for lists in (list(CLASS_LISTS), "val")]
    stills = load_det(str(tree), "train")
    for name in before:
        (tree / name).unlink()
    done = write_missing_lists(str(tree), workers=1)
    assert len(done) == 3
    assert "wrote ImageSets/VID/val.txt: 14 lines" in done
    after = _lists(tree)
    for name in [*(f"ImageSets/VID/{x}.txt" for x in CLASS_LISTS), "ImageSets/VID/val.txt"]:
        assert after[name] == before[name]
    assert [load_vid(str(tree), lists) for lists in (list(CLASS_LISTS), "val")] == expected
    assert [d["annotations"] for d in load_det(str(tree), "train")] == [d["annotations"] for d in stills]
    assert write_missing_lists(str(tree)) == []


def test_what_is_there_stays(tree: Path) -> None:
    (tree / "ImageSets/VID/train_9.txt").unlink()
    (tree / "ImageSets/VID/train_5.txt").write_text("")
    write_missing_lists(str(tree), workers=1)
    assert (tree / "ImageSets/VID/train_5.txt").read_text() == ""
    assert len((tree / "ImageSets/VID/train_9.txt").read_text().splitlines()) == 2


def test_own_classes_have_one_list_of_training_videos(ilsvrc_writer) -> None:
    for video in ("train/b", "train/a"):
        ilsvrc_writer.video(video, (32, 32), [[]])
        ilsvrc_writer.xml("VID", f"{video}/000000", (32, 32), [("screw", 0, (1, 1, 9, 9))])
    root = str(ilsvrc_writer.root)
    assert write_missing_lists(root, workers=1) == ["wrote ImageSets/VID/train.txt: 2 lines"]
    assert [len(d["annotations"]) for d in load_vid(root, "train", ["screw"])] == [1, 1]
    assert write_missing_lists(root, workers=1) == []


def test_own_classes_may_have_names_of_imagenet(ilsvrc_writer) -> None:
    for video, name in (("train/a", "screw"), ("train/b", "dog")):
        ilsvrc_writer.video(video, (32, 32), [[]])
        ilsvrc_writer.xml("VID", f"{video}/000000", (32, 32), [(name, 0, (1, 1, 9, 9))])
    root = str(ilsvrc_writer.root)
    assert write_missing_lists(root, 1, ["screw", "dog"]) == ["wrote ImageSets/VID/train.txt: 2 lines"]
    assert len(load_vid(root, "train", ["screw", "dog"])) == 2
    assert write_missing_lists(root, 1, ["screw", "dog"]) == []


def test_videos_in_no_list_are_told(ilsvrc_writer) -> None:
    ilsvrc_writer.video("train/a", (32, 32), [[]])
    ilsvrc_writer.xml("VID", "train/a/000000", (32, 32), [("screw", 0, (1, 1, 9, 9))])
    ilsvrc_writer.video("train/b", (32, 32), [[("n02084071", 0, (1, 1, 9, 9))]])
    _, note = write_missing_lists(str(ilsvrc_writer.root), workers=1)
    assert note == "1 videos hold none of the 30 classes and are in no list, such as train/a"
