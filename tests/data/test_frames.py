"""dnt_d2/data/frames.py: from lists and folders to dataset dicts."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from dnt_d2.data.annotations import Repairs, class_ids
from dnt_d2.data.frames import make_dicts, no_collection, still_frames, video_frames
from dnt_d2.data.xml_cache import read_folders

DOG = "n02084071"


def test_nothing_listed_is_nothing(tmp_path: Path) -> None:
    found, table = read_folders(str(tmp_path), "VID", [])
    for frames in (video_frames(str(tmp_path), {}, found), still_frames(str(tmp_path), {}, found)):
        assert make_dicts(str(tmp_path), "VID", frames, table, {}, Repairs()) == []


def test_names_without_leading_zeros_are_in_order_of_their_numbers(ilsvrc_writer) -> None:
    for number in range(9, 12):
        ilsvrc_writer.image("VID", f"val/v/{number}", (64, 48), [(DOG, 0, (number, 5, 40, 30))])
    ilsvrc_writer.image("VID", "val/w/0", (64, 48), [(DOG, 0, (3, 5, 40, 30))])
    root = str(ilsvrc_writer.root)
    found, table = read_folders(root, "VID", ["val/v", "val/w"])
    assert found.names.part(0, 3) == ["10", "11", "9"]
    frames = video_frames(root, {"val/v": {}, "val/w": {"0": 7}}, found)
    dicts = make_dicts(root, "VID", frames, table, class_ids(["dog"]), Repairs())
    assert [d["annotations"][0]["bbox"][0] for d in dicts] == [9, 10, 11, 3]
    assert [(d["video_id"], d["frame_index"], d["video_length"], d["image_id"]) for d in dicts] == [
        (0, 0, 3, None),
        (0, 1, 3, None),
        (0, 2, 3, None),
        (1, 0, 1, 7),
    ]
    assert Path(dicts[0]["file_name"]).name == "9.JPEG"


def test_stills_of_several_folders_keep_the_order_of_the_list(ilsvrc_writer) -> None:
    paths = ["train/b/2", "train/a/1", "train/b/1", "3"]
    for place, path in enumerate(paths):
        ilsvrc_writer.image("DET", path, (64, 48), [(DOG, 0, (place, 5, 40, 30))])
    root = str(ilsvrc_writer.root)
    found, table = read_folders(root, "DET", ["train/b", "train/a", ""])
    frames = still_frames(root, dict.fromkeys(paths), found)
    dicts = make_dicts(root, "DET", frames, table, class_ids(["dog"]), Repairs())
    assert [Path(d["file_name"]).stem for d in dicts] == ["2", "1", "1", "3"]
    assert [d["annotations"][0]["bbox"][0] for d in dicts] == [0, 1, 2, 3]
    assert all(Path(d["file_name"]).is_file() for d in dicts)


def test_a_wrong_annotation_is_named_by_its_own_path(ilsvrc_writer) -> None:
    for path in ("1", "train/a/1"):
        ilsvrc_writer.image("DET", path, (64, 48), [])
    root = str(ilsvrc_writer.root)
    for path in ("train/a/1", "1"):
        ilsvrc_writer.xml("DET", path, (0, 48), [])
        found, table = read_folders(root, "DET", ["", "train/a"])
        frames = still_frames(root, {"1": 1, "train/a/1": 2}, found)
        with pytest.raises(ValueError, match=rf"^{root}/Annotations/DET/{path}\.xml: the size"):
            make_dicts(root, "DET", frames, table, class_ids(["dog"]), Repairs())


def test_the_collector_is_left_as_it_was() -> None:
    with no_collection():
        assert not gc.isenabled()
        with no_collection():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(RuntimeError), no_collection():
        raise RuntimeError
    assert gc.isenabled()
