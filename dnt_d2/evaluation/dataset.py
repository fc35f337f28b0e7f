"""What the evaluators for Detectron2 share: the data set that they are given, and the file that they leave."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from detectron2.data import DatasetCatalog, MetadataCatalog
from numpy.typing import NDArray

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


def describe(dataset: Dataset) -> Described:
    """Read a data set that is given by its registered name, or by its dicts and the names of its classes."""
    if isinstance(dataset, str):
        return Described(dataset, DatasetCatalog.get(dataset), list(MetadataCatalog.get(dataset).thing_classes))
    dicts, classes = dataset
    return Described("unnamed data set", dicts, list(classes))


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


def to_numpy(tensor: Any) -> NDArray[Any]:
    """A tensor of any device as an array."""
    return tensor.detach().cpu().numpy()
