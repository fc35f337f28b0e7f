"""dnt_d2/data/doctor/sets.py: what lists name."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnt_d2.data.doctor import ERROR, WARNING
from dnt_d2.data.doctor.sets import read_sets
from dnt_d2.data.imagenet_vid import load_vid
from dnt_d2.data.made_lists import CLASS_LISTS


def test_an_empty_tree_has_no_sets(tmp_path: Path) -> None:
    sets, findings = read_sets(str(tmp_path))
    assert sets == []
    assert [(f.severity, f.what.split(":")[0]) for f in findings] == [
        (ERROR, "VID train"),
        (WARNING, "VID val"),
        (WARNING, "DET train"),
    ]


def test_the_sets_of_a_tree(tree: Path) -> None:
    (tree / "ImageSets/VID/test.txt").write_text("x/000000 1\n")  # has no annotations
    sets, findings = read_sets(str(tree))
    assert findings == []
    assert {f"{x.part} {x.name}": len(x.folders) for x in sets} == {
        "VID train (by class)": 3,
        "VID train": 3,
        "VID val": 3,
        "VID val_novel": 1,
        "VID val_seen": 2,
        "DET train": 3,
    }
    by_name = {x.name: x for x in sets if x.part == "VID"}
    assert set(by_name["train (by class)"].folders.values()) == {None}
    assert len(by_name["val"].folders["val/tiny_val_00000000"] or []) == 8
    assert by_name["train"].is_training
    assert not by_name["val_seen"].is_training


def test_a_list_of_another_kind_is_not_used(tree: Path) -> None:
    (tree / "ImageSets/VID/frames15.txt").write_text("train/a 1 2 30\ntrain/b 1 2 30\n")
    sets, [finding] = read_sets(str(tree))
    assert "frames15" not in [x.name for x in sets]
    assert (finding.severity, finding.count) == (WARNING, 2)
    (tree / "ImageSets/VID/readme.txt").write_text("Lists\nof videos by camera\n")
    sets, findings = read_sets(str(tree))
    assert "readme" not in [x.name for x in sets]
    assert [f.severity for f in findings] == [WARNING, WARNING]
    (tree / "ImageSets/VID/val.txt").write_bytes(b"\xff\xfe\x00 1 2 3\n")
    sets, findings = read_sets(str(tree))
    assert [f.severity for f in findings if "VID val:" in f.what] == [ERROR]


def test_lists_of_videos_and_of_frames_do_not_mix(tree: Path) -> None:
    """Nor does the loader mix them."""
    video = next(x for x in read_sets(str(tree))[0] if x.name == "train").folders.popitem()[0]
    frames = f"{video.removeprefix('train/')}/000000 1\n"
    (tree / "ImageSets/VID/train_9.txt").write_text(frames)
    with pytest.raises(ValueError, match="some are of videos, others of frames"):
        load_vid(str(tree), CLASS_LISTS)
    _, [finding] = read_sets(str(tree))
    assert (finding.severity, finding.count) == (ERROR, 1)
    assert finding.what == "VID train (by class): some lists are of videos, others of frames"
    assert "train_9.txt" in finding.example


def test_folders_stand_for_lists(tree: Path) -> None:
    for path in [*(tree / "ImageSets/VID").iterdir(), *(tree / "ImageSets/DET").iterdir()]:
        path.unlink()
    sets, findings = read_sets(str(tree))
    assert {f"{x.part} {x.name}": len(x.folders) for x in sets} == {"VID train": 3, "VID val": 3, "DET train": 3}
    assert {f.severity for f in findings} == {WARNING}
    assert all("--make-lists" in f.remedy for f in findings)
