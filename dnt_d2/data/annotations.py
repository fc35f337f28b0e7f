"""The XML annotations of ILSVRC images: their sizes, and their objects as Detectron2 annotations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any
from xml.etree import ElementTree

from detectron2.structures import BoxMode

from ..bounded.numbers import LARGEST_ID, LARGEST_SIDE, shortened
from ..bounded.xml import parse_xml
from ..det_classes import DET_WORDNET_IDS
from ..vid_classes import WORDNET_IDS

_IDS = DET_WORDNET_IDS | WORDNET_IDS


class UnknownClass(ValueError):
    """An object of a video whose class the data set doesn't have."""


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

    def join(self, other: Repairs) -> None:
        """Add what was repaired elsewhere."""
        for name, count in vars(other).items():
            setattr(self, name, getattr(self, name) + count)

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
    if min(width, height) < 1 or max(width, height) > LARGEST_SIDE:
        raise ValueError(f"{path}: the size of the image is {width} x {height}; put its true size in <size>")
    annotations: list[dict[str, Any]] = []
    tracks: set[int] = set()
    for node in root.iterfind("object"):
        category = classes.get((node.findtext("name") or "").strip())
        if category is None and still:
            repairs.other_class += 1
            continue
        if category is None:
            raise UnknownClass(
                f"{path}: {shortened(str(node.findtext('name')))!r} is not one of the {len(set(classes.values()))} "
                "classes of this data set; correct the annotation, or register the data set with your own class_names"
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


def clip_box(box: Sequence[float], width: int, height: int, repairs: Repairs) -> list[float] | None:
    """The box inside the image, or None where nothing is left of it (a box that is not a number included).

    Args:
        box: x1, y1, x2, y2, inclusive 0-based corners, px.
        width, height: of the image, px.
        repairs: counts what had to be changed; updated in place.
    """
    limits = (width - 1.0, height - 1.0) * 2
    inside = [min(max(float(value), 0.0), limit) for value, limit in zip(box, limits, strict=True)]
    if not (inside[2] > inside[0] and inside[3] > inside[1]):
        repairs.dropped += 1
        return None
    repairs.clipped += inside != list(box)
    return inside


def _parse(path: str) -> ElementTree.Element:
    try:
        return parse_xml(path)
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path}: this annotation is missing; unpack the archive again, or take its image out of the list "
            "(an image without objects needs an XML without <object>)"
        ) from None
    except (ElementTree.ParseError, LookupError, ValueError) as error:  # the last two: of its encoding, and of bombs
        raise ValueError(f"{path}: broken XML ({error}); unpack the archive again") from error


def _number(node: ElementTree.Element, tag: str, path: str) -> float:
    text = node.findtext(tag)
    try:
        return float(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        found = "is missing" if text is None else f"is {shortened(text)!r}, not a number"
        raise ValueError(f"{path}: <{tag}> {found}; correct the annotation") from None


def _integer(node: ElementTree.Element, tag: str, path: str) -> int:
    value = _number(node, tag, path)
    if not value.is_integer() or abs(value) >= LARGEST_ID:
        found = shortened(str(node.findtext(tag)))
        raise ValueError(f"{path}: <{tag}> is {found!r}, not a whole number of 53 bits; correct the annotation")
    return int(value)


def _flag(node: ElementTree.Element, tag: str, path: str) -> int:
    """0 where it is absent or empty, as in DET."""
    return _integer(node, tag, path) if node.findtext(tag) else 0


def _bbox(node: ElementTree.Element, width: int, height: int, path: str, repairs: Repairs) -> list[float] | None:
    box = [_number(node, f"bndbox/{tag}", path) for tag in ("xmin", "ymin", "xmax", "ymax")]
    return clip_box(box, width, height, repairs)
