"""How far all ranks of an evaluation are, told by one of them."""

from __future__ import annotations

import logging
import os
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

logger = logging.getLogger(__name__)


class Progress:
    """Counts the frames of all ranks through small files in a folder that they share.

    Each rank writes how many frames it has done; the first one adds them up and logs a line now and then. Without a
    folder a rank knows of itself alone. A count that can't be written or read costs nothing but that line's truth.
    """

    def __init__(self, total: int, folder: Path | None, *, rank: int = 0, ranks: int = 1, every: float = 10.0) -> None:
        """
        Args:
            total: frames to do, on all ranks together.
            folder: made where it is missing; None counts this rank alone.
            rank: of this process; 0 tells.
            ranks: how many there are.
            every: seconds between two lines, and a tenth of that between two writes.
        """
        self._total, self._folder, self._rank, self._ranks, self._every = total, folder, rank, ranks, every
        self._done = 0
        self._start = self._told = self._written = time.monotonic()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._write()

    def add(self, frames: int = 1) -> None:
        """So many frames more are done by this rank."""
        self._done += frames
        now = time.monotonic()
        if self._folder is not None and now - self._written >= self._every / 10:
            self._written = now
            self._write()
        if self._rank == 0 and now - self._told >= self._every:
            self._told = now
            logger.info(self.line())

    def done(self) -> int:
        """Frames done by all ranks, as far as they have said so."""
        if self._folder is None:
            return self._done
        others = (self._read(rank) for rank in range(self._ranks) if rank != self._rank)
        return self._done + sum(others)

    def line(self) -> str:
        """The state in words: frames, frames per second, time left."""
        done = self.done()
        rate = done / max(time.monotonic() - self._start, 1e-9)
        text = f"{done}/{self._total} frames on {self._ranks} rank{'s' if self._ranks > 1 else ''}, {rate:.1f} frames/s"
        if not done:
            return text
        left = timedelta(seconds=round(max(self._total - done, 0) / rate))
        return f"{text}, {left} left"

    def close(self) -> None:
        """This rank has done all of its frames."""
        if self._folder is not None:
            self._write()

    def _path(self, rank: int) -> Path:
        assert self._folder is not None
        return self._folder / f"rank_{rank}"

    def _write(self) -> None:
        path = self._path(self._rank)
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        with suppress(OSError):  # a full disk, or another rank that reads it: Windows then refuses; the next one may do
            temporary.write_text(str(self._done), encoding="utf-8")
            os.replace(temporary, path)

    def _read(self, rank: int) -> int:
        try:
            return int(self._path(rank).read_text(encoding="utf-8"))
        except (OSError, ValueError):  # not there yet, or being replaced
            return 0
