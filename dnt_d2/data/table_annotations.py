"""From the table of XML to Detectron2 annotations: the rules of ``read_annotation``, for all files at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from detectron2.structures import BoxMode
from numpy.typing import NDArray

from .annotations import Repairs
from .odd_annotations import read_odd
from .xml_table import NO_TRACK, Ints, Numbers, XmlTable, runs


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
    track: Numbers


@dataclass(frozen=True, eq=False)
class Annotations:
    """The annotations of N images with K objects, as columns.

    Attributes:
        width, height: (N,) px.
        start: (N + 1,) the first object of each image, and K.
        box: (K, 4) x1, y1, x2, y2.
        category, track, occluded, generated: (K,) as in :func:`dnt_d2.data.annotations.read_annotation`.
    """

    width: Ints
    height: Ints
    start: Ints
    box: NDArray[np.float64]
    category: Ints
    track: Numbers
    occluded: Numbers
    generated: Numbers

    @property
    def count(self) -> Ints:
        """(N,) objects of each image."""
        return np.diff(self.start)

    def take(self, places: Ints) -> Annotations:
        """Those of these images, in this order."""
        count = self.count[places]
        objects = runs(self.start[places], count)
        return Annotations(
            self.width[places],
            self.height[places],
            _edges(count),
            np.take(self.box, objects, axis=0),
            self.category[objects],
            self.track[objects],
            self.occluded[objects],
            self.generated[objects],
        )

    def dicts(self, first: int, last: int) -> list[list[dict[str, Any]]]:
        """Those of images ``first`` to ``last - 1``, as ``read_annotation`` gives them."""
        edges = self.start[first : last + 1].tolist()
        where = slice(edges[0], edges[-1])
        columns = (self.box, self.category, self.track, self.occluded, self.generated)
        mode = BoxMode.XYXY_ABS
        objects = [
            {
                "bbox": bbox,
                "bbox_mode": mode,
                "category_id": category_id,
                "instance_id": instance_id,
                "occluded": occluded,
                "generated": generated,
                "iscrowd": 0,
            }
            for bbox, category_id, instance_id, occluded, generated in zip(
                *(column[where].tolist() for column in columns), strict=True
            )
        ]
        return [objects[a - edges[0] : b - edges[0]] for a, b in pairwise(edges)]


def table_annotations(
    table: XmlTable,
    path: Callable[[int], str],
    classes: Mapping[str, int],
    repairs: Repairs,
    *,
    still: bool = False,
    failed: Callable[[int, Exception], None] | None = None,
) -> Annotations:
    """What :func:`dnt_d2.data.annotations.read_annotation` gives for each XML of a table, without reading it again.

    Args:
        table: of N files.
        path: of the n-th of them; called for those that must be read anew because something is wrong with them.
        classes, repairs, still: as there.
        failed: see :func:`.odd_annotations.read_odd`; a file that it is told of has no objects here.

    Raises:
        FileNotFoundError, ValueError: as there, for the first file that is wrong.
    """
    wrong = wrong_rows(table, classes, still=still)
    read_anew = read_odd(np.flatnonzero(wrong).tolist(), path, classes, repairs, still=still, failed=failed)
    objects = usable_objects(table, ~wrong, classes, repairs, still=still)
    result = Annotations(
        table.width,
        table.height,
        _edges(np.bincount(objects.row, minlength=len(table))),
        objects.box,
        objects.category,
        objects.track,
        _at(table.occluded, objects.place),
        _at(table.generated, objects.place),
    )
    return _insert(result, read_anew) if read_anew else result


def _insert(annotations: Annotations, found: Mapping[int, tuple[int, int, list[dict[str, Any]]]]) -> Annotations:
    """With those of some images, which have none yet, as they were read from their files."""
    places, count = np.array(list(found)), annotations.count
    count[places] = [len(x[2]) for x in found.values()]
    before, dicts = np.repeat(np.arange(len(count)), annotations.count), [d for x in found.values() for d in x[2]]
    order = np.argsort(np.concatenate([before, np.repeat(places, count[places])]), kind="stable")
    width, height = whole_numbers([x[0] for x in found.values()]), whole_numbers([x[1] for x in found.values()])
    box = np.array([d["bbox"] for d in dicts], np.float64).reshape(-1, 4)
    keys = ("category_id", "instance_id", "occluded", "generated")
    columns = (annotations.category, annotations.track, annotations.occluded, annotations.generated)
    return Annotations(
        _with(annotations.width, places, width),
        _with(annotations.height, places, height),
        _edges(count),
        np.concatenate([annotations.box, box])[order],
        *(
            np.concatenate([column, whole_numbers([d[key] for d in dicts])])[order]
            for column, key in zip(columns, keys, strict=True)
        ),
    )


def _with(column: Ints, places: Ints, values: Ints) -> Ints:
    column = column.astype(values.dtype)
    column[places] = values
    return column


def whole_numbers(values: Sequence[int | None]) -> Ints:
    """A column of these; of Python's own objects where one is None or too large for 64 bits."""
    try:
        return np.array(values, np.int64)
    except (OverflowError, TypeError):
        return np.array(values, object)


