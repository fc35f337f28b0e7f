"""How much memory the content of one file may take."""

from __future__ import annotations

import os
from pathlib import Path

MEMORY_VARIABLE = "DNT_D2_MEMORY_MB"

_UNKNOWN = 8 << 30  # where the system doesn't tell
_CGROUP = Path("/sys/fs/cgroup/memory.max")


def memory_limit() -> int:
    """Bytes: $DNT_D2_MEMORY_MB (in MiB) where it is set, else three quarters of what this machine, or container, has.

    Raises:
        ValueError: the variable is no number of MiB.
    """
    text = os.environ.get(MEMORY_VARIABLE, "")
    if not text:
        return _total() * 3 // 4
    if not (text.isdecimal() and len(text) < 12 and int(text)):
        raise ValueError(f"{MEMORY_VARIABLE} is {text[:40]!r}; set it to a number of MiB, 1 or more")
    return int(text) << 20


def check_memory(needed: int, path: str | os.PathLike[str], what: str) -> None:
    """See that the content of a file may take so many bytes.

    Args:
        needed: bytes, an estimate or a claim of the file.
        path: of the file, for the message.
        what: would take them, for the message.

    Raises:
        ValueError: it may not.
    """
    limit = memory_limit()
    if needed > limit:
        raise ValueError(
            f"{os.fspath(path)}: {what} would take {_megabytes(needed)} of memory, but {_megabytes(limit)} is the "
            f"limit; if you trust the file, set {MEMORY_VARIABLE} to more"
        )


def _megabytes(count: int) -> str:
    return f"{count >> 20:,} MiB" if count < 1 << 60 else "more than 2^60 bytes"


def _total() -> int:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return _UNKNOWN
    try:
        text = _CGROUP.read_text(encoding="utf-8").strip()
    except OSError:
        return total
    return min(total, int(text)) if text.isdecimal() else total
