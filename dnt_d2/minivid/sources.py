"""Where the pictures of MiniVID come from, by name; and a digest, so that pictures of two kinds never mix."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..vid_classes import VID_CLASSES
from .drawn import DrawnSource
from .settings import SPLITS
from .sprites import PictureSource


def open_source(
    name: str, pictures: Path | None = None, classes: Sequence[str] = (), exchanged: Sequence[str] = ()
) -> PictureSource:
    """Open a picture source by name.

    Args:
        name: "photographs", "drawn", or "auto": photographs where they are at hand, else drawn.
        pictures: the folder of the photographs; None for their usual place.
        classes: for "drawn", which classes to draw; empty for all 30.
        exchanged: for "photographs", keys of cut-outs that change sides between training and `val_novel`.

    Raises:
        FileNotFoundError: "photographs" without the pictures; the message says how to get them.
        ValueError: for another name; a key is unknown; drawn pictures were to be exchanged.
    """
    if name not in ("photographs", "drawn", "auto"):
        raise ValueError(f"MiniVID: no picture source {name!r}; there are photographs, drawn and auto")
    if name != "drawn":
        from .photographs import PhotographSource, picture_list

        try:
            return PhotographSource(pictures, picture_list().exchanged(exchanged))
        except FileNotFoundError as error:
            if name == "photographs":
                raise
            logging.getLogger(__name__).warning("%s\nMiniVID is made of drawn pictures instead.", error)
    if exchanged:
        raise ValueError(f"MiniVID: {', '.join(exchanged)} are photographs; drawn pictures can't be `exchanged`")
    return DrawnSource(classes=classes or VID_CLASSES)


def source_digest(source: PictureSource) -> str:
    """A digest of all pictures of a source."""
    digest = hashlib.sha256(source.name.encode())
    for split in SPLITS:
        cutouts = [item for items in source.cutouts(split).values() for item in items]
        for item in [*cutouts, *source.distractors(split)]:
            digest.update(f"{split} {item.class_name} {item.key} {item.image.shape}".encode())
            digest.update(np.ascontiguousarray(item.image).tobytes())
        for background in source.backgrounds(split):
            digest.update(f"{background.shape}".encode() + np.ascontiguousarray(background[::8, ::8]).tobytes())
    return digest.hexdigest()
