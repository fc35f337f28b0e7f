"""What MiniVID is made of: cut-outs of objects and backgrounds, behind one interface for every picture source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Split = Literal["train", "val_seen", "val_novel"]
"""`val_seen`: training cut-outs on new backgrounds with new motion; `val_novel`: cut-outs that training never saw."""

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Cutout:
    """One object, cut out of its picture.

    Attributes:
        class_name: a name in :data:`dnt_d2.vid_classes.WORDNET_IDS`, or "" for a distractor of no class.
        key: a stable name, unique in its source; the same key is the same picture on every machine.
        image: (H, W, 4) BGRA, alpha not premultiplied, trimmed to the box of its alpha.
    """

    class_name: str
    key: str
    image: Image


class PictureSource(Protocol):
    """Where cut-outs and backgrounds come from. All answers are in a fixed order, so that a seed fixes the data set."""

    name: str

    def cutouts(self, split: Split) -> dict[str, list[Cutout]]:
        """Cut-outs by class name; a class without any in this split is absent."""

    def distractors(self, split: Split) -> list[Cutout]:
        """Cut-outs of no annotated class, to be pasted without annotation. May be empty."""

    def backgrounds(self, split: Split) -> list[Image]:
        """(H, W, 3) BGR pictures, larger than a frame; none is shared between training and either validation split."""
