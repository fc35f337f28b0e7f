"""Results as COCO has them, plus tracks: ``[{image_id, category_id, bbox, score, track_id}, ...]`` in JSON.

``bbox`` is [x1, y1, x2 - x1, y2 - y1] of inclusive 0-based corners, px, as in COCO-VID JSON.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal, localcontext
from typing import Any

import numpy as np

from ..bounded.json import read_json
from ..whole_file import whole_file
from .coco_vid import parse_file, read_categories
from .result_rows import EXACT, Rows, check_before_writing, check_boxes, parts, refuse, shortest
from .results import Detections, FrameList, IntArray

_NUMBERS = (Decimal, int)  # NaN and Infinity, which are not JSON, are parsed as float
_PACKED = object()


def read_category_ids(path: str | os.PathLike[str]) -> list[int]:
    """The category ids of a COCO-VID JSON, in the order of the classes that ``read_coco_vid`` finds there.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: something in it is wrong.
    """
    name = os.fspath(path)
    return list(read_categories(parse_file(name)["categories"], name))


def write_coco_results(
    path: str | os.PathLike[str],
    detections: Detections,
    frames: FrameList,
    category_ids: Sequence[int] | None = None,
) -> None:
    """Write a file, an entry a line. Scores and corners come back exactly; ``track_id`` is left out where it is -1.

    Args:
        path: of the JSON.
        detections: what to write.
        frames: the frames that it speaks of.
        category_ids: of the C classes; None counts them from 1. See :func:`read_category_ids`.

    Raises:
        ValueError: category ids that are not one for each class; detections that :func:`read_coco_results` would
            refuse.
    """
    categories = _check_categories(category_ids, frames)
    check_before_writing(detections, frames)
    separator = b"\n"
    with whole_file(path) as file:
        file.write(b"[")
        for part in parts(detections):
            entries = coco_entries(part, frames.image_ids[part.frames], categories[part.classes])
            file.write(separator + ",\n".join(entries).encode())
            separator = b",\n"
        file.write(b"\n]\n")


def read_coco_results(
    path: str | os.PathLike[str], frames: FrameList, category_ids: Sequence[int] | None = None
) -> Detections:
    """Read a file. Other keys, such as ``segmentation``, are not read; ``track_id`` may be missing, null or -1.

    Beside the text itself about 72 bytes an entry are held, not the entries.

    Args:
        path: of the JSON.
        frames: the frames that it speaks of.
        category_ids: of the C classes; None counts them from 1.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: category ids that are not one for each class; or an entry is wrong, the message says which.
    """
    categories, name = _check_categories(category_ids, frames), os.fspath(path)
    rows = _read(name)
    images, labels, tracks = rows.whole().T

    def place(row: int) -> str:
        return _place(name, row)

    numbers, classes = _find(frames.image_ids, images), _find(categories, labels)
    remedy = "the results must be of this data set"
    refuse(numbers < 0, place, lambda row: f"'image_id' {images[row]} is no image of the data set; {remedy}")
    refuse(
        classes < 0,
        place,
        lambda row: f"'category_id' {labels[row]} is not one of {_some(categories)}; {remedy}, with its category ids",
    )
    values = rows.values()
    check_boxes(numbers, values[:, 1:], values[:, 0], tracks, place)
    return Detections.of(numbers, classes, values[:, 1:], values[:, 0], tracks)


def _check_categories(category_ids: Sequence[int] | None, frames: FrameList) -> IntArray:
    count = len(frames.class_names)
    if category_ids is None:
        return np.arange(1, count + 1)
    if len(category_ids) != count or len(set(category_ids)) != count:
        raise ValueError(f"category ids {list(category_ids)} are not {count} different ones; give one for each class")
    return np.asarray(category_ids, dtype=np.int64).reshape(-1)


def coco_entries(part: Detections, image_ids: IntArray, category_ids: IntArray) -> Iterator[str]:
    """The entries of N boxes, as JSON.

    Args:
        part: the boxes.
        image_ids: (N,) of their frames.
        category_ids: (N,) of their classes.
    """
    x1, y1, x2, y2 = (shortest(column) for column in part.boxes.T)
    images, labels = image_ids.tolist(), category_ids.tolist()
    ends = [f', "track_id": {track}}}' if track >= 0 else "}" for track in part.tracks.tolist()]
    with localcontext(EXACT):
        widths = [Decimal(b) - Decimal(a) for a, b in zip(x1, x2, strict=True)]
        heights = [Decimal(b) - Decimal(a) for a, b in zip(y1, y2, strict=True)]
    for image, label, x, y, w, h, score, end in zip(
        images, labels, x1, y1, widths, heights, shortest(part.scores), ends, strict=True
    ):
        yield f'{{"image_id": {image}, "category_id": {label}, "bbox": [{x}, {y}, {w}, {h}], "score": {score}{end}'


def _read(path: str) -> Rows:
    rows = Rows(3)

    def take(entry: dict[str, Any]) -> object:
        """Pack an entry as soon as it is parsed. What is none, or a wrong one, stays as it is, to be named later."""
        try:
            rows.add(len(rows), *_row(entry))
        except (ValueError, ArithmeticError):
            return entry
        return _PACKED

    with localcontext(EXACT):
        try:
            content = read_json(path, parse_float=Decimal, take=take, constants=True)
        except FileNotFoundError:
            raise FileNotFoundError(f"{path}: there is no such file of results; correct the path") from None
    if not isinstance(content, list):
        raise ValueError(f"{path}: this is no list of entries; results are one, [] where there is nothing")
    for number, entry in enumerate(content):
        if entry is not _PACKED:
            _explain(_place(path, number), entry)
    if len(rows) != len(content):
        raise ValueError(f"{path}: there are entries inside of entries; write a flat list")
    return rows


def _explain(place: str, entry: Any) -> None:
    """Say why an entry is none. Those inside of others are no objects any more."""
    if not isinstance(entry, dict):
        raise ValueError(f"{place}: it is no object with image_id, category_id, bbox, score; correct the list")
    try:
        _row(entry)
    except ValueError as error:
        raise ValueError(f"{place}: {error}; correct the entry") from None
    except ArithmeticError:
        raise ValueError(f"{place}: its numbers are too large; correct the entry") from None


def _row(entry: dict[str, Any]) -> tuple[tuple[int, int, int], tuple[float, float, float, float, float]]:
    """Image, category, track; score, x1, y1, x2, y2."""
    get: Callable[[str], Any] = entry.get
    image, category, track, score, bbox = map(get, ("image_id", "category_id", "track_id", "score", "bbox"))
    track = -1 if track is None else track
    for key, value in (("image_id", image), ("category_id", category), ("track_id", track)):
        if type(value) is not int or value.bit_length() > 63:
            raise ValueError(f"{key!r} is {_said(value)}, not a whole number of 64 bits")
    if type(bbox) is not list or len(bbox) != 4 or not all(type(value) in _NUMBERS for value in bbox):
        raise ValueError(f"'bbox' is {_said(bbox)}, not [x1, y1, width, height] of finite numbers")
    if type(score) not in _NUMBERS:
        raise ValueError(f"'score' is {_said(score)}, not a finite number")
    x, y, w, h = bbox
    return (image, category, track), (float(score), float(x), float(y), float(x + w), float(y + h))


def _said(value: Any) -> str:
    """A value as the file has it."""
    return "missing" if value is None else json.dumps(value, default=_plain)[:80]


def _plain(value: object) -> float | str:
    return float(value) if isinstance(value, Decimal) else "an entry"


def _place(path: str, number: int) -> str:
    return f"{path}: entry {number}, counted from 0"


def _find(known: IntArray, wanted: IntArray) -> IntArray:
    """The places (N,) of values in ``known``; -1 for those that are not there."""
    order = np.argsort(known, kind="stable")
    places = np.searchsorted(known, wanted, sorter=order)
    places = np.append(order, -1)[places]
    return np.where(np.append(known, 0)[places] == wanted, places, -1)


def _some(values: IntArray) -> str:
    shown = ", ".join(map(str, values[:10].tolist()))
    return f"{shown}, ..." if len(values) > 10 else shown
