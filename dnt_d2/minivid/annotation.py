"""The XML of ILSVRC2015, element by element in its order: VID (with tracks) and DET (without)."""

from __future__ import annotations

from ..vid_classes import WORDNET_IDS
from .rendering import ObjectBox
from .settings import MiniVIDSettings


def video_xml(folder: str, frame: int, size: tuple[int, int], boxes: list[ObjectBox], settings: MiniVIDSettings) -> str:
    """The annotation of one frame of a video.

    Args:
        folder: of the video below `Data/VID/train` or `Data/VID/val`.
        frame: its number, from 0.
        size: width and height, px.
        boxes: the objects, corners inclusive and 0-based.
        settings: from which visible share on an object counts as occluded, as generated.
    """
    lines = _head(folder, f"{frame:06d}", "ILSVRC_2015", size)
    for item in boxes:
        x1, y1, x2, y2 = item.box
        lines += [
            "\t<object>",
            f"\t\t<trackid>{item.track_id}</trackid>",
            f"\t\t<name>{WORDNET_IDS[item.class_name]}</name>",
            "\t\t<bndbox>",
            *(
                f"\t\t\t<{key}>{value}</{key}>"
                for key, value in (("xmax", x2), ("xmin", x1), ("ymax", y2), ("ymin", y1))
            ),
            "\t\t</bndbox>",
            f"\t\t<occluded>{int(item.visible < settings.occluded_below)}</occluded>",
            f"\t\t<generated>{int(item.visible < settings.generated_below)}</generated>",
            "\t</object>",
        ]
    return "\n".join([*lines, "</annotation>", ""])


def still_xml(folder: str, name: str, size: tuple[int, int], boxes: list[ObjectBox]) -> str:
    """The annotation of one still: no track, no occlusion, the corners in the order of DET."""
    lines = _head(folder, name, "ILSVRC_2014", size)
    for item in boxes:
        x1, y1, x2, y2 = item.box
        lines += [
            "\t<object>",
            f"\t\t<name>{WORDNET_IDS[item.class_name]}</name>",
            "\t\t<bndbox>",
            *(
                f"\t\t\t<{key}>{value}</{key}>"
                for key, value in (("xmin", x1), ("xmax", x2), ("ymin", y1), ("ymax", y2))
            ),
            "\t\t</bndbox>",
            "\t</object>",
        ]
    return "\n".join([*lines, "</annotation>", ""])


def _head(folder: str, filename: str, database: str, size: tuple[int, int]) -> list[str]:
    return [
        "<annotation>",
        f"\t<folder>{folder}</folder>",
        f"\t<filename>{filename}</filename>",
        "\t<source>",
        f"\t\t<database>{database}</database>",
        "\t</source>",
        "\t<size>",
        f"\t\t<width>{size[0]}</width>",
        f"\t\t<height>{size[1]}</height>",
        "\t</size>",
    ]
