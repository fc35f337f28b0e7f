"""The rows of result files: packed while they are read, checked before and after, their numbers as exact text."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Context
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from ..bounded.numbers import shortened, to_float
from ..bounded.text import check_lines
from ..geometry import FloatArray
from .results import Detections, FrameList, IntArray

CHUNK = 1 << 16  # rows that are text at a time: some 10 MB
Place = Callable[[int], str]  # the number of a row to where it stands, for messages
# Sums of coordinates are exact: as binary fractions (x1 + 1) - 1 is not always x1. No two float64 need more digits.
EXACT = Context(prec=700)
_LIMIT = 2**63
_COST = 16  # bytes of memory that a byte of a text becomes, at most


class Rows:
    """Rows of whole numbers and of score, x1, y1, x2, y2, in 8 bytes a number."""

    def __init__(self, num_whole: int) -> None:
        """Without rows yet.

        Args:
            num_whole: W, the whole numbers of a row.
        """
        self._num_whole = num_whole
        self._lines, self._whole, self._values = array("q"), array("q"), array("d")

    def __len__(self) -> int:
        """The number of rows."""
        return len(self._lines)

    def add(self, line: int, whole: Sequence[int], values: Sequence[float]) -> None:
        """Add a row.

        Args:
            line: where it stands in the file.
            whole: W numbers that fit into 64 bits.
            values: score, x1, y1, x2, y2.
        """
        self._lines.append(line)
        self._whole.extend(whole)
        self._values.extend(values)

    def line(self, row: int) -> int:
        """Where a row stands in the file."""
        return self._lines[row]

    def whole(self) -> IntArray:
        """(N, W), without a copy: no more rows can be added as long as it lives."""
        return np.asarray(self._whole).reshape(-1, self._num_whole)

    def values(self) -> FloatArray:
        """(N, 5), without a copy."""
        return np.asarray(self._values).reshape(-1, 5)


@contextmanager
def open_results(path: str, newline: str | None = None, *, again: bool = False) -> Iterator[TextIO]:
    """Open a text in UTF-8; a mark of the byte order is no text.

    Args:
        path: of the text.
        newline: as of :func:`open`.
        again: it was opened before, so that its lines were checked then.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not UTF-8, or has lines that no results have, see :func:`dnt_d2.bounded.text.check_lines`.
    """
    try:
        if not again:
            check_lines(path, cost=_COST)
        with open(path, encoding="utf-8-sig", newline=newline) as file:
            yield file
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: there is no such file of results; correct the path") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: this is not a text in UTF-8 ({error}); save it as one") from None


def to_whole(text: str, what: str) -> int:
    """A whole number, also one that is written as 3.0.

    Raises:
        ValueError: it is none, or does not fit into 64 bits.
    """
    try:
        value = int(text)
    except ValueError:
        number = to_float(text)
        if not number.is_integer():
            raise ValueError(f"{what} {shortened(text.strip())} is not a whole number") from None
        value = int(number)
    if not -_LIMIT <= value < _LIMIT:
        raise ValueError(f"{what} {shortened(text.strip())} does not fit into 64 bits")
    return value


def shortest(values: NDArray[Any]) -> list[str]:
    """The shortest texts that are read as the same numbers of the same precision: 0.1 for float32's 0.1 too."""
    return list(map(repr, values.tolist())) if values.dtype == np.float64 else values.astype("U").tolist()


def parts(detections: Detections) -> Iterator[Detections]:
    """The boxes in parts whose texts fit into memory."""
    for start in range(0, len(detections), CHUNK):
        yield detections.where(slice(start, start + CHUNK))


def refuse(wrong: NDArray[np.bool_], place: Place, say: Callable[[int], str]) -> None:
    """Raise an error about the first wrong row, if there is one.

    Args:
        wrong: (N,).
        place: where a row stands.
        say: what is wrong with it, and what to do.

    Raises:
        ValueError: a row is wrong.
    """
    rows = np.flatnonzero(wrong)
    if len(rows):
        raise ValueError(f"{place(int(rows[0]))}: {say(int(rows[0]))}")


