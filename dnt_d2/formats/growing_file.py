"""A file that grows part by part for as long as its writer lives, and takes its name when it is finished."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO

_STEP = 1 << 16  # bytes that are taken from the disk at a time


class GrowingFile:
    """A file of parts and an end, which has a temporary name beside its own until the end is written.

    Room is taken from the disk before it is needed, also for the end. So a full disk shows before a part is written,
    and what was there until then can still be finished. Memory does not grow with the file.

    Attributes:
        path: of the file.
        temporary: where it is until it is finished.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Nothing is written yet, but it is tried; a missing folder is made.

        Args:
            path: of the file; an older one is replaced when this one is finished.

        Raises:
            OSError: there can be no such file; the message says what to do.
        """
        self.path = Path(path).expanduser()
        if self.path.is_dir():
            raise IsADirectoryError(f"{self.path} is a folder; give the name of a file")
        self.temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        self._file: IO[bytes] | None = None
        self._done = (0, 0)  # bytes and parts: one value, so that an interrupt finds both as they were, or both new
        self._later = self._room = 0
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.temporary.touch()
            self.temporary.unlink()
        except OSError as error:
            raise type(error)(f"{self.path}: no file can be made there ({error.strerror}); choose another") from error

    @property
    def num_parts(self) -> int:
        """The parts that are written."""
        return self._done[1]

    def append(self, part: bytes, later: int = 0) -> None:
        """Write a part.

        Args:
            part: what to write, all of it or nothing.
            later: the bytes by which the end, that :meth:`finish` writes, gets longer through this part.

        Raises:
            OSError: there is no room. The file is as it was before, and can be finished.
        """
        start, count = self._done
        end = start + len(part)
        self._take_room(end + self._later + later)
        self._later += later
        self._write(start, part)
        self._done = (end, count + 1)

    def finish(self, end: Iterable[bytes] = ()) -> None:
        """Write the end, wait until all is on the disk, and give the file its name.

        Raises:
            OSError: it can't be; what is written stays under the temporary name.
        """
        position = self._done[0]
        try:
            for piece in end:
                self._write(position, piece)
                position += len(piece)
            with self._opened() as file:
                file.truncate(position)  # the room that was not needed
                os.fsync(file.fileno())
            os.replace(self.temporary, self.path)
        except OSError as error:
            message = f"{self.path}: it can't be finished ({error.strerror}); what is written is in {self.temporary}"
            raise type(error)(message) from error

    def discard(self) -> None:
        """Drop what is written, if there is anything."""
        if self._file is not None:
            self._file.close()
            self.temporary.unlink(missing_ok=True)

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            self._file = open(self.temporary, "wb", buffering=0)  # noqa: SIM115 (it lives as long as this object)
        return self._file

    def _take_room(self, size: int) -> None:
        """Make the file that long with zeros: they are replaced by what there is to write."""
        if size > self._room:
            try:
                self._write(self._room, bytes(size + _STEP - self._room))
                self._room = size + _STEP
            except OSError:  # almost full
                self._write(self._room, bytes(size - self._room))
                self._room = size

    def _write(self, position: int, data: bytes) -> None:
        file = self._opened()
        file.seek(position)
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]
