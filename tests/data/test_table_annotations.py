"""dnt_d2/data/table_annotations.py: all files at once, by the rules for one."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.data.annotations import Repairs, class_ids, read_annotation
from dnt_d2.data.table_annotations import Annotations, table_annotations, whole_numbers
from dnt_d2.data.xml_reading import read_files
from dnt_d2.data.xml_table import make_table
from dnt_d2.vid_classes import VID_CLASSES

DOG, BIRD, PERSON = "n02084071", "n01503061", "n00007846"
CLASSES = class_ids(VID_CLASSES)


def _object(r: random.Random, still: bool) -> str:
    """Usual things and odd ones: outside, turned, without area, repeated tracks, empty flags, names in full."""
    name = r.choice([DOG, BIRD, "dog", " bird ", *([PERSON, ""] if still else [])])
    x1, y1, x2, y2 = (r.choice([r.randint(-20, 120), r.randint(0, 60), 12.5]) for _ in range(4))
    track = "" if still and r.random() < 0.8 else f"<trackid>{r.choice([0, 1, 2, '3.0'])}</trackid>"
    flags = r.choice(["", "<occluded>1</occluded><generated>0</generated>", "<occluded></occluded>"])
    corners = f"<xmin>{x1}</xmin><ymin>{y1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax>"
    return f"<object>{track}<name>{name}</name><bndbox>{corners}</bndbox>{flags}</object>"


def _write(path: Path, things: str) -> str:
    path.write_text(f"<annotation><size><width>96</width><height>64</height></size>{things}</annotation>")
    return str(path)


def _by_table(paths: list[str], repairs: Repairs, still: bool):
    table = read_files(paths, [0] * len(paths), [0] * len(paths), workers=1)
    return _rows(table_annotations(table, paths.__getitem__, CLASSES, repairs, still=still))


def _rows(found: Annotations) -> list[tuple[int, int, list]]:
    return list(zip(found.width.tolist(), found.height.tolist(), found.dicts(0, len(found.width)), strict=True))


def test_no_files_and_no_objects(tmp_path: Path) -> None:
    assert _rows(table_annotations(make_table([], [], []), str, CLASSES, Repairs())) == []
    paths = [_write(tmp_path / "a.xml", "")]
    assert _by_table(paths, Repairs(), False) == [(96, 64, [])]
    assert _rows(table_annotations(make_table([], [], []), str, {}, Repairs(), still=True)) == []


@pytest.mark.parametrize("still", [False, True])
def test_it_says_what_reading_one_by_one_says(tmp_path: Path, still: bool) -> None:
    r = random.Random(5)
    paths = [
        _write(tmp_path / f"{i}.xml", "".join(_object(r, still) for _ in range(r.choice([0, 1, 2, 3, 6]))))
        for i in range(300)
    ]
    # Odd, but nothing that the rules refuse: a corner of an object that is left out anyway, and a number too large.
    huge = "<object><name>dog</name><trackid>1e12</trackid><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax>"
    _write(tmp_path / "7.xml", huge + "<ymax>1e40</ymax></bndbox></object>")
    if still:
        _write(tmp_path / "8.xml", "<object><name>n00007846</name></object>" + _object(r, still))
    expected_repairs, repairs = Repairs(), Repairs()
    expected = [read_annotation(path, CLASSES, expected_repairs, still=still) for path in paths]
    assert _by_table(paths, repairs, still) == expected
    assert repairs == expected_repairs
    assert min(repairs.clipped, repairs.dropped) > 20
    assert (repairs.other_class if still else repairs.repeated) > 5


def test_numbers_are_pythons_own(tmp_path: Path) -> None:
    corners = "<xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>40</ymax>"
    path = _write(tmp_path / "a.xml", f"<object><name>dog</name><bndbox>{corners}</bndbox></object>")
    [(width, _, [annotation])] = _by_table([path], Repairs(), True)
    assert type(width) is int
    assert {type(value) for key, value in annotation.items() if key not in ("bbox", "bbox_mode")} == {int}
    assert {type(value) for value in annotation["bbox"]} == {float}


@pytest.mark.parametrize(
    ("things", "still", "message"),
    [
        ("<object><name>n00007846</name></object>", False, "<bndbox/xmin> is missing|not one of the 30 classes"),
        ("<object><name>dog</name><trackid>0</trackid></object>", True, "<bndbox/xmin> is missing"),
        (
            "<object><name>dog</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>9</ymax></bndbox></object>",
            False,
            "<trackid> is missing",
        ),
    ],
)
def test_the_first_wrong_file_is_named(tmp_path: Path, things: str, still: bool, message: str) -> None:
    paths = [_write(tmp_path / f"{i}.xml", things if i in (3, 5) else "") for i in range(8)]
    with pytest.raises(ValueError, match=rf"3\.xml: .*({message})"):
        _by_table(paths, Repairs(), still)


def test_numbers_too_large_for_a_column_stay_what_they_are(tmp_path: Path) -> None:
    corners = "<xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>40</ymax>"
    thing = "<object><name>dog</name><trackid>%s</trackid><bndbox>" + corners + "</bndbox></object>"
    paths = [_write(tmp_path / f"{i}.xml", thing % track) for i, track in enumerate(("3", "1e10", "9e15", "4"))]
    found = _by_table(paths, Repairs(), False)
    assert [annotations[0]["instance_id"] for _, _, annotations in found] == [3, 10**10, 9 * 10**15, 4]
    assert found == [read_annotation(path, CLASSES, Repairs()) for path in paths]
    assert whole_numbers([1, None]).tolist() == [1, None]
    assert whole_numbers([]).tolist() == []


def test_some_images_in_another_order(tmp_path: Path) -> None:
    r = random.Random(6)
    paths = [_write(tmp_path / f"{i}.xml", "".join(_object(r, True) for _ in range(i % 4))) for i in range(20)]
    table = read_files(paths, [0] * 20, [0] * 20, workers=1)
    found = table_annotations(table, paths.__getitem__, CLASSES, Repairs(), still=True)
    places = np.array([7, 3, 3, 0, 19])
    assert _rows(found.take(places)) == [_rows(found)[place] for place in places]
    assert _rows(found.take(places[:0])) == []
    assert found.dicts(3, 8) == found.dicts(0, 20)[3:8]
    assert found.dicts(5, 5) == []