def check_range(values: IntArray, count: int, what: str, place: Place, remedy: str) -> None:
    """Check numbers that count from 1.

    Raises:
        ValueError: one is not of 1 to ``count``.
    """
    wrong = (values < 1) | (values > count)
    refuse(wrong, place, lambda row: f"{what} {values[row]} is not one of 1 to {count}; {remedy}")


def check_ids(values: IntArray, count: int, what: str, many: str, place: Place) -> None:
    """Check numbers that count from 0, of what is to be written.

    Raises:
        ValueError: one is not of 0 to ``count - 1``.
    """
    wrong = (values < 0) | (values >= count)
    refuse(wrong, place, lambda row: f"its {what} {values[row]} is not one of {count} {many}")


def find_frames(frames: FrameList, videos: IntArray, indices: IntArray, place: Place, first: int) -> IntArray:
    """The numbers of frames (N,) that are given by video and index.

    Args:
        frames: those that there are.
        videos: (N,) places of videos.
        indices: (N,) as they stand in the file.
        place: where a row stands.
        first: the index of a video's first frame there.

    Raises:
        ValueError: a video has no such frame.
    """
    numbers = frames.numbers(videos, indices - first)
    refuse(
        numbers < 0,
        place,
        lambda row: (
            f"the data set has no frame {indices[row]}, counted from {first}, of this video; correct or remove it"
        ),
    )
    return numbers


def check_boxes(frames: IntArray, boxes: NDArray[Any], scores: NDArray[Any], tracks: IntArray, place: Place) -> None:
    """Check what all formats ask for.

    Args:
        frames: (N,) frame numbers.
        boxes: (N, 4) inclusive corners.
        scores: (N,).
        tracks: (N,) ids, or -1.
        place: where a row stands.

    Raises:
        ValueError: a number that is not finite, a box of negative size, a track below -1 or twice in a frame.
    """
    refuse(~np.isfinite(scores), place, lambda row: f"the score is {scores[row]}; scores must be finite, correct it")
    finite = np.isfinite(boxes).all(axis=1)
    refuse(~finite, place, lambda row: f"the corners are {boxes[row].tolist()}; they must be finite, correct them")
    negative = (boxes[:, 2] < boxes[:, 0]) | (boxes[:, 3] < boxes[:, 1])
    refuse(
        negative,
        place,
        lambda row: f"the corners x1, y1, x2, y2 are {boxes[row].tolist()}, which is a negative size; correct the box",
    )
    refuse(tracks < -1, place, lambda row: f"the track is {tracks[row]}; number tracks from 0, -1 is a box without one")
    refuse(
        _again(frames, tracks),
        place,
        lambda row: f"track {tracks[row]} is in this frame already; give each object a track of its own",
    )


def _again(frames: IntArray, tracks: IntArray) -> NDArray[np.bool_]:
    """(N,) where a track is in a frame for the second time."""
    again = np.zeros(len(tracks), dtype=bool)
    rows = np.flatnonzero(tracks >= 0)
    rows = rows[np.lexsort((tracks[rows], frames[rows]))]  # stable: of equal ones the first comes first
    again[rows[1:]] = (np.diff(frames[rows]) == 0) & (np.diff(tracks[rows]) == 0)
    return again


def check_before_writing(detections: Detections, frames: FrameList) -> None:
    """Check what readers would refuse.

    Raises:
        ValueError: see :func:`check_boxes`; or frames or classes that the list does not have.
    """
    numbers, classes = detections.frames, detections.classes

    def bare(row: int) -> str:
        return f"detection {row}"

    def place(row: int) -> str:
        return f"detection {row} ({frames.describe(int(numbers[row]))})"

    check_ids(numbers, len(frames), "frame", "frames", bare)
    check_ids(classes, len(frames.class_names), "class", "classes", place)
    check_boxes(numbers, detections.boxes, detections.scores, detections.tracks, place)
