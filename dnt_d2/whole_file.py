"""Files that are there in full or not at all, whatever kills the program that writes them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def whole_file(path: str | os.PathLike[str], *, sync: bool = True) -> Iterator[IO[bytes]]:
    """Open a file for writing that takes its name, and an older file's place, when all is written.

    Until then it has a temporary name beside it, which an error removes. Missing folders are made.

    Args:
        path: of the file.
        sync: wait until the bytes are on the disk, so that a loss of power can't empty it either. Too slow for
            thousands of small files.

    Yields:
        the file, open for bytes.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
