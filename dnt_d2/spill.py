"""Arrays that grow on the disk: what a video of any length leaves behind, without growing the memory.

    file = SpillFile()
    boxes = GrowingArray(file, np.float64, 4)
    for frame in frames:
        boxes.append(frame)
    boxes.read(1000, 2000)

They are read, not mapped: mapped pages would count as memory of the process all the same.
"""

from __future__ import annotations

import logging
import tempfile
from array import array
from typing import IO, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

_log = logging.getLogger(__name__)


class SpillFile:
    """A temporary file for many :class:`GrowingArray`, which nobody else sees, and which goes when it is forgotten.

    It is made when there is something to write: a short video has none. It lies where ``tempfile`` puts it: in the
    folder that the environment names as ``TMPDIR``, else in the system's. When that is full, what comes is kept in
    memory, with a logged warning: hours of tracking are not lost for it.

    Attributes:
        size: bytes in the file.
    """

    def __init__(self) -> None:
        """Without a file yet."""
        self._file: IO[bytes] | None = None
        self._kept: list[NDArray[Any]] = []
        self.size = 0

    def append(self, data: NDArray[Any]) -> int:
        """Write an array at the end.

        Returns:
            Which one it is, for :meth:`fill`.
        """
        place = self.size
        if not self._kept:
            try:
                self._write(np.ascontiguousarray(data).data.cast("B"))
                return place
            except OSError as error:
                _log.warning(
                    "the temporary file of a long video in %s can't be written (%s, after %.0f MB): from here on, "
                    "memory grows instead. Name a folder with more space in TMPDIR, or track in a window, or online",
                    tempfile.gettempdir(),
                    error.strerror,
                    place / 1e6,
                )
        self._kept.append(data.copy())
        return -len(self._kept)

    def _write(self, view: memoryview) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="dnt_d2-", buffering=0)  # noqa: SIM115 - it lives as long as this
        self._file.seek(self.size)
        count = len(view)
        while len(view):
            view = view[self._file.write(view) :]
        self.size += count

    def fill(self, place: int, skipped: int, target: NDArray[Any]) -> None:
        """Read into a contiguous array.

        Args:
            place: what :meth:`append` returned.
            skipped: how many bytes of that to pass over.
            target: filled.

        Raises:
            OSError: the file has lost its end.
        """
        view = target.data.cast("B")
        if place < 0:
            view[:] = self._kept[-place - 1].data.cast("B")[skipped : skipped + len(view)]
            return
        assert self._file is not None, "nothing was written yet"
        self._file.seek(place + skipped)
        while len(view):
            count = self._file.readinto(view)  # type: ignore[attr-defined]
            if not count:
                raise OSError(f"a temporary file in {tempfile.gettempdir()} lost its end")
            view = view[count:]


class GrowingArray:
    """Rows of numbers, of which only the latest few are held in memory."""

    def __init__(
        self, file: SpillFile, dtype: DTypeLike, width: int | None = None, *, held_bytes: int = 1 << 14
    ) -> None:
        """
        Args:
            file: where the rows go; it may be shared.
            dtype: of a number.
            width: numbers in a row; None for an array of one dimension.
            held_bytes: about how much is held in memory, and written at a time.
        """
        self._shape = () if width is None else (width,)
        self._dtype = np.dtype(dtype)
        self._row_bytes = self._dtype.itemsize * max(1, width or 1)
        self._step = max(1, held_bytes // self._row_bytes)  # rows that are written at a time
        self._file, self._places = file, array("q")
        self._latest: list[NDArray[Any]] = []
        self._held = 0

    def __len__(self) -> int:
        """The number of rows."""
        return len(self._places) * self._step + self._held

    def append(self, rows: ArrayLike) -> None:
        """Add rows, (N,) or (N, width), which must not change any more."""
        rows = np.asarray(rows, self._dtype)
        if rows.ndim != 1 + len(self._shape):
            rows = rows.reshape(-1, *self._shape)
        self._latest.append(rows)
        self._held += len(rows)
        if self._held >= self._step:
            self._write()

    def _write(self) -> None:
        rows = self._joined()
        whole = len(rows) - len(rows) % self._step
        for start in range(0, whole, self._step):
            self._places.append(self._file.append(rows[start : start + self._step]))
        self._latest, self._held = [rows[whole:].copy()], len(rows) - whole

    def _joined(self) -> NDArray[Any]:
        """What is not written yet."""
        if len(self._latest) != 1:
            self._latest = [np.concatenate([np.empty((0, *self._shape), self._dtype), *self._latest])]
        return self._latest[0]

    def read(self, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """The rows from ``start`` to ``stop - 1``, by default all, as a new array.

        Raises:
            IndexError: there are fewer rows.
        """
        stop = len(self) if stop is None else stop
        if not 0 <= start <= stop <= len(self):
            raise IndexError(f"rows {start} to {stop} of {len(self)}")
        found = np.empty((stop - start, *self._shape), self._dtype)
        done = 0
        while done < len(found):
            chunk, skipped = divmod(start + done, self._step)
            if chunk == len(self._places):
                found[done:] = self._joined()[skipped : skipped + len(found) - done]
                break
            count = min(self._step - skipped, len(found) - done)
            self._file.fill(self._places[chunk], skipped * self._row_bytes, found[done : done + count])
            done += count
        return found
