"""What is in a folder: files of one kind, with what tells whether they changed."""

from __future__ import annotations

import os
from typing import NamedTuple

from .stat_files import stat_files


class Listing(NamedTuple):
    """The files of one kind in a folder, sorted: names without extension, times of change (ns) and sizes (bytes).

    Time and size are -1 for one that is there in name only, such as a link to nowhere.
    """

    names: list[str]
    mtime_ns: list[int]
    byte_size: list[int]


def list_files(folder: str, extension: str) -> Listing:
    """The files in a folder whose names end with ``extension``; none where there is no such folder."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(extension))
    except (FileNotFoundError, NotADirectoryError):
        return Listing([], [], [])
    end = -len(extension)
    return Listing(
        [name[:end] for name in names], *stat_files(os.fsencode(folder), [os.fsencode(name) for name in names])
    )
