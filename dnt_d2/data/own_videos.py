"""COCO-VID JSON and MOT folders as Detectron2 data sets: the same dicts, and the same repairs, as of ImageNet VID."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from detectron2.structures import BoxMode

from ..faults import Leniency
from ..formats import VideoSet, read_coco_vid, read_mot
from .annotations import Repairs, UnknownClass, class_ids, clip_box
from .frames import UNKNOWN_CLASS, no_collection
from .layout import expand_root

logger = logging.getLogger(__name__)

Dicts = list[dict[str, Any]]


@dataclass
class OwnRepairs(Repairs):
    """What was changed or left out, with what only these formats have.

    Attributes:
        ignored: objects that are marked as ignored or as a crowd; left out.
    """

    ignored: int = 0

    def __str__(self) -> str:
        return f"{super().__str__()}, {self.ignored} ignored objects and crowds left out"


def load_coco_vid(
    json_file: str,
    class_names: Sequence[str],
    images: str | None = None,
    *,
    kind: str = "video",
    keep_empty: bool = False,
    lenient: Leniency | None = None,
) -> Dicts:
    """Read a COCO-VID JSON.

    Args:
        json_file: the file; see :func:`dnt_d2.formats.read_coco_vid`. "$DETECTRON2_DATASETS", other variables and "~"
            are expanded in it and in ``images``.
        class_names: the classes, in the order of their ids: names (or WordNet ids) of its categories.
        images: the folder that ``file_name`` is relative to; None is the folder of the JSON.
        kind: "video": another class is an error. "still": each image is a still, where objects of other classes are
            left out, and then images without objects.
        keep_empty: keep stills without objects, to test on: there every detection is wrong.
        lenient: counts frames with an unknown class, which are then left out to train on; None makes them an error.

    Returns:
        Dicts as of :func:`.imagenet_vid.load_vid`. ``video_id`` is the place among the videos that have frames.

    Raises:
        FileNotFoundError: the JSON is missing. (A missing image is an error when it is used.)
        ValueError: something in it is wrong; the message names file and remedy.
    """
    path, start = expand_root(json_file), time.perf_counter()
    folder = (os.path.dirname(path) if images is None else expand_root(images)) or "."
    with no_collection():
        videos = read_coco_vid(path, folder, kind)
        return as_dicts(videos, class_names, path, start, keep_empty=keep_empty, lenient=lenient)


def load_mot(
    root: str, class_names: Sequence[str], lists: str | Sequence[str] = (), *, lenient: Leniency | None = None
) -> Dicts:
    """Read sequences in the layout of MOTChallenge.

    Args:
        root: the folder of the sequences; see :func:`dnt_d2.formats.read_mot`. Variables and "~" are expanded.
        class_names: the classes, in the order of their ids.
        lists: names of lists in ``seqmaps``; without them all sequences are read.
        lenient: as in :func:`load_coco_vid`.

    Returns:
        Dicts as of :func:`.imagenet_vid.load_vid`. ``generated`` is always 0.

    Raises:
        FileNotFoundError, ValueError: as from :func:`dnt_d2.formats.read_mot`.
    """
    path, start = expand_root(root), time.perf_counter()
    names = [lists] if isinstance(lists, str) else list(lists)
    with no_collection():
        return as_dicts(read_mot(path, class_names, names), class_names, path, start, lenient=lenient)


def as_dicts(
    videos: VideoSet,
    class_names: Sequence[str],
    source: str,
    start: float | None = None,
    *,
    keep_empty: bool = False,
    lenient: Leniency | None = None,
) -> Dicts:
    """Make dataset dicts from what a format holds: classes of this data set, boxes inside their images, one per track.

    Args:
        videos: as they were read; their frames are changed in place.
        class_names: the classes, in the order of their ids.
        source: the file or folder, for messages.
        start: when reading began, of :func:`time.perf_counter`.
        keep_empty, lenient: as in :func:`load_coco_vid`.
    """
    known, repairs = class_ids(class_names), OwnRepairs()
    ids = [known.get(name) for name in videos.class_names]
    if absent := set(range(len(class_names))) - set(ids):
        names = [class_names[i] for i in sorted(absent)]
        logger.warning(f"{source} has no category of these names: {names}; is it a matter of spelling?")
    still = videos.kind == "still"
    kept: Dicts = []
    for frame in videos.frames:
        try:
            frame["annotations"] = _annotations(frame, videos.class_names, ids, repairs, still, source)
        except UnknownClass as error:
            if lenient is None or lenient.testing:
                raise
            lenient.pass_over(UNKNOWN_CLASS, frame["file_name"], error)
            continue
        kept.append(frame)
    dicts = [frame for frame in kept if frame["annotations"] or keep_empty or not still]
    for place, frame in enumerate(dicts if still else []):
        frame["video_id"] = place
    what = f"{len(dicts)} stills" if still else f"{len(videos.video_names)} videos, {len(dicts)} frames"
    took = "" if start is None else f" in {time.perf_counter() - start:.1f} s"
    logger.info(f"Read {what} from {source}{took}")
    if repairs:
        logger.warning(f"In {source}: {repairs}")
    return dicts


def _annotations(
    frame: dict[str, Any],
    names: Sequence[str],
    ids: Sequence[int | None],
    repairs: OwnRepairs,
    still: bool,
    source: str,
) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    tracks: set[int] = set()
    for note in frame["annotations"]:
        category = ids[note["category_id"]]
        if note["iscrowd"]:
            repairs.ignored += 1
            continue
        if category is None and still:
            repairs.other_class += 1
            continue
        if category is None:
            raise UnknownClass(
                f"{source}: {names[note['category_id']]!r} in {frame['file_name']} is not one of the classes of this "
                "data set; add it to CLASSES, or take its objects out of the file"
            )
        bbox = clip_box(note["bbox"], frame["width"], frame["height"], repairs)
        if bbox is None:
            continue
        track = len(kept) if still else note["instance_id"]
        if track in tracks:
            repairs.repeated += 1
            continue
        tracks.add(track)
        changed = {"bbox": bbox, "bbox_mode": BoxMode.XYXY_ABS, "category_id": category, "instance_id": track}
        kept.append(note | changed)
    return kept
