"""Formats: videos with their objects, and what a network says of them, read from and written to files of other tools.

Of videos every reader gives a :class:`VideoSet`, every writer takes one; of results :class:`Detections` in the frames
of a :class:`FrameList`. :class:`TrackWriter` takes the results of one video, frame by frame. Importing this package
loads neither Detectron2 nor torch. What holds results needs NumPy, and is loaded when it is first touched (PEP 562).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .coco_vid import read_coco_vid, write_coco_vid
from .ilsvrc import write_ilsvrc
from .mot import read_mot
from .mot_writer import write_mot
from .video_set import VideoSet

if TYPE_CHECKING:
    from .coco_results import read_category_ids, read_coco_results, write_coco_results
    from .csv_results import read_csv_results, write_csv_results
    from .ilsvrc_results import read_ilsvrc_results, write_ilsvrc_results
    from .mot_results import read_mot_results, write_mot_results
    from .results import Detections, FrameList
    from .track_files import TRACK_FORMATS, TrackWriter, parse_target

_HOME = {
    "Detections": "results",
    "FrameList": "results",
    "TRACK_FORMATS": "track_files",
    "TrackWriter": "track_files",
    "parse_target": "track_files",
    "read_category_ids": "coco_results",
    "read_coco_results": "coco_results",
    "read_csv_results": "csv_results",
    "read_ilsvrc_results": "ilsvrc_results",
    "read_mot_results": "mot_results",
    "write_coco_results": "coco_results",
    "write_csv_results": "csv_results",
    "write_ilsvrc_results": "ilsvrc_results",
    "write_mot_results": "mot_results",
}

__all__ = [
    "TRACK_FORMATS",
    "Detections",
    "FrameList",
    "TrackWriter",
    "VideoSet",
    "parse_target",
    "read_category_ids",
    "read_coco_results",
    "read_coco_vid",
    "read_csv_results",
    "read_ilsvrc_results",
    "read_mot",
    "read_mot_results",
    "write_coco_results",
    "write_coco_vid",
    "write_csv_results",
    "write_ilsvrc",
    "write_ilsvrc_results",
    "write_mot",
    "write_mot_results",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
