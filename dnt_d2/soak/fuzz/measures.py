"""What reading a file took: time, memory, and words on the terminal."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ...benchmark.resident import watch_peak

MEGABYTE = 2**20


class Measures:
    """Of this process, from :meth:`begin` to :meth:`end`, again and again."""

    def __init__(self, megabytes: float, terminal: Path) -> None:
        """
        Args:
            megabytes: that may be taken. Four times as much beyond what there is now, the system refuses: a mistake
                must not take the machine.
            terminal: the file that holds what was written to the terminal.
        """
        self._terminal = terminal
        # A forked process begins with its parent's garbage. Were that collected while a file is read, it would make
        # room for as much as a reader takes, unseen. So it goes now, and what stays is never looked through again.
        self._grown = watch_peak() or _growth()
        gc.freeze()
        self._since, self._size = 0.0, 0
        if sys.platform == "linux":
            import resource

            pages = int(Path("/proc/self/statm").read_text().split()[0])
            limit = pages * os.sysconf("SC_PAGE_SIZE") + int(4 * megabytes * MEGABYTE)
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    def begin(self) -> None:
        """Before a file is read."""
        self._size = self._terminal.stat().st_size
        self._since = time.perf_counter()

    def end(self) -> tuple[float, float, int]:
        """Seconds since then, megabytes by which the process has ever grown at the most, bytes of text."""
        seconds = time.perf_counter() - self._since
        return seconds, self._grown() / MEGABYTE, self._terminal.stat().st_size - self._size


def _growth() -> Callable[[], int]:
    """Tells by how many bytes the process has grown since now at the most, where the mark can't be begun anew."""
    before = _high_water()
    return lambda: _high_water() - before


def _high_water() -> int:
    """Bytes; 0 where the system does not tell."""
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
