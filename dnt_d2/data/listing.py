"""What is in a folder: files of one kind, with what tells whether they changed."""

from __future__ import annotations

import os
from typing import NamedTuple


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
    found = _stats(folder, names)
    end = -len(extension)
    return Listing([name[:end] for name in names], [s[0] for s in found], [s[1] for s in found])


def _stats(folder: str, names: list[str]) -> list[tuple[int, int]]:
    if os.stat not in os.supports_dir_fd:
        return [_stat(f"{folder}/{name}") for name in names]
    # Over a million files, a fifth faster than by their whole paths.
    handle = os.open(folder, os.O_RDONLY)
    try:
        return [((s := os.stat(name, dir_fd=handle)).st_mtime_ns, s.st_size) for name in names]
    except OSError:
        return [_stat(f"{folder}/{name}") for name in names]
    finally:
        os.close(handle)


def _stat(path: str) -> tuple[int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return -1, -1
    return found.st_mtime_ns, found.st_size
