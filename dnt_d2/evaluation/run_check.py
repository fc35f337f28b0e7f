"""What must hold for what is read from a saved run: files are damaged, cut, mixed up, or made by other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bounded.numbers import shortened
from ..formats.results import FrameList
from .ground_truth import VideoTruth
from .video_record import VideoRecord

_SHAPES: Mapping[str, Mapping[str, tuple[str, tuple[int, ...]]]] = {
    "detections": {"boxes": ("f", (4,)), "scores": ("f", ()), "classes": ("iu", ()), "tracks": ("iu", ())},
    "candidates": {"boxes": ("f", (4,)), "scores": ("f", (-1,))},  # -1: one for each class
    "tracklets": {"boxes": ("f", (8,))},
    "proposals": {"boxes": ("f", (4,))},
}
_WORDS: dict[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "an object",
    list: "a list",
    type(None): "null",
}
_OPTIONAL = ("tracks",)


def check_kinds(content: Mapping[str, Any], kinds: Mapping[str, type]) -> None:
    """See that the values of a JSON are of these types.

    Raises:
        ValueError: one is missing, or of another type.
    """
    for key, kind in kinds.items():
        if key not in content:
            raise ValueError(f"lacks {key!r}")
        if type(content[key]) is not kind:
            raise ValueError(f"has {_in_words(type(content[key]))} as {key!r}, not {_in_words(kind)}")


def check_videos(videos: Sequence[Any]) -> dict[int, str]:
    """The names of videos by their numbers.

    Args:
        videos: objects with ``id`` and ``name``, in rising order of the former.

    Raises:
        ValueError: they are something else.
    """
    for video in videos:
        if not isinstance(video, dict) or type(video.get("id")) is not int or type(video.get("name")) is not str:
            raise ValueError("has a video without a number ('id') or a name")
    ids = [video["id"] for video in videos]
    if ids != sorted(set(ids)) or any(not -(2**63) <= video < 2**63 for video in ids):
        raise ValueError("has videos whose numbers don't rise, or are beyond 64 bits")
    return {video["id"]: video["name"] for video in videos}


_TRUTH: Mapping[str, tuple[str, int]] = {
    **dict.fromkeys(("video_ids", "frame_indices", "frames", "classes", "tracks", "image_ids"), ("iu", 1)),
    **{"boxes": ("fiu", 2), "sizes": ("iu", 2), "file_names": ("iu", 1)},
}


def check_truth_arrays(arrays: Mapping[str, NDArray[Any]]) -> None:
    """See that the arrays of ``truth.npz`` are there, have their types and dimensions, and lengths that fit.

    Raises:
        ValueError: they are or have not.
    """
    check_names(arrays, tuple(_TRUTH))
    for name, (kinds, dimensions) in _TRUTH.items():
        values = arrays[name]
        if values.dtype.kind not in kinds or values.ndim != dimensions:
            wanted = "numbers" if "f" in kinds else "whole numbers"
            raise ValueError(f"{name} is {values.dtype} {values.shape}, not {wanted} in {dimensions} dimensions")
    for first, *others in (
        ("video_ids", "frame_indices", "image_ids", "sizes"),
        ("frames", "boxes", "classes", "tracks"),
    ):
        for name in others:
            if len(arrays[name]) != len(arrays[first]):
                raise ValueError(f"{first} has {len(arrays[first])} rows, {name} has {len(arrays[name])}")


def check_video_arrays(arrays: Mapping[str, NDArray[Any]]) -> None:
    """See that a video has frames, and each of its tables a column of counts; all are columns of numbers.

    Raises:
        ValueError: they are or have not.
    """
    single = {name: values for name, values in arrays.items() if "/" not in name and name != "replaced"}
    check_names(single, ("frames", "revised"))
    tables = {name.partition("/")[0] for name in arrays if "/" in name}
    for table in sorted(tables):
        if table not in _SHAPES:
            raise ValueError(f"it has the table {shortened(table)!r}, which is not one of {', '.join(_SHAPES)}")
        if f"{table}/counts" not in arrays:
            raise ValueError(f"it lacks {table}/counts")
    for name, values in arrays.items():
        if name != "revised" and (not values.ndim or values.dtype.kind not in "fiu"):
            raise ValueError(f"{shortened(name)} is {values.dtype} {values.shape}, not a column of numbers")
    if arrays["revised"].size != 1:
        raise ValueError("revised is not a single value")


def check_truth(truth: VideoTruth, frames: FrameList, videos: Sequence[int]) -> None:
    """See that ground truth and frames are of the same videos, and their numbers in range.

    Raises:
        ValueError: they are not.
    """
    count, boxes = truth.num_frames, len(truth.frames)
    shapes = {
        "frames": (truth.frames, (boxes,)),
        "boxes": (truth.boxes, (boxes, 4)),
        "classes": (truth.classes, (boxes,)),
        "tracks": (truth.tracks, (boxes,)),
        "frame_indices": (truth.frame_indices, (count,)),
        "video_ids": (truth.video_ids, (count,)),
        "image_ids": (frames.image_ids, (count,)),
        "sizes": (frames.sizes, (count, 2)),
    }
    for name, (values, shape) in shapes.items():
        if values.shape != shape:
            raise ValueError(f"{name} {values.shape}, not {shape}")
    if len(frames.file_names) != count:
        raise ValueError(f"{len(frames.file_names)} names of files, not {count}")
    if not set(np.unique(truth.video_ids).tolist()) <= set(videos):
        raise ValueError("a video that run.json does not have")
    _in_range("frames", truth.frames, count)
    _in_range("classes", truth.classes, truth.num_classes)
    if (np.diff(truth.frames) < 0).any():
        raise ValueError("frames do not ascend")
    if not np.isfinite(truth.boxes).all():
        raise ValueError("boxes has a number that is not finite")


def check_record(record: VideoRecord, num_classes: int) -> None:
    """See that the columns of a video have the types and shapes that :class:`.video_record.VideoRecord` says.

    Raises:
        ValueError: they have not, or frames or classes can't be. Numbers need not be finite: a run keeps what a
            network said, whatever it is.
    """
    if any(values.ndim != 1 for values in (record.frames, *(rows.counts for rows in record.tables.values()))):
        raise ValueError("frames and counts must have one dimension")
    if (np.diff(record.frames) <= 0).any() or (record.frames < 0).any():
        raise ValueError("frames do not ascend from 0 or more")
    for table, rows in record.tables.items():
        if (rows.counts < 0).any():
            raise ValueError(f"{table}/counts has a number below 0")
        layout = _SHAPES[table]
        if rows.columns.keys() - layout.keys() or layout.keys() - rows.columns.keys() - {*_OPTIONAL}:
            raise ValueError(f"{table} has the columns {sorted(rows.columns)}, not {sorted(layout)}")
        for column, values in rows.columns.items():
            kinds, width = layout[column]
            shape = (len(values), *(num_classes if size < 0 else size for size in width))
            if values.shape != shape or values.dtype.kind not in kinds:
                raise ValueError(f"{table}/{column} is {values.dtype} {values.shape}, not {shape}")
    _in_range("detections/classes", record.detections.columns["classes"], num_classes)


def check_names(arrays: Mapping[str, Any], names: Sequence[str]) -> None:
    """See that there are these arrays, and no others.

    Raises:
        ValueError: one is missing, or one more is there.
    """
    for name in names:
        if name not in arrays:
            raise ValueError(f"it lacks {name!r}")
    if others := sorted(arrays.keys() - set(names)):
        raise ValueError(f"it has {shortened(others[0])!r}, which is not one of {', '.join(names)}")


def _in_words(kind: type) -> str:
    return _WORDS.get(kind, kind.__name__)


def _in_range(name: str, values: NDArray[Any], end: int) -> None:
    if len(values) and not (values.min() >= 0 and values.max() < end):
        raise ValueError(f"{name} has a number that is not one of 0 to {end - 1}")
