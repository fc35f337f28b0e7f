"""Data sets as a :class:`dnt_d2.formats.VideoSet`, from where every other format can be written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..formats import VideoSet, read_coco_vid, read_mot
from ..vid_classes import VID_CLASSES
from .imagenet_vid import load_det, load_vid
from .layout import expand_root

SOURCES = ("ilsvrc_vid", "ilsvrc_det", "coco_vid", "mot")


def read_video_set(
    source: str,
    kind: str,
    *,
    lists: Sequence[str] = (),
    class_names: Sequence[str] | None = None,
    images: str | None = None,
    stills: bool = False,
) -> VideoSet:
    """Read a data set of any format.

    Boxes of ILSVRC are those that training would see (clipped, without repeated tracks ...), which is logged; other
    formats are taken as they are.

    Args:
        source: the folder, or the JSON; variables and "~" are expanded.
        kind: one of :data:`SOURCES`.
        lists: names of lists, for ILSVRC and MOT.
        class_names: the classes, in the order of their ids. None takes those of ImageNet VID, or of the file.
        images: of a COCO-VID JSON: the folder that its file names are relative to; None is its own.
        stills: of a COCO-VID JSON: whether it is of stills.

    Raises:
        ValueError: the format is unknown, or lacks what it needs, or the readers say so.
        FileNotFoundError: as the readers say.
    """
    path = expand_root(source)
    if kind == "coco_vid":
        if lists or class_names is not None:
            raise ValueError("a COCO-VID JSON has its own classes and no lists; leave both out")
        return read_coco_vid(path, image_folder(source, kind, images), "still" if stills else "video")
    if images is not None or stills:
        raise ValueError(f"only a COCO-VID JSON has its images elsewhere, or stills; {kind} knows by itself")
    if kind == "mot":
        return read_mot(path, class_names, lists)
    if kind not in SOURCES:
        raise ValueError(f"the format {kind!r} is unknown; dnt_d2 reads {', '.join(SOURCES)}")
    if not lists:
        raise ValueError(f"{kind} needs the names of lists in ImageSets, 'val' for one")
    return _read_ilsvrc(path, kind, lists, VID_CLASSES if class_names is None else class_names)


def _read_ilsvrc(root: str, kind: str, lists: Sequence[str], class_names: Sequence[str]) -> VideoSet:
    still = kind == "ilsvrc_det"
    frames = list((load_det if still else load_vid)(root, lists, class_names))
    data = Path(root, "Data", "DET" if still else "VID")
    names: list[str] = []
    for frame in frames:
        if frame["video_id"] == len(names):
            path = Path(frame["file_name"]).relative_to(data)
            names.append((path.with_suffix("") if still else path.parent).as_posix())
    return VideoSet(frames, names, list(class_names), "still" if still else "video")


def image_folder(source: str, kind: str, images: str | None = None) -> str:
    """The folder that holds all images of a data set; arguments as for :func:`read_video_set`."""
    if kind == "coco_vid":
        return os.path.dirname(expand_root(source)) if images is None else expand_root(images)
    part = {"ilsvrc_vid": "Data/VID", "ilsvrc_det": "Data/DET", "mot": ""}[kind]
    return os.path.join(expand_root(source), part)
