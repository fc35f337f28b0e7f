"""The annotations of MiniVID's frames and stills."""

from __future__ import annotations

from ..formats.ilsvrc_xml import XmlObject, annotation_xml
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
    objects = [
        XmlObject(
            WORDNET_IDS[item.class_name],
            item.box,
            item.track_id,
            occluded=int(item.visible < settings.occluded_below),
            generated=int(item.visible < settings.generated_below),
        )
        for item in boxes
    ]
    return annotation_xml(folder, f"{frame:06d}", size, objects)


def still_xml(folder: str, name: str, size: tuple[int, int], boxes: list[ObjectBox]) -> str:
    """The annotation of one still: no track, no occlusion, the corners in the order of DET."""
    objects = [XmlObject(WORDNET_IDS[item.class_name], item.box) for item in boxes]
    return annotation_xml(folder, name, size, objects, still=True)
