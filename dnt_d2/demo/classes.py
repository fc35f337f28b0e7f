"""The names of a network's classes, and what people call them."""

from __future__ import annotations

from collections.abc import Sequence

from detectron2.config import CfgNode
from detectron2.data import MetadataCatalog


def class_names(cfg: CfgNode) -> list[str]:
    """The names of the classes of the data that a config tests or trains on; numbers where nobody says."""
    for name in (*cfg.DATASETS.TEST, *cfg.DATASETS.TRAIN):
        names = MetadataCatalog.get(name).get("thing_classes")
        if names:
            return list(names)
    return [str(i) for i in range(cfg.MODEL.ROI_HEADS.NUM_CLASSES)]


def find_classes(wanted: Sequence[str], names: Sequence[str]) -> list[int]:
    """Turn what a user types into class ids.

    Args:
        wanted: names, whose case doesn't matter, nor whether words are parted by spaces, hyphens or underscores; or
            numbers, from 0.
        names: of all classes.

    Raises:
        ValueError: for what is neither; it lists what there is.
    """
    ids = {_plain(name): i for i, name in enumerate(names)}
    numbers = {str(i): i for i in range(len(names))}
    unknown = [text for text in wanted if _plain(text) not in ids and text not in numbers]
    if unknown:
        known = ", ".join(name if name == str(i) else f"{i} {name}" for i, name in enumerate(names))
        raise ValueError(f"--classes: there is no {' and no '.join(unknown)}; the network knows {known}")
    # A name goes first: classes may be called by numbers.
    return sorted({ids[_plain(text)] if _plain(text) in ids else numbers[text] for text in wanted})


def _plain(name: str) -> str:
    return name.lower().replace("_", " ").replace("-", " ")
