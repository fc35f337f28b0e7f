"""Result files by the names of their formats."""

from __future__ import annotations

import os
from pathlib import Path

from .coco_results import read_category_ids, read_coco_results, write_coco_results
from .csv_results import read_csv_results, write_csv_results
from .ilsvrc_results import read_ilsvrc_results, write_ilsvrc_results
from .mot_results import read_mot_results, write_mot_results
from .results import Detections, FrameList

EXPORTS = ("ilsvrc", "mot", "coco", "csv")


def write_results(name: str, path: str | os.PathLike[str], detections: Detections, frames: FrameList) -> None:
    """Write a file, or of "mot" a folder.

    Args:
        name: one of EXPORTS.
        path: of the file or folder.
        detections: what to write.
        frames: that it speaks of.

    Raises:
        ValueError: there is no such format, or it can't hold these detections.
    """
    if name == "ilsvrc":
        write_ilsvrc_results(path, detections, frames)
    elif name == "mot":
        write_mot_results(path, detections, frames)
    elif name == "coco":
        write_coco_results(path, detections, frames)
    elif name == "csv":
        write_csv_results(path, detections, frames)
    else:
        raise ValueError(f"there is no format {name!r}; there are {', '.join(EXPORTS)}")


def read_results(
    path: str | os.PathLike[str], frames: FrameList, *, ground_truth: str | os.PathLike[str] | None = None
) -> Detections:
    """Read a file by its ending: .json is COCO, .txt ILSVRC, .csv CSV; a folder is MOT.

    Args:
        path: of the file or folder.
        frames: that it speaks of.
        ground_truth: the COCO-VID JSON whose category ids a COCO file uses; None counts them from 1.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: another ending, or something in it is wrong.
    """
    suffix = Path(path).suffix.lower()
    if Path(path).is_dir():
        return read_mot_results(path, frames)
    if suffix == ".json":
        ids = None if ground_truth is None else read_category_ids(ground_truth)
        return read_coco_results(path, frames, ids)
    if suffix == ".txt":
        return read_ilsvrc_results(path, frames)
    if suffix == ".csv":
        return read_csv_results(path, frames)
    raise ValueError(f"{os.fspath(path)}: results are COCO .json, ILSVRC .txt, .csv, or a folder of MOT .txt")
