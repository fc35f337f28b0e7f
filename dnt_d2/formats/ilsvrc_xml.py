"""The XML annotation of ILSVRC2015, element by element in its order: VID (with tracks) and DET (without)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape


class XmlObject(NamedTuple):
    """An object as it stands in the XML.

    Attributes:
        name: of its class: a WordNet id in ILSVRC.
        box: x1, y1, x2, y2, inclusive 0-based corners, px.
        track_id, occluded, generated: left out of stills.
    """

    name: str
    box: tuple[float, float, float, float]
    track_id: int = 0
    occluded: int = 0
    generated: int = 0


def annotation_xml(
    folder: str, filename: str, size: tuple[int, int], objects: Sequence[XmlObject], *, still: bool = False
) -> str:
    """The annotation of one image.

    Args:
        folder: of the image, below ``Data/VID/train`` and its like.
        filename: without extension.
        size: width and height, px.
        objects: in the order in which they are to be written.
        still: an image of DET, whose objects have no tracks, and their corners another order.
    """
    lines = [
        "<annotation>",
        f"\t<folder>{escape(folder)}</folder>",
        f"\t<filename>{escape(filename)}</filename>",
        "\t<source>",
        f"\t\t<database>{'ILSVRC_2014' if still else 'ILSVRC_2015'}</database>",
        "\t</source>",
        "\t<size>",
        f"\t\t<width>{size[0]}</width>",
        f"\t\t<height>{size[1]}</height>",
        "\t</size>",
    ]
    for item in objects:
        lines += ["\t<object>", *_object(item, still), "\t</object>"]
    return "\n".join([*lines, "</annotation>", ""])


def _object(item: XmlObject, still: bool) -> list[str]:
    x1, y1, x2, y2 = item.box
    corners = {"xmin": x1, "xmax": x2, "ymin": y1, "ymax": y2}
    order = ("xmin", "xmax", "ymin", "ymax") if still else ("xmax", "xmin", "ymax", "ymin")
    lines = [
        f"\t\t<name>{escape(item.name)}</name>",
        "\t\t<bndbox>",
        *(f"\t\t\t<{key}>{corners[key]}</{key}>" for key in order),
        "\t\t</bndbox>",
    ]
    if still:
        return lines
    flags = [f"\t\t<occluded>{item.occluded}</occluded>", f"\t\t<generated>{item.generated}</generated>"]
    return [f"\t\t<trackid>{item.track_id}</trackid>", *lines, *flags]
