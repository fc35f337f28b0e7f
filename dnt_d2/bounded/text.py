"""Texts of lines, bounded: no line that fills the memory, no zero bytes."""

from __future__ import annotations

import os

LONGEST_LINE = 1 << 20
"""Bytes after which a text must have had the end of a line."""


def check_lines(path: str | os.PathLike[str], *, cost: int = 0) -> None:
    """See that a file can be read line by line; one pass over its bytes, as fast as a disk gives them.

    Args:
        path: of the file.
        cost: bytes of memory that a byte of the file becomes, where all of it is held; see
            :func:`.memory.check_memory`.

    Raises:
        OSError: it can't be read.
        ValueError: it has a line of more than :data:`LONGEST_LINE` bytes, or a zero byte, or is too large; the message
            names file and remedy.
    """
    from .memory import check_memory

    check_memory(os.path.getsize(path) * cost, path, "its lines")
    with open(path, "rb", buffering=0) as file:
        while part := file.read(LONGEST_LINE):
            if b"\0" in part:
                raise ValueError(f"{os.fspath(path)}: it has a zero byte, as no text in UTF-8 has; save it as one")
            if len(part) == LONGEST_LINE and b"\n" not in part and b"\r" not in part:
                raise ValueError(
                    f"{os.fspath(path)}: a line has more than {LONGEST_LINE:,} bytes; write an object a line"
                )
