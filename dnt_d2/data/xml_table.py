"""What the XML files of a data set say, as columns: the form in which a million of them fit into one file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from ..bounded.numbers import LARGEST_SIDE
from ..bounded.xml import parse_xml

Ints = NDArray[np.int64]
Numbers = NDArray[Any]

NO_TRACK = -(2**40)
"""In place of the track of an object that has none, as in DET. No file can hold it: see :func:`read_content`."""

ODD = -1
"""In place of the width of an XML that is broken or unusual: its content is not in the table."""

_LARGEST = 2**31


class Thing(NamedTuple):
    """One <object>, as written: nothing is clipped, left out or looked up."""

    name: str
    track: int
    occluded: int
    generated: int
    box: tuple[float, float, float, float]


class Content(NamedTuple):
    """One XML: the size of the image in pixels, and its objects in file order."""

    width: int
    height: int
    things: list[Thing]


@dataclass
class XmlTable:
    """The content of N files with K objects.

    Attributes:
        mtime_ns, byte_size: (N,) of each XML when it was read.
        width, height: (N,) px; width is :data:`ODD` where the XML must be read anew, to say what is wrong with it.
        count: (N,) objects of each XML; they lie one after the other in the columns of objects.
        boxes: (K, 4) x1, y1, x2, y2.
        name: (K,) place in ``names``.
        track: (K,); :data:`NO_TRACK` where there is none.
        occluded, generated: (K,).
        names: (C,) what the objects are called in the files.

    Columns of objects are of any type that holds their numbers, see :func:`small`.
    """

    mtime_ns: Ints
    byte_size: Ints
    width: Ints
    height: Ints
    count: Ints
    boxes: Numbers
    name: Numbers
    track: Numbers
    occluded: Numbers
    generated: Numbers
    names: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.count)

    @property
    def starts(self) -> Ints:
        """(N,) the first object of each XML."""
        return np.cumsum(self.count) - self.count

    def take(self, rows: Ints) -> XmlTable:
        """The table of these XML, in this order."""
        if len(rows) == len(self) and np.array_equal(rows, np.arange(len(self))):
            return self
        count = self.count[rows]
        things = runs(self.starts[rows], count)
        of_xml = {key: getattr(self, key)[rows] for key in _OF_XML}
        # np.take: of boxes, ten times faster than by an index.
        of_thing = {key: np.take(getattr(self, key), things, axis=0) for key in _OF_THING}
        return XmlTable(**of_xml, **of_thing, names=self.names)

    def is_whole(self) -> bool:
        """Whether the columns fit together, as those of a damaged file may not."""
        columns = [getattr(self, field.name) for field in fields(self)]
        return (
            all(column.ndim == (2 if column is self.boxes else 1) for column in columns)
            and all(len(getattr(self, key)) == len(self) for key in _OF_XML)
            and all(len(getattr(self, key)) == self.count.sum() for key in _OF_THING)
            and bool((self.count >= 0).all())
            and (not len(self.name) or (self.name.min() >= 0 and self.name.max() < len(self.names)))
        )


_OF_XML = ("mtime_ns", "byte_size", "width", "height", "count")
_OF_THING = ("boxes", "name", "track", "occluded", "generated")


def small(numbers: Numbers) -> Numbers:
    """The same numbers in fewer bytes, if all are whole: they are read, and gone through, at every start."""
    if numbers.size and (numbers == np.trunc(numbers)).all():
        return numbers.astype(np.result_type(*(np.min_scalar_type(int(x)) for x in (numbers.min(), numbers.max()))))
    return numbers


def runs(starts: Ints, counts: Ints) -> Ints:
    """The numbers ``start ... start + count - 1`` of each run, one run after the other."""
    return np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())


def join_tables(tables: Sequence[XmlTable]) -> XmlTable:
    """One table of all, in this order; of none, an empty one."""
    tables = tables or [make_table([], [], [])]
    if len(tables) == 1:
        return tables[0]
    columns = {key: np.concatenate([getattr(table, key) for table in tables]) for key in _OF_XML + _OF_THING}
    names = tables[0].names
    if not all(np.array_equal(table.names, names) for table in tables):
        names, places = np.unique(np.concatenate([table.names for table in tables]), return_inverse=True)
        offsets = np.cumsum([0, *(len(table.names) for table in tables)])
        columns["name"] = np.concatenate(
            [places[at : at + len(t.names)][t.name] for at, t in zip(offsets, tables, strict=False)]
        )
    return XmlTable(**columns, names=names)


def make_table(mtime_ns: Sequence[int], byte_size: Sequence[int], contents: Sequence[Content | None]) -> XmlTable:
    """Columns of files; None stands for a file that is odd."""
    things = [thing for content in contents if content for thing in content.things]
    names = sorted({thing.name for thing in things})
    place = {name: i for i, name in enumerate(names)}
    return XmlTable(
        mtime_ns=np.array(mtime_ns, np.int64),
        byte_size=np.array(byte_size, np.int64),
        width=np.array([content.width if content else ODD for content in contents], np.int64),
        height=np.array([content.height if content else ODD for content in contents], np.int64),
        count=np.array([len(content.things) if content else 0 for content in contents], np.int64),
        boxes=np.array([thing.box for thing in things], np.float64).reshape(-1, 4),
        name=np.array([place[thing.name] for thing in things], np.int32),
        track=np.array([thing.track for thing in things], np.int64),
        occluded=np.array([thing.occluded for thing in things], np.int32),
        generated=np.array([thing.generated for thing in things], np.int32),
        names=np.array(names, np.str_).reshape(-1),
    )


def read_content(path: str) -> Content | None:
    """What one XML says; None for one that can't be read or lacks a number that all have.

    It judges nothing: which of these is an error depends on the classes, see
    :func:`dnt_d2.data.annotations.read_annotation`.
    """
    try:
        root = parse_xml(path)
        things = [_thing(node) for node in root.iterfind("object")]
        width, height = _whole(root.findtext("size/width")), _whole(root.findtext("size/height"))
        return None if max(width, height) > LARGEST_SIDE else Content(width, height, things)
    except (OSError, ElementTree.ParseError, LookupError, ValueError, TypeError):
        return None


def _thing(node: ElementTree.Element) -> Thing:
    text = {child.tag: child.text for child in reversed(node)}  # of repeated elements the first counts
    box = node.find("bndbox")
    corners = {child.tag: child.text for child in reversed(box)} if box is not None else {}
    track, occluded, generated = text.get("trackid"), text.get("occluded"), text.get("generated")
    x1, y1, x2, y2 = (float(corners.get(key)) for key in ("xmin", "ymin", "xmax", "ymax"))  # type: ignore[arg-type]
    if not max(abs(x1), abs(y1), abs(x2), abs(y2)) < _LARGEST:
        raise ValueError("not a number of pixels")
    return Thing(
        (text.get("name") or "").strip(),
        NO_TRACK if track is None else _whole(track),
        _whole(occluded) if occluded else 0,
        _whole(generated) if generated else 0,
        (x1, y1, x2, y2),
    )


def _whole(text: str | None) -> int:
    value = float(text)  # type: ignore[arg-type]
    if not value.is_integer() or abs(value) >= _LARGEST:
        raise ValueError("not a whole number")
    return int(value)