def _edges(count: Ints) -> Ints:
    return np.concatenate([[0], np.cumsum(count)])


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
    place = np.arange(len(row)) if rows.all() else np.flatnonzero(rows[row])
    if still:
        repairs.other_class += int((category[place] < 0).sum())
        place = place[category[place] >= 0]
    boxes, inside = clip_boxes(table, place, row)
    has_area = (inside[:, 2] > inside[:, 0]) & (inside[:, 3] > inside[:, 1])
    repairs.dropped += int((~has_area).sum())
    moved = inside != boxes
    repairs.clipped += int((has_area & (moved[:, 0] | moved[:, 1] | moved[:, 2] | moved[:, 3])).sum())
    place, inside = _keep(has_area, place, inside)
    if still:
        track = np.arange(len(place)) - np.searchsorted(row[place], row[place])
    else:
        first = _first_of_track(_at(row, place), _at(table.track, place))
        repairs.repeated += int((~first).sum())
        place, inside = _keep(first, place, inside)
        track = _at(table.track, place)
    return UsableObjects(place, _at(row, place), inside, _at(category, place), track)


def _at(column: Numbers, place: Ints) -> Numbers:
    """The column at these rising places; not copied where these are all, which takes longer than its use."""
    return column if len(place) == len(column) else np.take(column, place, axis=0)


def _keep(which: NDArray[np.bool_], place: Ints, inside: NDArray[np.float64]) -> tuple[Ints, NDArray[np.float64]]:
    kept = np.flatnonzero(which)
    return (place, inside) if len(kept) == len(place) else (place[kept], np.take(inside, kept, axis=0))


def clip_boxes(table: XmlTable, place: Ints, row: Ints) -> tuple[Numbers, NDArray[np.float64]]:
    """The boxes at these rising places, as written and inside their image; ``row`` is that of each object of the
    table."""
    boxes = _at(table.boxes, place)
    inside = np.empty(boxes.shape)
    # Column by column, which takes a quarter of the time.
    for axis, size in enumerate((table.width, table.height)):
        limit = _at(np.repeat(size - 1.0, table.count), place)
        for column in (axis, axis + 2):
            np.clip(boxes[:, column], 0.0, limit, out=inside[:, column])
    return boxes, inside


def _first_of_track(row: Ints, track: Numbers) -> NDArray[np.bool_]:
    """Which objects are the first of their track in their row."""
    first = np.ones(len(row), bool)
    if ((row[1:] > row[:-1]) | (track[1:] > track[:-1])).all():  # mostly; sorting takes longer than all the rest
        return first
    order = np.lexsort((track, row))  # stable
    row, track = row[order], track[order]
    first[order[1:]] = (row[1:] != row[:-1]) | (track[1:] != track[:-1])
    return first
