"""Paths that files name: they must not lead out of the folder that they are relative to.

Paths are judged as they are written, by the rules of every system: links inside the folder are the user's own.
"""

from __future__ import annotations

import os
import re

_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile(r"[\0-\x1f\x7f]")
_LONGEST = 255  # bytes of one name, in most file systems


def leads_out(path: str) -> bool:
    """Whether a path is absolute (of Windows too: a drive, a server), or has ".." among its parts."""
    return path[:1] in ("/", "\\") or (
        (".." in path or ":" in path[:2])
        and (_DRIVE.match(path) is not None or ".." in path.replace("\\", "/").split("/"))
    )


def is_writable_path(path: str) -> bool:
    """Whether a path that a file named may become one of ours, below a folder: it doesn't lead out, has no control
    characters, and its parts are no longer than a file system takes."""
    parts = path.replace("\\", "/").split("/")
    return not (leads_out(path) or _CONTROL.search(path)) and all(len(os.fsencode(part)) <= _LONGEST for part in parts)


def join_inside(folder: str, path: str) -> str:
    """A path below a folder. An absolute one is fine where it lies there.

    Args:
        folder: "" is the working folder.
        path: as a file has it.

    Raises:
        ValueError: it leads out, or can't be a path. The message names neither file nor remedy.
    """
    joined = os.path.join(folder, path)
    if "\0" in path:
        raise ValueError(f"{path!r} has a zero byte, so that it is no path")
    if leads_out(path):
        root, target = (os.path.abspath(name) for name in (folder or ".", joined))
        inside = os.path.isabs(path) and target.startswith(root.rstrip(os.sep) + os.sep)
        if not inside or ".." in path.replace("\\", "/").split("/"):
            raise ValueError(f"{path!r} leads out of the folder {folder or '.'!r}")
    return joined
