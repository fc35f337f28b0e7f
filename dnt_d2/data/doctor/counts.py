"""How many videos, images and boxes a data set has, as the loader will read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..annotations import Repairs, read_annotation
from ..table_annotations import usable_objects, wrong_rows
from ..xml_table import ODD
from .content import Content
from .folders import Folder
from .sets import ListedSet


@dataclass
class SetCounts:
    """The size of one data set.

    Attributes:
        part, name: as in :class:`dnt_d2.data.doctor.sets.ListedSet`.
        videos: or folders of stills.
        images: that are listed and annotated.
        empty: images without an object of the classes, which the loader leaves out of stills; None if not all
            annotations were read.
        boxes: of each class, after repairs; None likewise.
        official: whether most videos are named as in ILSVRC2015.
        example: one of the folders.
    """

    part: str
    name: str
    videos: int
    images: int
    empty: int | None
    boxes: list[int] | None
    official: bool
    example: str


def count_set(
    root: str, listed: ListedSet, folders: Mapping[str, Folder], content: Content | None, classes: Mapping[str, int]
) -> SetCounts:
    """Count one data set.

    Args:
        root: of the tree.
        listed: the data set.
        folders: all folders of its part, by path.
        content: what was read of its part, if it is all of it.
        classes: from :func:`dnt_d2.data.annotations.class_ids`.
    """
    images = 0
    for path, names in listed.folders.items():
        there = folders[path].annotations.names
        images += len(there) if names is None else len(set(names) & set(there))
    empty, boxes = None, None
    if content is not None:
        boxes, empty = _count_boxes(content, content.rows(listed.folders), classes)
    paths = list(listed.folders)
    official = sum("ILSVRC2015_" in path.rpartition("/")[2] for path in paths) * 2 > len(paths)
    example = f"{root}/Data/{listed.part}/{paths[0]}" if paths else f"{root}/Data/{listed.part}"
    return SetCounts(listed.part, listed.name, len(paths), images, empty, boxes, official, example)


def _count_boxes(content: Content, rows: NDArray[np.int64], classes: Mapping[str, int]) -> tuple[list[int], int]:
    """Boxes of each class in these XML, and the number of XML without any."""
    table = content.table.take(rows)
    good = ~wrong_rows(table, classes, still=content.still)
    objects = usable_objects(table, good, classes, Repairs(), still=content.still)
    category, with_boxes = objects.category.tolist(), len(np.unique(objects.row))
    for row in rows[table.width == ODD].tolist():  # the loader reads these once more, and may take them
        with suppress(OSError, ValueError):
            _, _, annotations = read_annotation(content.path(row), classes, Repairs(), still=content.still)
            category += [annotation["category_id"] for annotation in annotations]
            with_boxes += bool(annotations)
    boxes = np.bincount(np.array(category, np.int64), minlength=max(classes.values(), default=-1) + 1)
    return boxes.tolist(), len(table) - with_boxes


def class_table(counts: Sequence[SetCounts], class_names: Sequence[str]) -> list[list[str | int]]:
    """A row for each class that occurs: its name, and its boxes in each set."""
    columns = [count.boxes for count in counts if count.boxes is not None]
    return [
        [name, *(column[i] for column in columns)]
        for i, name in enumerate(class_names)
        if any(column[i] for column in columns)
    ]
