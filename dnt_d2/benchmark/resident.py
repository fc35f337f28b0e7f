"""By how much the resident memory of this process grows at the most. It needs no PyTorch, so that small programs can
measure themselves."""

from __future__ import annotations

import ctypes
import gc
import re
import sys
from collections.abc import Callable
from pathlib import Path

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def watch_peak() -> Callable[[], int] | None:
    """Begin a new high-water mark of the process's resident memory.

    Returns:
        A function that tells, in bytes, by how much it has grown since at the most; None where the system does not
        tell (no Linux).
    """
    if not _settle():
        return None
    before = _kibibytes("VmRSS")
    return lambda: max(0, _kibibytes("VmHWM") - before) * 1024


def _settle() -> bool:
    """Give free memory back to the system and begin a new high-water mark; False where that can't be done."""
    gc.collect()
    if not sys.platform.startswith("linux"):
        return False
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
        _RESET.write_text("5", encoding="utf-8")
    except (OSError, AttributeError):  # another C library, or no right to
        return False
    return True


def _kibibytes(name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB$", _STATUS.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"{_STATUS} says nothing of {name}")
    return int(found[1])
