"""Formats: videos with their objects, read from and written to files that other tools know.

Every reader gives a :class:`VideoSet`, every writer takes one. Plain Python: importing this package loads neither
Detectron2 nor torch.
"""

from __future__ import annotations

from .coco_vid import read_coco_vid, write_coco_vid
from .ilsvrc import write_ilsvrc
from .mot import read_mot
from .mot_writer import write_mot
from .video_set import VideoSet

__all__ = ["VideoSet", "read_coco_vid", "read_mot", "write_coco_vid", "write_ilsvrc", "write_mot"]
