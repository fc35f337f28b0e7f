"""Write the lists that a tree lacks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...vid_classes import VID_CLASSES
from ...whole_file import whole_file
from ..annotations import class_ids
from ..layout import IMAGE_EXTENSION
from ..listing import list_files
from ..made_lists import CLASS_LISTS, make_list
from ..table_annotations import categories
from ..xml_cache import XML, read_xml


def write_missing_lists(root: str, workers: int = 0, class_names: Sequence[str] = VID_CLASSES) -> list[str]:
    """Write those of ``train_1 ... train_30`` and ``val`` (VID), ``train`` and ``val`` (DET) that are missing.

    A video is in the list of each class that its annotations hold. With other classes than the 30 of VID, or where no
    video holds any of these, one list ``train`` of all videos is written instead.

    Args:
        root: the folder with ``Data, Annotations, ImageSets``.
        workers: processes that read annotations.
        class_names: the classes of the videos.

    Returns:
        what was done, a line for each kind; nothing where no list was missing or there is nothing to list.

    Raises:
        OSError: a list can't be written.
    """
    done: list[str] = []
    missing = [name for name in CLASS_LISTS if not _file(root, "VID", name).exists()]
    if missing and (videos := make_list(root, "VID", "train")):
        of_vid = tuple(class_names) == VID_CLASSES
        done += _write_class_lists(root, videos, missing, workers) if of_vid else _write_train_list(root, videos)
    if not _file(root, "VID", "val").exists() and (videos := make_list(root, "VID", "val")):
        frames = [
            f"{video}/{name}"
            for video in videos
            for name in list_files(f"{root}/Data/VID/{video}", IMAGE_EXTENSION).names
        ]
        done.append(_write(root, "VID", "val", frames))
    for name in ("train", "val"):
        if not _file(root, "DET", name).exists() and (images := make_list(root, "DET", name)):
            done.append(_write(root, "DET", name, images))
    return done


def _write_class_lists(root: str, videos: Sequence[str], missing: Sequence[str], workers: int) -> list[str]:
    listings = {video: list_files(f"{root}/Annotations/VID/{video}", XML) for video in videos}
    table = read_xml(root, "VID", listings, workers=workers)
    row_video = np.repeat(np.arange(len(videos)), [len(listings[video].names) for video in videos])
    category = categories(table, class_ids(VID_CLASSES))
    holds = np.zeros((len(videos), len(VID_CLASSES) + 1), bool)
    holds[np.repeat(row_video, table.count), category] = True  # the last column takes other classes
    if not holds[:, :-1].any():  # a tree with classes of its own
        return _write_train_list(root, videos)
    for k, name in enumerate(CLASS_LISTS):
        if name in missing:
            _write(root, "VID", name, [videos[i] for i in np.flatnonzero(holds[:, k]).tolist()], number=1)
    done = [f"wrote {len(missing)} lists of videos by class, {missing[0]} to {missing[-1]}"]
    left_out = [videos[i] for i in np.flatnonzero(~holds[:, :-1].any(axis=1)).tolist()]
    if left_out:
        classes = f"none of the {len(VID_CLASSES)} classes"
        done.append(f"{len(left_out)} videos hold {classes} and are in no list, such as {left_out[0]}")
    return done


def _write_train_list(root: str, videos: Sequence[str]) -> list[str]:
    exists = _file(root, "VID", "train").exists()
    return [] if exists else [_write(root, "VID", "train", videos, number=1)]


def _file(root: str, part: str, name: str) -> Path:
    return Path(root, "ImageSets", part, f"{name}.txt")


def _write(root: str, part: str, name: str, paths: Sequence[str], number: int = 0) -> str:
    """Paths are written relative to the folder of the split; numbers run from 1, or are all the same."""
    folder = name.split("_")[0] + "/"
    file = _file(root, part, name)
    lines = [f"{path.removeprefix(folder)} {number or i}\n" for i, path in enumerate(paths, 1)]
    with whole_file(file) as handle:
        handle.write("".join(lines).encode("utf-8", "surrogateescape"))
    return f"wrote {os.path.relpath(file, root)}: {len(lines)} lines"
