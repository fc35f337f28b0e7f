"""MiniVID: a generated data set with the layout of ImageNet VID, made on the spot from cut-outs and backgrounds.

Needs NumPy, OpenCV and tqdm, nothing of Detectron2. `python datasets/prepare_minivid.py ROOT` makes one.
"""

from __future__ import annotations

from .settings import MiniVIDSettings
from .sources import open_source
from .sprites import Cutout, PictureSource
from .writer import write_dataset

__all__ = ["Cutout", "MiniVIDSettings", "PictureSource", "open_source", "write_dataset"]
