"""dnt_d2/data/doctor/release.py: which release, and all of it?"""

from __future__ import annotations

from pathlib import Path

import pytest

from dnt_d2.data.doctor import ERROR, NOTE, WARNING
from dnt_d2.data.doctor.counts import SetCounts
from dnt_d2.data.doctor.release import _VAL_BOXES, check_release, check_root, name_release
from dnt_d2.data.doctor.sets import ListedSet
from dnt_d2.vid_classes import VID_CLASSES


def _val(videos: int = 555, images: int = 176_126, boxes: list[int] | None = None, official: bool = True) -> SetCounts:
    return SetCounts("VID", "val", videos, images, 4046, boxes, official, "some video")


def _severities(count: SetCounts, release: str = "ILSVRC2015") -> list[str]:
    return [finding.severity for finding in check_release("root", release, [count])]


def test_nothing_is_no_release(tmp_path: Path) -> None:
    assert name_release(str(tmp_path), []) == "layout of ILSVRC2015, names of its own"
    assert list(check_release(str(tmp_path), "ILSVRC2015", [])) == []


@pytest.mark.parametrize(
    ("video", "release"),
    [
        ("val/ILSVRC2015_val_00000000", "ILSVRC2015"),
        ("train/ILSVRC2017_VID_train_0000/ILSVRC2017_train_00000000", "ILSVRC2017"),
        ("val/mine", "layout of ILSVRC2015, names of its own"),
    ],
)
def test_releases_by_their_names(tmp_path: Path, video: str, release: str) -> None:
    sets = [ListedSet("VID", "val", {video: None})]
    assert name_release(str(tmp_path), sets) == release
    (tmp_path / "minivid.json").write_text("{}")
    assert name_release(str(tmp_path), sets) == "MiniVID"


def test_the_boxes_of_validation_are_those_that_were_published() -> None:
    assert len(_VAL_BOXES) == len(VID_CLASSES)
    assert sum(_VAL_BOXES) == 273_505
    assert _VAL_BOXES[VID_CLASSES.index("motorcycle")] == 1139


def test_the_whole_thing_has_no_findings() -> None:
    assert _severities(_val()) == []
    assert _severities(_val(boxes=list(_VAL_BOXES))) == []
    assert _severities(SetCounts("VID", "train (by class)", 3862, 1_122_397, None, None, True, "")) == []


def test_what_is_incomplete_is_an_error_and_a_part_is_not() -> None:
    assert _severities(_val(videos=554)) == [ERROR]
    assert _severities(_val(images=176_125)) == [ERROR]
    other = [_VAL_BOXES[0] + 1, _VAL_BOXES[1] - 1, *_VAL_BOXES[2:]]
    assert _severities(_val(boxes=other)) == [ERROR]
    assert _severities(_val(boxes=[_VAL_BOXES[0] + 1, *_VAL_BOXES[1:]])) == [ERROR, ERROR]
    assert _severities(_val(videos=20, images=400)) == [NOTE]
    assert _severities(_val(videos=554, official=False)) == []
    assert _severities(_val(videos=554), "MiniVID") == []
    assert _severities(_val(), "ILSVRC2017") == [WARNING]


def test_a_wrong_root_is_told_the_right_one(tree: Path) -> None:
    assert list(check_root(str(tree))) == []
    [above] = check_root(str(tree.parent))
    assert f"{tree}?" in above.remedy
    [below] = check_root(str(tree / "ImageSets"))
    assert f"{tree}?" in below.remedy
