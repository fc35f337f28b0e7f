"""dnt_d2/formats/csv_results.py: results as a table."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.formats import Detections, FrameList, read_csv_results, write_csv_results

Make = Callable[..., FrameList]
MakeResults = Callable[..., Detections]
Same = Callable[[Detections, Detections], None]
HEADER = "video,frame,class,track,score,x1,y1,x2,y2"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.csv"


def test_nothing(make_frame_list: Make, path: Path) -> None:
    for frames in (make_frame_list(), FrameList.of([], [], [])):
        write_csv_results(path, Detections.of([], [], [], []), frames)
        assert path.read_text() == f"{HEADER}\n"
        assert len(read_csv_results(path, frames)) == 0
    path.write_text("")
    assert len(read_csv_results(path, make_frame_list())) == 0


def test_the_lines(make_frame_list: Make, path: Path) -> None:
    frames = replace(make_frame_list(), class_names=["dog", "cat, black", 'the "fox"'])
    made = Detections.of([0, 4], [2, 1], [[0, 0, 9.5, 4], [-1, 2, 3, 4]], [0.875, 1e-7], [-1, 12])
    write_csv_results(path, made, frames)
    assert path.read_text().splitlines() == [
        HEADER,
        'v/0,0,"the ""fox""",,0.875,0.0,0.0,9.5,4.0',
        'v/2,1,"cat, black",12,1e-07,-1.0,2.0,3.0,4.0',
    ]
    with open(path, newline="") as file:
        assert [row["class"] for row in csv.DictReader(file)] == ['the "fox"', "cat, black"]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("seed", range(5))
def test_what_is_written_comes_back(
    make_frame_list: Make, random_detections: MakeResults, assert_same: Same, path: Path, seed: int, dtype: type
) -> None:
    frames = make_frame_list(num_classes=40)
    names = [f'odd "name",\n{place} ' for place in range(40)]
    frames = replace(frames, video_names=["Ärger, 1", "none", " two", "v\r\n3"], class_names=names)
    made = random_detections(frames, seed, dtype=dtype)
    made = replace(made, tracks=np.where(made.classes % 2, made.tracks, -1))
    write_csv_results(path, made, frames)
    assert_same(read_csv_results(path, frames), made)


def test_lines_of_others(make_frame_list: Make, assert_same: Same, path: Path) -> None:
    # As spreadsheets save it, frames in any order.
    text = f'{HEADER}\nv/2,1,"class 0",12.0,1,1,2,3,4\n\nv/0,0,class 2,,.5,0,0,9,4\n'
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    expected = Detections.of([0, 4], [2, 0], [[0, 0, 9, 4], [1, 2, 3, 4]], [0.5, 1], [-1, 12])
    assert_same(read_csv_results(path, make_frame_list()), expected)


@pytest.mark.parametrize(
    ("place", "word", "message"),
    [
        (0, "v/9", "the data set has no video 'v/9'"),
        (1, "3", "the data set has no frame 3"),
        (1, "-1", "the data set has no frame -1"),
        (1, "0.5", "frame 0.5 is not a whole number"),
        (2, "fox", "the data set has no class 'fox'"),
        (3, "x", "is not a number"),
        (3, "-2", "the track is -2"),
        (3, "7", "track 7 is in this frame already"),
        (4, "nan", "the score is nan"),
        (4, "", "is not a number"),
        (5, "inf", "the corners are"),
        (5, "3.5", "negative size"),
        (8, "4,5", "there are 10 columns, not 9"),
        (8, '"4', "unexpected end of data"),
    ],
)
def test_wrong_lines_are_named(make_frame_list: Make, path: Path, place: int, word: str, message: str) -> None:
    words = ["v/0", "0", "class 1", "8", "0.5", "1", "2", "3", "4"]
    words[place] = word
    path.write_text(f"{HEADER}\n\nv/0,0,class 0,7,0.5,1,2,3,4\n{','.join(words)}\n")
    with pytest.raises(ValueError, match=rf"results\.csv:4: .*{message}"):
        read_csv_results(path, make_frame_list())


def test_other_errors(make_frame_list: Make, path: Path) -> None:
    frames = make_frame_list()
    with pytest.raises(FileNotFoundError, match=r"results\.csv: there is no such file"):
        read_csv_results(path, frames)
    path.write_text("v/0,0,class 0,7,0.5,1,2,3,4\n")
    with pytest.raises(ValueError, match=rf"results\.csv:1: the first line is 'v/0.*', not '{HEADER}'"):
        read_csv_results(path, frames)
    path.write_bytes(f"{HEADER}\nv/0,0,\xe4".encode("latin-1"))
    with pytest.raises(ValueError, match="not a text in UTF-8"):
        read_csv_results(path, frames)
    nothing = Detections.of([], [], [], [])
    for twins, what in (
        (replace(frames, video_names=["a", "b", "a", "c"]), "videos named 'a'"),
        (replace(frames, class_names=["x", "y", "y"]), "classes named 'y'"),
    ):
        path.write_text(HEADER)
        with pytest.raises(ValueError, match=f"two {what}"):
            write_csv_results(path, nothing, twins)
        with pytest.raises(ValueError, match=f"two {what}"):
            read_csv_results(path, twins)
    with pytest.raises(ValueError, match=r"detection 0 .* negative size"):
        write_csv_results(path, Detections.of([0], [0], [[1, 0, 0, 1]], [1]), frames)
    assert path.read_text() == HEADER
