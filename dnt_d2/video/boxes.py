"""The boxes that an mp4 file consists of: each has a length, a type of four letters, and its content."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path


def top_boxes(path: Path) -> Iterator[tuple[str, int, int]]:
    """Type, first byte and end of each box of a file; the end of a box that is cut short lies behind the file's.

    A file of another kind gives nothing that makes sense: look at the first type, which is "ftyp".
    """
    size = path.stat().st_size
    start = 0
    with open(path, "rb") as file:
        while start + 8 <= size:
            file.seek(start)
            length, kind = struct.unpack(">I4s", file.read(8))
            if length == 1:  # for a box beyond 4 GiB the length comes after the type
                length = int.from_bytes(file.read(8), "big")
            elif length == 0:  # it goes on to the end
                length = size - start
            if length < 8:
                return
            yield kind.decode("latin-1"), start, start + length
            start += length


def has_index(path: Path) -> bool | None:
    """Whether an mp4 file has its index; None for a file of another kind."""
    kinds = [kind for kind, _, _ in top_boxes(path)]
    return "moov" in kinds if kinds[:1] == ["ftyp"] else None


def whole_fragments(path: Path) -> int:
    """How many bytes of a fragmented mp4 are sound: up to the end of its last fragment that is all there."""
    size = path.stat().st_size
    return max((end for kind, _, end in top_boxes(path) if kind in ("moov", "mdat") and end <= size), default=0)
