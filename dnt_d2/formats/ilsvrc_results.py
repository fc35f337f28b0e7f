"""Results as ILSVRC's devkit for video reads them: a text with a box in each line.

A line is ``frame class score x1 y1 x2 y2`` (the devkit of 2015) or ``frame class track score x1 y1 x2 y2`` (later
ones). Frames count from 1 over all videos in the order of the list, classes from 1; corners are inclusive and 0-based.
"""

from __future__ import annotations

import os
import warnings

import numpy as np
from numpy.typing import NDArray

from ..bounded.numbers import shortened, to_float
from ..geometry import FloatArray
from ..whole_file import whole_file
from .result_rows import (
    Rows,
    check_before_writing,
    check_boxes,
    check_range,
    open_results,
    parts,
    shortest,
    to_whole,
)
from .results import Detections, FrameList, IntArray

_PLAIN, _TRACKED = 7, 8  # columns
_WHOLE = ("frame", "class", "track")
_ROWS = 1 << 20  # that NumPy reads at a time, so that few are held twice


def write_ilsvrc_results(
    path: str | os.PathLike[str], detections: Detections, frames: FrameList, *, tracks: bool = False
) -> None:
    """Write a file. Scores and corners come back exactly, so that no two scores become one.

    Args:
        path: of the text.
        detections: what to write.
        frames: the frames that it speaks of.
        tracks: write the later form, with -1 for a box without a track; otherwise tracks are left out.

    Raises:
        ValueError: detections that :func:`read_ilsvrc_results` would refuse.
    """
    check_before_writing(detections, frames)
    with whole_file(path) as file:
        for part in parts(detections):
            file.write(ilsvrc_lines(part, tracks=tracks).encode())


def ilsvrc_lines(part: Detections, *, tracks: bool) -> str:
    """The lines of boxes, whose frames are numbered over all videos from 0; see :func:`write_ilsvrc_results`."""
    whole = [part.frames + 1, part.classes + 1, *([part.tracks] if tracks else [])]
    columns = [map(str, column.tolist()) for column in whole]
    texts = [shortest(column) for column in (part.scores, *part.boxes.T)]
    return "".join(f"{' '.join(row)}\n" for row in zip(*columns, *texts, strict=True))


def read_ilsvrc_results(path: str | os.PathLike[str], frames: FrameList) -> Detections:
    """Read a file of either form; the number of columns in its first line says which.

    Args:
        path: of the text; without lines it is without detections.
        frames: the frames that it speaks of.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a line is wrong; the message names file and line.
    """
    name = os.fspath(path)
    num_columns = _num_columns(name)
    try:
        whole, values = _read_fast(name, num_columns)
    except (ValueError, DeprecationWarning):
        # Numbers in unusual writing, which is fine, or a wrong line, which is named.
        whole, values = _read_lines(name, num_columns)

    def place(row: int) -> str:
        return f"{name}:{_line_of(name, row)}"

    check_range(whole[:, 0], len(frames), "frame", place, "the file must speak of this data set's list of frames")
    check_range(whole[:, 1], len(frames.class_names), "class", place, "classes count from 1, in the data set's order")
    tracks = whole[:, 2] if num_columns == _TRACKED else np.full(len(whole), -1)
    check_boxes(whole[:, 0], values[:, 1:], values[:, 0], tracks, place)
    return Detections.of(whole[:, 0] - 1, whole[:, 1] - 1, values[:, 1:], values[:, 0], tracks)


def _num_columns(path: str) -> int:
    with open_results(path) as file:
        for number, line in enumerate(file, 1):
            count = len(line.split())
            if count in (_PLAIN, _TRACKED):
                return count
            if count:
                raise ValueError(
                    f"{path}:{number}: there are {count} columns, not {_PLAIN} (frame class score x1 y1 x2 y2) or "
                    f"{_TRACKED} (frame class track score x1 y1 x2 y2); correct the line"
                )
    return _PLAIN


def _read_fast(path: str, num_columns: int) -> tuple[IntArray, FloatArray]:
    """Whole numbers (N, 2 or 3) and score, x1, y1, x2, y2 (N, 5); by NumPy, whose errors don't name the line."""
    num_whole = num_columns - 5
    form = np.dtype([("whole", np.int64, (num_whole,)), ("values", np.float64, (5,))])
    found: list[NDArray[np.void]] = [np.zeros(0, form)]
    with open_results(path, again=True) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that there are no more lines
        warnings.simplefilter("error", DeprecationWarning)  # older versions cut 1.5 to 1
        while True:
            found.append(np.loadtxt(file, form, comments=None, max_rows=_ROWS, ndmin=1))
            if len(found[-1]) < _ROWS:
                break
    return np.concatenate([part["whole"] for part in found]), np.concatenate([part["values"] for part in found])


def _read_lines(path: str, num_columns: int) -> tuple[IntArray, FloatArray]:
    """The same, line by line."""
    names = _WHOLE[: num_columns - 5]
    rows = Rows(len(names))
    with open_results(path, again=True) as file:
        for number, line in enumerate(file, 1):
            words = line.split()
            if not words:
                continue
            try:
                if len(words) != num_columns:
                    raise ValueError(f"there are {len(words)} columns, not {num_columns} as in the first line")
                whole = [to_whole(word, name) for word, name in zip(words[:-5], names, strict=True)]
                rows.add(number, whole, [to_float(word) for word in words[-5:]])
            except ValueError as error:
                reason, text = shortened(str(error), 160), shortened(line.strip())
                raise ValueError(f"{path}:{number}: {reason}, in {text!r}; correct the line") from None
    return rows.whole(), rows.values()


def _line_of(path: str, row: int) -> int:
    """The number of the line that holds a row: lines without words hold none."""
    with open_results(path, again=True) as file:
        numbers = (number for number, line in enumerate(file, 1) if line.split())
        return next(number for place, number in enumerate(numbers) if place == row)
