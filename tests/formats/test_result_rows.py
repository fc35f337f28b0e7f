"""dnt_d2/formats/result_rows.py: rows of result files, packed and checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal, localcontext
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.formats import Detections, FrameList, result_rows
from dnt_d2.formats.result_rows import (
    EXACT,
    Rows,
    check_before_writing,
    check_boxes,
    check_range,
    open_results,
    parts,
    refuse,
    shortest,
    to_whole,
)

Make = Callable[..., FrameList]
MakeResults = Callable[..., Detections]


def at(row: int) -> str:
    return f"row {row}"


def test_nothing() -> None:
    rows = Rows(3)
    assert len(rows) == 0
    assert rows.whole().shape == (0, 3)
    assert rows.values().shape == (0, 5)
    empty = Detections.of([], [], [], [])
    assert list(parts(empty)) == []
    assert shortest(empty.scores) == []
    check_before_writing(empty, FrameList.of([], [], []))


def test_rows() -> None:
    rows = Rows(2)
    rows.add(5, (2**63 - 1, -(2**63)), (0.1, 1, 2, 3, 4))
    rows.add(9, (0, 1), (5, 6, 7, 8, 9))
    assert rows.whole().tolist() == [[2**63 - 1, -(2**63)], [0, 1]]
    assert rows.values().tolist() == [[0.1, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    assert (len(rows), rows.line(0), rows.line(1)) == (2, 5, 9)


def test_texts_that_can_not_be_read(tmp_path: Path) -> None:
    with (
        pytest.raises(FileNotFoundError, match=r"none\.txt: there is no such file of results"),
        open_results(str(tmp_path / "none.txt")),
    ):
        pass
    path = tmp_path / "latin.txt"
    path.write_bytes(b"1 2 \xe4")
    with pytest.raises(ValueError, match=r"latin\.txt: this is not a text in UTF-8"), open_results(str(path)) as file:
        file.read()
    path.write_bytes(b"\xef\xbb\xbf1 2")
    with open_results(str(path)) as file:
        assert file.read() == "1 2"


def test_whole_numbers() -> None:
    assert [to_whole(text, "x") for text in ("7", " -3 ", "2.0", "1e3", str(2**63 - 1))] == [7, -3, 2, 1000, 2**63 - 1]
    for text in ("1.5", "nan", "inf"):
        with pytest.raises(ValueError, match=f"class {text} is not a whole number"):
            to_whole(text, "class")
    for text in (str(2**63), "1e30", str(-(2**63) - 1)):
        with pytest.raises(ValueError, match="does not fit into 64 bits"):
            to_whole(text, "class")
    with pytest.raises(ValueError, match="is not a number"):
        to_whole("dog", "class")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_shortest_texts_come_back(dtype: type) -> None:
    rng = np.random.default_rng(0)
    values = (rng.uniform(-10, 10, 2000) * 10.0 ** rng.integers(-30, 30, 2000)).astype(dtype)
    texts = shortest(values)
    np.testing.assert_array_equal(np.array([float(text) for text in texts]).astype(dtype), values)
    assert shortest(np.array([0.1, 1, 3e-7], dtype)) == ["0.1", "1.0", "3e-07"]


def test_sums_are_exact() -> None:
    rng = np.random.default_rng(0)
    numbers = [*rng.uniform(0, 2000, 500).tolist(), 1e-300, 5e-324, 1.7e308, 0.1]
    with localcontext(EXACT):
        assert [float(Decimal(repr(x)) + 1 - 1) for x in numbers] == numbers
        assert float(Decimal("5e-324") + Decimal("1.7e308") - Decimal("1.7e308")) == 5e-324
    assert [x + 1 - 1 for x in numbers] != numbers


def test_parts_are_the_whole(
    make_frame_list: Make, random_detections: MakeResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = random_detections(make_frame_list(), seed=0, size=25)
    monkeypatch.setattr(result_rows, "CHUNK", 10)
    found = list(parts(made))
    assert [len(part) for part in found] == [10, 10, 5]
    assert np.concatenate([part.boxes for part in found]).tolist() == made.boxes.tolist()


def test_the_first_wrong_row_is_named() -> None:
    refuse(np.zeros(3, bool), at, at)
    with pytest.raises(ValueError, match=r"^row 1: x1$"):
        refuse(np.array([False, True, True]), at, lambda row: f"x{row}")
    check_range(np.array([1, 3]), 3, "class", at, "")
    for wrong in (0, 4):
        with pytest.raises(ValueError, match=rf"^row 1: class {wrong} is not one of 1 to 3; count again$"):
            check_range(np.array([1, wrong]), 3, "class", at, "count again")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite(bad: float) -> None:
    frames, boxes, scores, tracks = np.arange(2), np.zeros((2, 4)), np.zeros(2), np.full(2, -1)
    check_boxes(frames, boxes, scores, tracks, at)
    for column in range(4):
        wrong = boxes.copy()
        wrong[1, column] = bad
        with pytest.raises(ValueError, match=r"row 1: the corners are .* finite"):
            check_boxes(frames, wrong, scores, tracks, at)
    with pytest.raises(ValueError, match=f"row 1: the score is {bad}"):
        check_boxes(frames, boxes, np.array([0, bad]), tracks, at)


def test_boxes_of_negative_size() -> None:
    frames, scores, tracks = np.arange(2), np.zeros(2), np.full(2, -1)
    check_boxes(frames, np.array([[0, 0, 0, 0.0], [-9, -9, -9, -5]]), scores, tracks, at)
    for wrong in ([5, 0, 4, 9], [0, 5, 9, 4.999]):
        with pytest.raises(ValueError, match=r"row 1: .* negative size"):
            check_boxes(frames, np.array([[0, 0, 0, 0.0], wrong]), scores, tracks, at)


def test_tracks_that_are_twice_in_a_frame_against_a_set() -> None:
    rng = np.random.default_rng(0)
    seen = {True: 0, False: 0}
    for _ in range(300):
        frames, tracks = np.sort(rng.integers(0, 6, 8)), rng.integers(-1, 12, 8)
        rng.shuffle(frames)  # files may have any order
        keys = list(zip(frames.tolist(), tracks.tolist(), strict=True))
        again = [row for row, key in enumerate(keys) if key[1] >= 0 and key in keys[:row]]
        seen[bool(again)] += 1
        if again:
            with pytest.raises(ValueError, match=f"row {again[0]}: track {tracks[again[0]]} is in this frame already"):
                check_boxes(frames, np.zeros((8, 4)), np.zeros(8), tracks, at)
        else:
            check_boxes(frames, np.zeros((8, 4)), np.zeros(8), tracks, at)
    assert min(seen.values()) > 30
    with pytest.raises(ValueError, match="row 0: the track is -2"):
        check_boxes(np.zeros(1, int), np.zeros((1, 4)), np.zeros(1), np.array([-2]), at)


def test_what_is_not_of_the_frames(make_frame_list: Make) -> None:
    frames = make_frame_list((2, 1), num_classes=2)
    made = Detections.of([0, 2], [0, 1], np.zeros((2, 4)), [1, 1])
    check_before_writing(made, frames)
    with pytest.raises(ValueError, match=r"^detection 1: its frame 3 is not one of 3 frames"):
        check_before_writing(replace(made, frames=np.array([0, 3])), frames)
    with pytest.raises(ValueError, match=r"^detection 0: its frame -1 "):
        check_before_writing(replace(made, frames=np.array([-1, 2])), frames)
    for wrong in (-1, 2):
        with pytest.raises(ValueError, match=rf"^detection 1 \(frame 0 of video v/1\): its class {wrong} is not"):
            check_before_writing(replace(made, classes=np.array([0, wrong])), frames)
    with pytest.raises(ValueError, match=r"^detection 0 \(frame 0 of video v/0\): the score is nan"):
        check_before_writing(replace(made, scores=np.array([np.nan, 1])), frames)
