"""From the table of XML to Detectron2 annotations: the rules of ``read_annotation``, for all files at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from detectron2.structures import BoxMode
from numpy.typing import NDArray

from .annotations import Repairs, read_annotation
from .xml_table import NO_TRACK, XmlTable

Ints = NDArray[np.int64]


class UsableObjects(NamedTuple):
    """The M objects that a data set is made of, in the order of the table.

    Attributes:
        place: (M,) in the columns of objects of the table.
        row: (M,) of their XML.
        box: (M, 4) inside the image.
        category: (M,) class ids, from 0.
        track: (M,); in stills, the place of the object in its image.
    """

    place: Ints
    row: Ints
    box: NDArray[np.float64]
    category: Ints
    track: Ints


def table_annotations(
    table: XmlTable, path: Callable[[int], str], classes: Mapping[str, int], repairs: Repairs, *, still: bool = False
) -> tuple[list[int], list[int], list[list[dict[str, Any]]]]:
    """What :func:`dnt_d2.data.annotations.read_annotation` gives for each XML of a table, without reading it again.

    Args:
        table: of N files.
        path: of the n-th of them; called for those that must be read anew because something is wrong with them.
        classes, repairs, still: as there.

    Returns:
        widths, heights and annotations, N of each.

    Raises:
        FileNotFoundError, ValueError: as there, for the first file that is wrong.
    """
    wrong = wrong_rows(table, classes, still=still)
    read_anew = {int(n): read_annotation(path(int(n)), classes, repairs, still=still) for n in np.flatnonzero(wrong)}
    objects = usable_objects(table, ~wrong, classes, repairs, still=still)
    annotations = _by_row(_dicts(table, objects), objects.row, len(table))
    widths, heights = table.width.tolist(), table.height.tolist()
    for n, (width, height, found) in read_anew.items():
        widths[n], heights[n], annotations[n] = width, height, found
    return widths, heights, annotations


def wrong_rows(table: XmlTable, classes: Mapping[str, int], *, still: bool = False) -> NDArray[np.bool_]:
    """(N,) which files have something that may be an error: ``read_annotation`` has to decide, and to say what."""
    wrong = (table.width < 1) | (table.height < 1)
    if not still:
        row = np.repeat(np.arange(len(table)), table.count)
        wrong[row[(categories(table, classes) < 0) | (table.track == NO_TRACK)]] = True
    return wrong


def categories(table: XmlTable, classes: Mapping[str, int]) -> Ints:
    """(K,) the class id of each object, -1 for other classes."""
    return np.array([classes.get(name, -1) for name in table.names.tolist()] or [-1], np.int64)[table.name]


def usable_objects(
    table: XmlTable, rows: NDArray[np.bool_], classes: Mapping[str, int], repairs: Repairs, *, still: bool = False
) -> UsableObjects:
    """The objects of some rows, none of which is wrong, after the repairs; ``repairs`` counts them."""
    category, row = categories(table, classes), np.repeat(np.arange(len(table)), table.count)
    place = np.flatnonzero(rows[row])
    if still:
        repairs.other_class += int((category[place] < 0).sum())
        place = place[category[place] >= 0]
    boxes, inside = clip_boxes(table, place, row)
    has_area = (inside[:, 2:] > inside[:, :2]).all(axis=1)
    repairs.dropped += int((~has_area).sum())
    repairs.clipped += int((inside != boxes).any(axis=1)[has_area].sum())
    place, inside = place[has_area], inside[has_area]
    if still:
        track = np.arange(len(place)) - np.searchsorted(row[place], row[place])
    else:
        first = _first_of_track(row[place], table.track[place])
        repairs.repeated += len(place) - len(first)
        place, inside = place[first], inside[first]
        track = table.track[place]
    return UsableObjects(place, row[place], inside, category[place], track)


def clip_boxes(table: XmlTable, place: Ints, row: Ints) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The boxes at these places, as written and inside their image; ``row`` is that of each object of the table."""
    boxes = table.boxes[place]
    limits = np.stack([table.width, table.height] * 2, axis=1)[row[place]] - 1.0
    return boxes, np.clip(boxes, 0.0, limits)


def _first_of_track(row: Ints, track: Ints) -> Ints:
    """The places of the first object of each track in each row, ascending."""
    order = np.lexsort((track, row))  # stable
    row, track = row[order], track[order]
    new = np.ones(len(order), bool)
    new[1:] = (row[1:] != row[:-1]) | (track[1:] != track[:-1])
    return np.sort(order[new])


def _dicts(table: XmlTable, objects: UsableObjects) -> list[dict[str, Any]]:
    occluded, generated = table.occluded[objects.place], table.generated[objects.place]
    columns = (objects.box, objects.category, objects.track, occluded, generated)
    mode = BoxMode.XYXY_ABS
    return [
        {
            "bbox": bbox,
            "bbox_mode": mode,
            "category_id": category_id,
            "instance_id": instance_id,
            "occluded": occluded,
            "generated": generated,
            "iscrowd": 0,
        }
        for bbox, category_id, instance_id, occluded, generated in zip(*(c.tolist() for c in columns), strict=True)
    ]


def _by_row(items: list[dict[str, Any]], row: Ints, rows: int) -> list[list[dict[str, Any]]]:
    ends = np.cumsum(np.bincount(row, minlength=rows)).tolist()
    return [items[start:end] for start, end in zip([0, *ends], ends, strict=False)]
