"""ZIP archives, NumPy's .npz among them, bounded: what is in one is known before it is unpacked."""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Mapping
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from .memory import check_memory

_HARMLESS = 1 << 28  # bytes that any archive may become
_MOST_RATIO = 100  # of numbers that a network made, and of weights, it is below 10

Arrays = Mapping[str, NDArray[Any]]


def check_archive(path: str | os.PathLike[str], archive: zipfile.ZipFile) -> None:
    """See that an archive is no bomb.

    Args:
        path: for messages.
        archive: open for reading.

    Raises:
        ValueError: it would become a hundred times as large, or more than :func:`.memory.memory_limit`.
    """
    total = sum(entry.file_size for entry in archive.infolist())
    packed = sum(entry.compress_size for entry in archive.infolist())
    if total > max(_HARMLESS, _MOST_RATIO * min(packed, os.path.getsize(path))):
        raise ValueError(
            f"{os.fspath(path)}: unpacked it would be {total >> 20:,} MiB, too much for an archive so small"
        )
    check_memory(total, path, "its content")


def read_npz(path: str | os.PathLike[str]) -> Arrays:
    """The arrays of an .npz, by name; pickled ones are refused.

    Raises:
        OSError: it can't be read.
        zipfile.BadZipFile, EOFError, KeyError, NotImplementedError, zlib.error: it is broken.
        ValueError: likewise, or it would take too much memory, or claims sizes that aren't there.
    """
    with zipfile.ZipFile(path) as archive:
        check_archive(path, archive)
        for entry in archive.infolist():
            if entry.filename.endswith(".npy"):
                with archive.open(entry) as file:
                    _check_claim(file, entry)
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _check_claim(file: IO[bytes], entry: zipfile.ZipInfo) -> None:
    """NumPy makes an array of the size in its header before it reads a number of it."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    claimed = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or claimed != entry.file_size - file.tell():
        raise ValueError(f"{entry.filename} claims {claimed:,} bytes, but has {entry.file_size - file.tell():,}")
