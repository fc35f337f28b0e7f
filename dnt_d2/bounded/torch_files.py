"""PyTorch's files, bounded: without code, and without archives that unpack to far more than they are."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import torch

from .archives import check_archive


def load_plain(path: Path) -> Any:
    """What ``torch.load(weights_only=True)`` makes of a file; its tensors stay on the disk where the format allows.

    Raises:
        ValueError: it is an archive that would unpack to far more than it is.
        Exception: it is broken, or would run code.
    """
    packed = zipfile.is_zipfile(path)
    if packed:
        with zipfile.ZipFile(path) as archive:
            check_archive(path, archive)
    return torch.load(path, map_location="cpu", weights_only=True, **({"mmap": True} if packed else {}))
