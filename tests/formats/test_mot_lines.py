"""dnt_d2/formats/mot_lines.py: the lines of gt.txt."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnt_d2.formats.mot_lines import read_ground_truth, write_line
from dnt_d2.formats.video_set import Note, make_note


def read(tmp_path: Path, text: str, labels: list[str], classes: list[str] | None = None) -> list[tuple[int, Note]]:
    path = tmp_path / "gt.txt"
    path.write_text(text)
    return list(read_ground_truth(path, 5, labels, labels if classes is None else classes))


def test_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "", ["a"]) == []
    assert read(tmp_path, "\n \n", ["a"]) == []


@pytest.mark.parametrize(
    "box", [(0.0, 0.0, 0.0, 0.0), (3.0, 5.0, 40.0, 41.0), (-2.0, 0.0, 7.0, 9.0), (1.5, 2.25, 9.75, 8.0)]
)
def test_boxes_come_back_exactly(tmp_path: Path, box: tuple[float, float, float, float]) -> None:
    note = make_note(box, 1, 12, occluded=1)
    assert read(tmp_path, write_line(4, note), ["a", "b"]) == [(4, note)]


def test_other_fractions_come_back_nearly(tmp_path: Path) -> None:
    box = (0.1, 7 / 3, 12.7, 100 / 7)
    ((_, note),) = read(tmp_path, write_line(0, make_note(box, 0, 0)), ["a"])
    assert note["bbox"] == pytest.approx(box, abs=1e-9)


def test_the_line() -> None:
    """MOTChallenge counts frames and pixels from 1; a box of one pixel is 1 wide."""
    assert write_line(0, make_note((0.0, 4.0, 0.0, 8.5), 0, 0)) == "1,0,1,5,1,5.5,1,1,1"
    assert write_line(9, make_note((3.0, 4.0, 5.0, 6.0), 2, 7, occluded=1, iscrowd=1)) == "10,7,4,5,3,3,0,3,0.5"


@pytest.mark.parametrize(
    "line",
    ["2,3,1,1,9,9", "2,3,1,1,9,9,1", "2,3,1,1,9,9,1,-1", "2,3,1,1,9,9,1,-1,-1,-1", "2, 3, 1.0, 1, 9, 9, 1, 1, 1,"],
)
def test_shorter_and_longer_lines_of_one_class(tmp_path: Path, line: str) -> None:
    assert read(tmp_path, line, ["a"]) == [(1, make_note((0.0, 0.0, 8.0, 8.0), 0, 3))]


def test_ten_columns_of_one_class_end_with_a_place_in_the_world(tmp_path: Path) -> None:
    """As in MOT15; with more classes there is no telling, and they are read as ever."""
    line = "2,3,1,1,9,9,1,5.6,0.3,0"
    assert read(tmp_path, line, ["a"]) == [(1, make_note((0.0, 0.0, 8.0, 8.0), 0, 3))]
    with pytest.raises(ValueError, match=r"class 5\.6"):
        read(tmp_path, line, ["a", "b"])


@pytest.mark.parametrize(("visibility", "occluded"), [(-1, 0), (0, 1), (0.69, 1), (0.7, 0), (1, 0)])
def test_visibility(tmp_path: Path, visibility: float, occluded: int) -> None:
    ((_, note),) = read(tmp_path, f"1,1,1,1,9,9,1,1,{visibility}", ["a"])
    assert note["occluded"] == occluded


def test_ignored_objects(tmp_path: Path) -> None:
    """Of a known class they are marked; MOT17 has ignored ones of many others, and some without a track."""
    found = read(tmp_path, "1,-1,1,1,9,9,0,1,1\n1,2,1,1,9,9,0,8,1\n", ["a"])
    assert [(index, note["iscrowd"]) for index, note in found] == [(0, 1)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,1,1,1,9", "there are 5 columns"),
        ("1,1,1,1,9,9,1,1,1,1,1", "there are 11 columns"),
        ("1,1,one,1,9,9,1,1,1", "'one'"),
        ("0,1,1,1,9,9,1,1,1", "frame 0 is not one of 1 to 5"),
        ("6,1,1,1,9,9,1,1,1", "frame 6 is not one of 1 to 5"),
        ("1.5,1,1,1,9,9,1,1,1", "frame 1.5"),
        ("1,-1,1,1,9,9,1,1,1", "id -1 is no number of a track"),
        ("1,1.5,1,1,9,9,1,1,1", "id 1.5"),
        ("1,1,1,1,9,9,1,3,1", "class 3 is not one of 1 to 2"),
        ("1,1,1,1,9,9,1,0,1", "class 0 is not one of 1 to 2"),
        (
            "1,1,1,1,9,9,1,-1,1",
            "class -1 is not one of 1 to 2; the class, in column 8, is left out where there is one class alone",
        ),
        ("1,1,1,1,9,9", "class -1"),
    ],
)
def test_errors_name_file_and_line(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        read(tmp_path, f"\n{line}\n", ["a", "b"])
    assert str(error.value).startswith(f"{tmp_path}/gt.txt:2: ")


def test_classes_that_labels_name_otherwise(tmp_path: Path) -> None:
    ((_, note),) = read(tmp_path, "1,1,1,1,9,9,1,2,1", ["a", "b"], ["b", "c"])
    assert note["category_id"] == 0
    with pytest.raises(ValueError, match=r"class 1 is 'a' in labels\.txt"):
        read(tmp_path, "1,1,1,1,9,9,1,1,1", ["a", "b"], ["b", "c"])
