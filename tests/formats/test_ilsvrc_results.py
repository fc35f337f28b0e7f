"""dnt_d2/formats/ilsvrc_results.py: results as ILSVRC's devkit reads them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.formats import Detections, FrameList, ilsvrc_results, read_ilsvrc_results, write_ilsvrc_results

Make = Callable[..., FrameList]
MakeResults = Callable[..., Detections]
Same = Callable[[Detections, Detections], None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.txt"


@pytest.mark.parametrize("tracks", [False, True])
def test_nothing(make_frame_list: Make, path: Path, tracks: bool) -> None:
    for frames in (make_frame_list(), FrameList.of([], [], [])):
        write_ilsvrc_results(path, Detections.of([], [], [], []), frames, tracks=tracks)
        assert path.read_text() == ""
        assert len(read_ilsvrc_results(path, frames)) == 0
    path.write_text("\n  \n")
    assert len(read_ilsvrc_results(path, make_frame_list())) == 0


def test_the_lines(make_frame_list: Make, path: Path) -> None:
    frames = make_frame_list()
    boxes = [[0, 0, 9.5, 4], [-1, 2, 3, 4], [5, 6, 7, 8.25]]
    made = Detections.of([0, 4, 4], [2, 0, 1], boxes, [0.875, 1e-7, 2], [-1, 12, 0])
    write_ilsvrc_results(path, made, frames)
    assert path.read_text().splitlines() == [
        "1 3 0.875 0.0 0.0 9.5 4.0",
        "5 1 1e-07 -1.0 2.0 3.0 4.0",
        "5 2 2.0 5.0 6.0 7.0 8.25",
    ]
    write_ilsvrc_results(path, made, frames, tracks=True)
    assert path.read_text().splitlines()[:2] == ["1 3 -1 0.875 0.0 0.0 9.5 4.0", "5 1 12 1e-07 -1.0 2.0 3.0 4.0"]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("seed", range(5))
def test_what_is_written_comes_back(
    make_frame_list: Make, random_detections: MakeResults, assert_same: Same, path: Path, seed: int, dtype: type
) -> None:
    frames = make_frame_list(num_classes=40)
    made = random_detections(frames, seed, dtype=dtype)
    made = replace(made, tracks=np.where(made.classes % 2, made.tracks, -1))
    write_ilsvrc_results(path, made, frames, tracks=True)
    assert_same(read_ilsvrc_results(path, frames), made)
    write_ilsvrc_results(path, made, frames)
    assert_same(read_ilsvrc_results(path, frames), replace(made, tracks=np.full(len(made), -1)))


def test_files_that_are_read_in_parts(
    make_frame_list: Make,
    random_detections: MakeResults,
    assert_same: Same,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frames = make_frame_list()
    made = random_detections(frames, 0, size=40)
    write_ilsvrc_results(path, made, frames, tracks=True)
    for rows in (1, 20, 39, 41):
        monkeypatch.setattr(ilsvrc_results, "_ROWS", rows)
        assert_same(read_ilsvrc_results(path, frames), made)


def test_lines_of_others(make_frame_list: Make, assert_same: Same, path: Path) -> None:
    # Frames in any order, blank lines, tabs, a mark of the byte order; and numbers that NumPy does not take.
    path.write_bytes(b"\xef\xbb\xbf  5 1\t0.5 1 2 3 4\r\n\r\n1 3 .25 0 0 9 4  \n5 2 1 5 6 7 8")
    boxes = [[0, 0, 9, 4], [1, 2, 3, 4], [5, 6, 7, 8]]
    expected = Detections.of([0, 4, 4], [2, 0, 1], boxes, [0.25, 0.5, 1])
    assert_same(read_ilsvrc_results(path, make_frame_list()), expected)
    path.write_text(path.read_text().replace("5 1\t", "5.0 1\t"))
    assert_same(read_ilsvrc_results(path, make_frame_list()), expected)


@pytest.mark.parametrize("good", ["1 1 0.5 1 2 3 4", "1 1 7 0.5 1 2 3 4"])
@pytest.mark.parametrize(
    ("place", "word", "message"),
    [
        (0, "0", "frame 0 is not one of 1 to 6; "),
        (0, "7", "frame 7 is not one of 1 to 6; "),
        (0, "1.5", "frame 1.5 is not a whole number"),
        (0, "99999999999999999999", "does not fit into 64 bits"),
        (1, "0", "class 0 is not one of 1 to 3; "),
        (1, "4", "class 4 is not one of 1 to 3; "),
        (1, "dog", "'dog' is not a number, in"),
        (-5, "nan", "the score is nan"),
        (-5, "-inf", "the score is -inf"),
        (-5, "high", "'high' is not a number, in"),
        (-4, "nan", "the corners are"),
        (-4, "3.5", "negative size"),
        (-1, "1", "negative size"),
        (-1, "1e999", "the corners are"),
        (-1, "", "there are . columns, not . as in the first line, in"),
        (-1, "4 4", "there are . columns, not . as in the first line, in"),
    ],
)
def test_wrong_lines_are_named(
    make_frame_list: Make, path: Path, good: str, place: int, word: str, message: str
) -> None:
    words = good.split()
    words[place] = word
    path.write_text(f"{good.replace(' 7 ', ' 8 ')}\n\n{' '.join(words)}\n")
    with pytest.raises(ValueError, match=rf"results\.txt:3: .*{message}"):
        read_ilsvrc_results(path, make_frame_list())


def test_other_errors(make_frame_list: Make, path: Path) -> None:
    frames = make_frame_list()
    with pytest.raises(FileNotFoundError, match=r"results\.txt: there is no such file"):
        read_ilsvrc_results(path, frames)
    path.write_text("\n1 1 0.5 1 2 3\n")
    with pytest.raises(ValueError, match=r"results\.txt:2: there are 6 columns, not 7 .* or 8"):
        read_ilsvrc_results(path, frames)
    path.write_text("1 1 7 0.5 1 2 3 4\n2 1 7 0.5 1 2 3 4\n1 2 7 0.5 1 2 3 4\n")
    with pytest.raises(ValueError, match=r"results\.txt:3: track 7 is in this frame already"):
        read_ilsvrc_results(path, frames)
    path.write_text("1 1 -2 0.5 1 2 3 4\n")
    with pytest.raises(ValueError, match=r"results\.txt:1: the track is -2"):
        read_ilsvrc_results(path, frames)
    path.write_bytes(b"1 1 0.5 1 2 3 4\n1 1 0.5 1 2 3 \xff\n")
    with pytest.raises(ValueError, match="not a text in UTF-8"):
        read_ilsvrc_results(path, frames)
    path.write_text("precious")
    with pytest.raises(ValueError, match="detection 0: its frame 6"):
        write_ilsvrc_results(path, Detections.of([6], [0], [[0, 0, 1, 1]], [1]), frames)
    assert path.read_text() == "precious"
