"""What the evaluators for Detectron2 share: the data set that they are given, and the file that they leave."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from detectron2.data import DatasetCatalog, MetadataCatalog

from ..faults import leniency
from ..formats.results import FrameList
from .ground_truth import VideoTruth
from .tables import write_json

logger = logging.getLogger(__name__)

Dataset = str | tuple[Sequence[Mapping[str, Any]], Sequence[str]]


class Described(NamedTuple):
    """A data set to evaluate on.

    Attributes:
        name: for messages.
        dicts: one per frame, as of ``DatasetCatalog``.
        classes: the names of its classes, in the order of their ids.
    """

    name: str
    dicts: Sequence[Mapping[str, Any]]
    classes: list[str]


def describe(dataset: Dataset, on_fault: str = "error") -> Described:
    """Read a data set that is given by its registered name, or by its dicts and the names of its classes.

    With ``on_fault`` "skip" images may be missing; ground truth must be whole in any case.
    """
    if isinstance(dataset, str):
        with leniency(on_fault, testing=True):
            dicts = DatasetCatalog.get(dataset)
        return Described(dataset, dicts, list(MetadataCatalog.get(dataset).thing_classes))
    dicts, classes = dataset
    return Described("unnamed data set", dicts, list(classes))


class DataSet(NamedTuple):
    """A data set, read.

    Attributes:
        name: for messages.
        truth: its ground truth.
        frames: its frames, in the same order.
    """

    name: str
    truth: VideoTruth
    frames: FrameList


def read_dataset(dataset: Dataset, on_fault: str = "error") -> DataSet:
    """Ground truth and frames of a data set; arguments as of :func:`describe`."""
    name, dicts, classes = describe(dataset, on_fault)
    ordered = sorted(dicts, key=lambda frame: (frame["video_id"], frame["frame_index"]))
    truth = VideoTruth.of(ordered, len(classes))
    return DataSet(name, truth, frame_list(ordered, classes))


def frame_list(ordered: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> FrameList:
    """The frames of dataset dicts, in the order of (video, frame index).

    A video is named as the folder of its frames, a still as its file. Where image ids are no numbers, or not unique,
    frames count from 1; where a size is missing it is 0 x 0.
    """
    ids = [frame["video_id"] for frame in ordered]
    videos, places = np.unique(np.array(ids, dtype=np.int64), return_inverse=True)
    paths = [Path(str(frame["file_name"])) for frame in ordered]
    firsts = np.searchsorted(places, np.arange(len(videos) + 1))
    names = [paths[a].stem if b - a == 1 else paths[a].parent.name for a, b in pairwise(firsts)]
    while len(set(names)) < len(names):  # again where a number behind a name makes one that is there already
        counts = Counter(names)
        names = [f"{name}-{video}" if counts[name] > 1 else name for name, video in zip(names, videos, strict=True)]
    image_ids = [frame.get("image_id") for frame in ordered]
    if len(set(image_ids)) < len(ordered) or not all(isinstance(i, (int, np.integer)) for i in image_ids):
        image_ids = list(range(1, len(ordered) + 1))
    sizes = [(frame.get("width", 0), frame.get("height", 0)) for frame in ordered]
    return FrameList(
        names,
        list(classes),
        places.reshape(-1),
        np.array([frame["frame_index"] for frame in ordered], dtype=np.int64),
        np.array(image_ids, dtype=np.int64),
        np.array(sizes, dtype=np.int64).reshape(-1, 2),
        [str(frame["file_name"]) for frame in ordered],
    )


def output_folder(parent: str, dataset: Dataset) -> str:
    """Where results go: ``inference/<dataset>`` in OUTPUT_DIR, without the last part where it has no name."""
    return os.path.join(parent, "inference", *([dataset] if isinstance(dataset, str) else []))


def save_results(folder: str | None, file_name: str, content: Mapping[str, Any]) -> None:
    """Write results as JSON, and say where; None writes nothing."""
    if folder is None:
        return
    path = Path(folder, file_name)
    write_json(path, content)
    logger.info(f"results written to {path}")
