"""Weights of other projects for our networks: torchvision's and timm's trunks, the authors' Caffe models.

`tools/convert_weights.py` is the command for it.
"""

from __future__ import annotations

from .convert import ORIGINS, Converted, convert, write_checkpoint
from .report import Report, compare

__all__ = ["ORIGINS", "Converted", "Report", "compare", "convert", "write_checkpoint"]
