"""Files that are there in full or not at all, whatever kills the program that writes them."""

from __future__ import annotations

import errno
import os
import platform
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) if hasattr(errno, "EDQUOT") else (errno.ENOSPC, errno.EFBIG)
_TEMPORARY = re.compile(r"\..+\.(?P<machine>\w*)\.(?P<process>\d+)\.tmp")
_ABANDONED = 3600.0


@contextmanager
def whole_file(path: str | os.PathLike[str], *, sync: bool = True) -> Iterator[IO[bytes]]:
    """Open a file for writing that takes its name, and an older file's place, when all is written.

    Until then it has a temporary name beside it, which an error removes; after a kill, :func:`remove_leftovers` does.
    Missing folders are made.

    Args:
        path: of the file.
        sync: wait until the bytes, and the name, are on the disk, so that a loss of power can't empty it either. Too
            slow for thousands of small files.

    Yields:
        the file, open for bytes.

    Raises:
        OSError: it can't be written; when the disk is full, the error says how much is free.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{_machine()}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.replace(temporary, path)
        if sync:
            sync_folder(path.parent)
    except OSError as error:
        if error.errno in _FULL and error.filename in (None, str(temporary)):
            raise _with_free_space(error, path) from error
        raise
    finally:
        with suppress(OSError):  # the first error is the one to tell
            temporary.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, on systems where a folder can be opened."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove_leftovers(folder: str | os.PathLike[str]) -> list[Path]:
    """Remove the temporary files of killed writers.

    One of this machine goes when its process is no more. Folders may be shared, and nobody can ask about a process of
    another machine, nor of another container: such a file goes when nothing was written to it for an hour.

    Args:
        folder: of files that :func:`whole_file` writes; not searched any deeper, and need not exist.

    Returns:
        what was removed, by name.
    """
    removed = []
    for file in sorted(Path(folder).glob(".*.tmp")):
        name = _TEMPORARY.fullmatch(file.name)
        if name is None:
            continue
        with suppress(OSError):  # another process may have been faster
            here = name["machine"] == _machine() and not _runs(int(name["process"]))
            if here or time.time() - file.stat().st_mtime > _ABANDONED:
                file.unlink()
                removed.append(file)
    return removed


def _machine() -> str:
    """A part of a file's name; two machines may have the same process ids."""
    return re.sub(r"\W", "", platform.node(), flags=re.ASCII)[:16]


def _runs(process: int) -> bool:
    if os.name != "posix":  # where a signal of 0 is no question but an end
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def _with_free_space(error: OSError, path: Path) -> OSError:
    free = ""
    with suppress(OSError):
        free = f"{shutil.disk_usage(path.parent).free / 1e6:,.0f} MB are free there; "
    return OSError(error.errno, f"{error.strerror} ({free}what was there before is as it was)", str(path))
