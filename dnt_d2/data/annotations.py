"""The XML annotations of ILSVRC images: their sizes, and their objects as Detectron2 annotations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any
from xml.etree import ElementTree

import numpy as np
from detectron2.structures import BoxMode
from numpy.typing import NDArray

from ..det_classes import DET_WORDNET_IDS
from ..vid_classes import WORDNET_IDS
from .xml_table import NO_TRACK, XmlTable

_IDS = DET_WORDNET_IDS | WORDNET_IDS


@dataclass
class Repairs:
    """How many objects were changed or left out while reading.

    Attributes:
        clipped: boxes that reached out of their image; they end at its border now.
        dropped: boxes without an area (x2 <= x1 or y2 <= y1, inside the image); left out.
        repeated: objects whose track was already in the frame; left out, so that a track has one box in a frame.
        other_class: objects of stills whose class is not in the list of classes; left out.
    """

    clipped: int = 0
    dropped: int = 0
    repeated: int = 0
    other_class: int = 0

    def __bool__(self) -> bool:
        return any(astuple(self))

    def __str__(self) -> str:
        return (
            f"{self.clipped} boxes clipped to their image, {self.dropped} boxes without area left out, "
            f"{self.repeated} repeated tracks in a frame left out, {self.other_class} objects of other classes left out"
        )


def class_ids(class_names: Sequence[str]) -> dict[str, int]:
    """What an annotation may call a class (its name, and its WordNet id if we know it), to its id 0..C-1."""
    ids = {name: i for i, name in enumerate(class_names)}
    return ids | {_IDS[name]: i for name, i in ids.items() if name in _IDS}


def read_annotation(
    path: str, classes: Mapping[str, int], repairs: Repairs, *, still: bool = False
) -> tuple[int, int, list[dict[str, Any]]]:
    """Read one file.

    Args:
        path: the XML file.
        classes: from :func:`class_ids`.
        repairs: counts what had to be changed; updated in place.
        still: a picture of DET: objects of other classes are left out, and instances are numbered by position.
            In video another class is an error, and ``trackid`` is the instance.

    Returns:
        Width and height of the image in pixels, and the annotations in file order, none if there are no objects:
        ``bbox`` (x1, y1, x2, y2: inclusive 0-based corners, inside the image), ``bbox_mode, category_id,
        instance_id, occluded, generated, iscrowd``.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the XML is broken, lacks something, or has an unknown class in a video. The message names the file.
    """
    root = _parse(path)
    width, height = _integer(root, "size/width", path), _integer(root, "size/height", path)
    if min(width, height) < 1:
        raise ValueError(f"{path}: the size of the image is {width} x {height}; put its true size in <size>")
    annotations: list[dict[str, Any]] = []
    tracks: set[int] = set()
    for node in root.iterfind("object"):
        category = classes.get((node.findtext("name") or "").strip())
        if category is None and still:
            repairs.other_class += 1
            continue
        if category is None:
            raise ValueError(
                f"{path}: {node.findtext('name')!r} is not one of the {len(set(classes.values()))} classes of this "
                "data set; correct the annotation, or register the data set with your own class_names"
            )
        bbox = _bbox(node, width, height, path, repairs)
        if bbox is None:
            continue
        track = len(annotations) if still else _integer(node, "trackid", path)
        if track in tracks:
            repairs.repeated += 1
            continue
        tracks.add(track)
        annotations.append(
            {
                "bbox": bbox,
                "bbox_mode": BoxMode.XYXY_ABS,
                "category_id": category,
                "instance_id": track,
                "occluded": _flag(node, "occluded", path),
                "generated": _flag(node, "generated", path),
                "iscrowd": 0,
            }
        )
    return width, height, annotations


def table_annotations(
    table: XmlTable, path: Callable[[int], str], classes: Mapping[str, int], repairs: Repairs, *, still: bool = False
) -> tuple[list[int], list[int], list[list[dict[str, Any]]]]:
    """What :func:`read_annotation` gives for each XML of a table, without reading the files again.

    Args:
        table: of N files.
        path: of the n-th of them; called for those that must be read anew because something is wrong with them.
        classes, repairs, still: as there.

    Returns:
        widths, heights and annotations, N of each.

    Raises:
        FileNotFoundError, ValueError: as there, for the first file that is wrong.
    """
    of_name = np.array([classes.get(name, -1) for name in table.names.tolist()] or [-1], np.int64)
    category, row = of_name[table.name], np.repeat(np.arange(len(table)), table.count)
    wrong = (table.width < 1) | (table.height < 1)
    if not still:
        wrong[row[(category < 0) | (table.track == NO_TRACK)]] = True
    read_anew = {int(n): read_annotation(path(int(n)), classes, repairs, still=still) for n in np.flatnonzero(wrong)}
    kept = np.flatnonzero(~wrong[row])
    if still:
        repairs.other_class += int((category[kept] < 0).sum())
        kept = kept[category[kept] >= 0]
    boxes, inside = _clip(table, kept, row)
    has_area = (inside[:, 2:] > inside[:, :2]).all(axis=1)
    repairs.dropped += int((~has_area).sum())
    repairs.clipped += int((inside != boxes).any(axis=1)[has_area].sum())
    kept, inside = kept[has_area], inside[has_area]
    track = np.arange(len(kept)) - np.searchsorted(row[kept], row[kept]) if still else table.track[kept]
    if not still:
        first = _first_of_track(row[kept], track)
        repairs.repeated += len(kept) - len(first)
        kept, inside, track = kept[first], inside[first], track[first]
    annotations = _by_row(_dicts(table, kept, inside, category, track), row[kept], len(table))
    widths, heights = table.width.tolist(), table.height.tolist()
    for n, (width, height, found) in read_anew.items():
        widths[n], heights[n], annotations[n] = width, height, found
    return widths, heights, annotations


def _clip(table: XmlTable, kept: NDArray, row: NDArray) -> tuple[NDArray, NDArray]:
    """The boxes of these objects, as written and inside their image."""
    boxes = table.boxes[kept]
    limits = np.stack([table.width, table.height] * 2, axis=1)[row[kept]] - 1.0
    return boxes, np.clip(boxes, 0.0, limits)


def _first_of_track(row: NDArray, track: NDArray) -> NDArray:
    """The places of the first object of each track in each row, ascending."""
    order = np.lexsort((track, row))  # stable
    row, track = row[order], track[order]
    new = np.ones(len(order), bool)
    new[1:] = (row[1:] != row[:-1]) | (track[1:] != track[:-1])
    return np.sort(order[new])


def _dicts(table: XmlTable, kept: NDArray, inside: NDArray, category: NDArray, track: NDArray) -> list[dict[str, Any]]:
    columns = (inside, category[kept], track, table.occluded[kept], table.generated[kept])
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


def _by_row(items: list[dict[str, Any]], row: NDArray, rows: int) -> list[list[dict[str, Any]]]:
    ends = np.cumsum(np.bincount(row, minlength=rows)).tolist()
    return [items[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _parse(path: str) -> ElementTree.Element:
    try:
        return ElementTree.parse(path).getroot()
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path}: this annotation is missing; unpack the archive again, or take its image out of the list "
            "(an image without objects needs an XML without <object>)"
        ) from None
    except ElementTree.ParseError as error:
        raise ValueError(f"{path}: broken XML ({error}); unpack the archive again") from error


def _number(node: ElementTree.Element, tag: str, path: str) -> float:
    text = node.findtext(tag)
    try:
        return float(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        found = "is missing" if text is None else f"is {text!r}, not a number"
        raise ValueError(f"{path}: <{tag}> {found}; correct the annotation") from None


def _integer(node: ElementTree.Element, tag: str, path: str) -> int:
    value = _number(node, tag, path)
    if not value.is_integer():
        raise ValueError(f"{path}: <{tag}> is {node.findtext(tag)!r}, not a whole number; correct the annotation")
    return int(value)


def _flag(node: ElementTree.Element, tag: str, path: str) -> int:
    """0 where it is absent or empty, as in DET."""
    return _integer(node, tag, path) if node.findtext(tag) else 0


def _bbox(node: ElementTree.Element, width: int, height: int, path: str, repairs: Repairs) -> list[float] | None:
    """The box inside the image, or None where nothing is left of it (a box that is not a number included)."""
    box = [_number(node, f"bndbox/{tag}", path) for tag in ("xmin", "ymin", "xmax", "ymax")]
    limits = (width - 1.0, height - 1.0) * 2
    inside = [min(max(value, 0.0), limit) for value, limit in zip(box, limits, strict=True)]
    if not (inside[2] > inside[0] and inside[3] > inside[1]):
        repairs.dropped += 1
        return None
    repairs.clipped += inside != box
    return inside
