"""ImageNet VID (videos) and DET (stills) in the layout of ILSVRC2015, as Detectron2 data sets."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from detectron2.data import DatasetCatalog, MetadataCatalog

from ..faults import Leniency, current_leniency
from ..vid_classes import VID_CLASSES
from .annotations import Repairs, class_ids
from .frame_dicts import FrameDicts
from .frames import make_dicts, still_frames, video_frames
from .layout import expand_root, find_root, listed_videos, read_list
from .xml_cache import read_folders
from .xml_table import Ints

logger = logging.getLogger(__name__)


def register_imagenet_vid(
    name: str, root: str, lists: str | Sequence[str], class_names: Sequence[str] = VID_CLASSES
) -> None:
    """Register a data set of videos under ``name``. Nothing is read before it is used; see :func:`load_vid`.

    Args:
        name: for ``DATASETS.TRAIN`` and ``DATASETS.TEST``.
        root: the folder with ``Data, Annotations, ImageSets``; "$DETECTRON2_DATASETS/..." is expanded when read.
        lists, class_names: see :func:`load_vid`.
    """
    DatasetCatalog.register(name, lambda: load_vid(root, lists, class_names, lenient=current_leniency()))
    _describe(name, "video", root, class_names)


def register_imagenet_det(
    name: str,
    root: str,
    lists: str | Sequence[str],
    class_names: Sequence[str] = VID_CLASSES,
    *,
    max_per_class: int = 0,
    keep_empty: bool = False,
) -> None:
    """Register a data set of stills under ``name``. Nothing is read before it is used; see :func:`load_det`."""

    def load() -> FrameDicts:
        limits = {"max_per_class": max_per_class, "keep_empty": keep_empty}
        return load_det(root, lists, class_names, **limits, lenient=current_leniency())  # type: ignore[arg-type]

    DatasetCatalog.register(name, load)
    _describe(name, "still", root, class_names)


def _describe(name: str, kind: str, root: str, class_names: Sequence[str]) -> None:
    MetadataCatalog.get(name).set(
        thing_classes=list(class_names), evaluator_type="vid", kind=kind, dirname=expand_root(root)
    )


def load_vid(
    root: str,
    lists: str | Sequence[str],
    class_names: Sequence[str] = VID_CLASSES,
    *,
    workers: int = 0,
    lenient: Leniency | None = None,
) -> FrameDicts:
    """Read videos, one dict per frame, video by video and in order.

    What the XML say is kept (see :mod:`dnt_d2.data.xml_cache`): the next time, only those that changed are read.

    Args:
        root: the folder with ``Data/VID, Annotations/VID, ImageSets/VID``. Frames are ``<number>.JPEG``, numbered
            without gaps (from 000000 in ILSVRC), annotations ``<number>.xml``.
        lists: names of lists in ``ImageSets/VID``, of whole videos ("<video> 1", as train_1 ... train_30) or of
            frames ("<video>/<frame> <id>", as val). See :func:`dnt_d2.data.layout.read_list` for the paths.
        class_names: the classes, in the order of their ids. An annotation gives the name or its WordNet id.
        workers: processes that read XML, see :func:`dnt_d2.data.xml_reading.count_workers`.
        lenient: counts what is missing or wrong, which is then left out (:mod:`dnt_d2.faults`); None makes it an error.

    Returns:
        Detectron2 dicts, each made when it is asked for, with ``file_name, image_id, height, width, video_id,
        frame_index, video_length, annotations`` (see :func:`dnt_d2.data.annotations.read_annotation`). ``image_id`` is
        the id in the list, where all are there and differ, else a running number from 1; ``video_id`` is the place
        among the listed videos, from 0. ``frame_index`` and ``video_length`` count the frames on disk, also where a
        list has only some of them.

    Raises:
        FileNotFoundError: the root, a list, an image or an annotation is missing.
        ValueError: a list, a frame's name or an annotation is wrong. Each message names the file.
    """
    root, start, repairs = find_root(root), time.perf_counter(), Repairs()
    classes = class_ids(class_names)
    names = _names(lists)
    videos = listed_videos(root, names)
    _need_entries(videos, root, "VID", names)
    logger.info(f"Reading {len(videos)} videos of {_short(names)} from {root} ...")
    found, table = read_folders(root, "VID", list(videos), workers=workers)
    frames = video_frames(root, videos, found, lenient)
    dicts = make_dicts(root, "VID", frames, table, classes, repairs, lenient)
    dicts = _number_images(dicts)
    _report(f"{len(videos)} videos, {len(dicts)} frames of {_short(names)} from {root}", start, repairs)
    return dicts


def load_det(
    root: str,
    lists: str | Sequence[str],
    class_names: Sequence[str] = VID_CLASSES,
    *,
    max_per_class: int = 0,
    keep_empty: bool = False,
    workers: int = 0,
    lenient: Leniency | None = None,
) -> FrameDicts:
    """Read stills: each is a video of length 1, whose objects are numbered by position.

    Args:
        root: the folder with ``Data/DET, Annotations/DET, ImageSets/DET``.
        lists: names of lists in ``ImageSets/DET``, of images: "<path without extension> <id>". An image that is
            listed twice is read once.
        class_names: objects of other classes are left out (DET-30 when these are the 30 classes of VID).
        max_per_class: keep at most this many images of each class, evenly spaced in list order (sec. 5.2: 2000);
            0 keeps all. An image stays if one of its classes chose it.
        keep_empty: keep images without an object of these classes. The negatives of ILSVRC2013 (folders
            ``ILSVRC2013_train_extra<n>``), for which no annotations were published, are left out always.
        workers, lenient: as in :func:`load_vid`.

    Returns:
        Dicts as from :func:`load_vid`; ``video_id`` is the place in the result.

    Raises:
        FileNotFoundError, ValueError: as in :func:`load_vid`.
    """
    root, start, repairs = find_root(root), time.perf_counter(), Repairs()
    classes = class_ids(class_names)
    names = _names(lists)
    paths = dict(entry for name in names for entry in read_list(root, "DET", name))
    _need_entries(paths, root, "DET", names)
    logger.info(f"Reading the annotations of {len(paths)} images of {_short(names)} from {root} ...")
    found, table = read_folders(root, "DET", list(dict.fromkeys(map(os.path.dirname, paths))), workers=workers)
    dicts = make_dicts(root, "DET", still_frames(root, paths, found, lenient), table, classes, repairs, lenient)
    if not keep_empty:
        dicts = dicts.take(np.flatnonzero(dicts.annotations.count))
    if max_per_class:
        dicts = dicts.take(_at_most_per_class(dicts, max_per_class))
    dicts = _number_images(replace(dicts, video_id=np.arange(len(dicts))))
    _report(f"{len(dicts)} of {len(paths)} images of {_short(names)} from {root}", start, repairs)
    return dicts


def evenly_spaced(count: int, total: int) -> list[int]:
    """The middles of ``count`` equal parts of ``range(total)``: floor((i + 0.5) * total / count); all if too few."""
    return list(range(total)) if count >= total else [(2 * i + 1) * total // (2 * count) for i in range(count)]


def _names(lists: str | Sequence[str]) -> list[str]:
    return [lists] if isinstance(lists, str) else list(lists)


def _short(names: list[str]) -> str:
    return ", ".join(names) if len(names) < 4 else f"{names[0]} ... {names[-1]}"


def _need_entries(entries: Collection[str], root: str, part: str, names: list[str]) -> None:
    if not entries:
        raise ValueError(
            f"{root}/ImageSets/{part}/{_short(names)}.txt: nothing is listed; write a path a line, or take the list "
            "away: where there is none, all that is in the folder of its name is taken"
        )


def _number_images(dicts: FrameDicts) -> FrameDicts:
    """With running numbers from 1, where not each image has an id of its own."""
    if dicts.image_id[:1].tolist() != [None]:  # which is that of whole videos
        ids = set(dicts.image_id.tolist())
        if None not in ids and len(ids) == len(dicts):
            return dicts
    return replace(dicts, image_id=np.arange(1, len(dicts) + 1))


def _at_most_per_class(dicts: FrameDicts, limit: int) -> Ints:
    """The places of evenly spaced images of each class, and of those without an object."""
    count, category = dicts.annotations.count, dicts.annotations.category
    image = np.repeat(np.arange(len(dicts)), count)
    kept = count == 0
    for members in (np.unique(image[category == c]) for c in np.unique(category)):
        kept[members[evenly_spaced(limit, len(members))]] = True
    return np.flatnonzero(kept)


def _report(what: str, start: float, repairs: Repairs) -> None:
    logger.info(f"Read {what} in {time.perf_counter() - start:.1f} s")
    if repairs:
        logger.warning(f"In {what}: {repairs}")
