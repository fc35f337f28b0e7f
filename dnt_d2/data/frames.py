"""From lists and folders to dataset dicts: which images there are, and where in the table of XML each one stands."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .annotations import Repairs, read_annotation
from .layout import IMAGE_EXTENSION, frame_names
from .listing import Listing
from .table_annotations import table_annotations
from .xml_cache import XML
from .xml_table import XmlTable

Frame = tuple[str, int | None, int, int, int]
"""file_name, image_id, video_id, frame_index, video_length of a dataset dict. (Named tuples are ten times slower.)"""

Frames = tuple[list[Frame], NDArray[np.int64]]
"""Frames, and for each its row in the table of all XML of the listings, folder by folder."""


def video_frames(root: str, videos: Mapping[str, Mapping[str, int | None]], listings: Mapping[str, Listing]) -> Frames:
    """The listed frames of videos, video by video and in order.

    Args:
        root: of the tree.
        videos: from :func:`dnt_d2.data.layout.listed_videos`.
        listings: of the XML of each video.

    Raises:
        FileNotFoundError, ValueError: as :func:`dnt_d2.data.layout.frame_names`; or a listed frame is missing.
    """
    frames: list[Frame] = []
    rows: list[int] = []
    start = 0
    for video_id, (video, wanted) in enumerate(videos.items()):
        known = listings[video].names
        names = frame_names(root, video, known)
        length, folder = len(names), f"{root}/Data/VID/{video}/"
        if missing := wanted.keys() - set(names):
            raise FileNotFoundError(f"{folder}{min(missing)}{IMAGE_EXTENSION} is listed but missing")
        places: Any = range(start, start + length)
        if names != known:
            row = {name: place for place, name in enumerate(known, start)}
            places = [row[name] for name in names]
        frames += [
            (f"{folder}{name}{IMAGE_EXTENSION}", wanted.get(name), video_id, index, length)
            for index, name in enumerate(names)
            if not wanted or name in wanted
        ]
        rows += [places[index] for index, name in enumerate(names) if not wanted or name in wanted]
        start += len(known)
    return frames, np.array(rows, np.int64)


def still_frames(root: str, paths: Mapping[str, int | None], listings: Mapping[str, Listing]) -> Frames:
    """Listed stills that have an annotation; those of ``ILSVRC2013_train_extra<n>`` need none.

    Args:
        root: of the tree.
        paths: of the images, below ``Data/DET`` and without extension, with their ids.
        listings: of the XML of each of their folders.

    Raises:
        FileNotFoundError: an annotation is missing.
    """
    there = (os.path.join(folder, name) for folder, listing in listings.items() for name in listing.names)
    row = {path: place for place, path in enumerate(there)}
    frames: list[Frame] = []
    rows: list[int] = []
    for path, image_id in paths.items():
        if path in row:
            frames.append((f"{root}/Data/DET/{path}{IMAGE_EXTENSION}", image_id, 0, 0, 1))
            rows.append(row[path])
        elif "_train_extra" not in path:
            read_annotation(f"{root}/Annotations/DET/{path}{XML}", {}, Repairs())  # says what is missing
    return frames, np.array(rows, np.int64)


def make_dicts(
    root: str, part: str, frames: Frames, table: XmlTable, classes: Mapping[str, int], repairs: Repairs
) -> list[dict[str, Any]]:
    """The dataset dict of each frame.

    Args:
        root: of the tree.
        part: "VID" or "DET"; see ``still`` in :func:`dnt_d2.data.annotations.read_annotation`.
        frames: with their rows in the table.
        table: from :func:`dnt_d2.data.xml_cache.read_xml`.
        classes, repairs: as in :func:`dnt_d2.data.annotations.read_annotation`.

    Raises:
        ValueError: an annotation is wrong; the message names the file.
    """
    images, data = frames[0], f"{root}/Data/{part}/"

    def path(n: int) -> str:
        below = images[n][0].removeprefix(data).removesuffix(IMAGE_EXTENSION)
        return f"{root}/Annotations/{part}/{below}{XML}"

    content = table_annotations(table.take(frames[1]), path, classes, repairs, still=part == "DET")
    return [
        {
            "file_name": file_name,
            "image_id": image_id,
            "height": height,
            "width": width,
            "video_id": video_id,
            "frame_index": frame_index,
            "video_length": video_length,
            "annotations": annotations,
        }
        for (file_name, image_id, video_id, frame_index, video_length), width, height, annotations in zip(
            images, *content, strict=True
        )
    ]


@contextmanager
def no_collection() -> Iterator[None]:
    """Without the collector of cycles: it would look through millions of new dicts, again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
