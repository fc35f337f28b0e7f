"""Arrays that grow on the disk: what a video of any length leaves behind, without growing the memory.

    file = SpillFile()
    boxes = GrowingArray(file, np.float64, 4)
    for frame in frames:
        boxes.append(frame)
    boxes.read(1000, 2000)

They are read, not mapped: mapped pages would count as memory of the process all the same.
"""

from __future__ import annotations

import tempfile
from array import array
from typing import IO, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray


class SpillFile:
    """A temporary file for many :class:`GrowingArray`, which nobody else sees, and which goes when it is forgotten.

    It is made when there is something to write: a short video has none. It lies where ``tempfile`` puts it: in the
    folder that the environment names as ``TMPDIR``, else in the system's.
    """

    def __init__(self) -> None:
        """Without a file yet."""
        self._file: IO[bytes] | None = None
        self.size = 0
        """Bytes written."""

    def append(self, data: NDArray[Any]) -> int:
        """Write an array at the end.

        Returns:
            Where it begins, for :meth:`fill`.

        Raises:
            OSError: the disk is full, say; the message tells what helps. What was written before can still be read.
        """
        place, view = self.size, np.ascontiguousarray(data).data.cast("B")
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="dnt_d2-", buffering=0)  # noqa: SIM115 - it lives as long as this
            self._file.seek(place)
            while len(view):
                view = view[self._file.write(view) :]
        except OSError as error:
            reason = f"{error.strerror}, after {place / 1e6:.0f} MB"
            message = (
                f"what a long video leaves behind is kept in a temporary file, which can't be written ({reason}). Free "
                "some space, name a folder with more of it in TMPDIR, or track in a window, or online"
            )
            raise OSError(error.errno, message, tempfile.gettempdir()) from error
        self.size = place + data.nbytes
        return place

    def fill(self, place: int, target: NDArray[Any]) -> None:
        """Read into a contiguous array what :meth:`append` wrote at a place, or the beginning of it."""
        assert self._file is not None, "nothing was written yet"
        self._file.seek(place)
        view = target.data.cast("B")
        while len(view):
            count = self._file.readinto(view)  # type: ignore[attr-defined]
            if not count:
                raise OSError(f"a temporary file in {tempfile.gettempdir()} lost its end: was the disk full?")
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
            self._file.fill(self._places[chunk] + skipped * self._row_bytes, found[done : done + count])
            done += count
        return found
