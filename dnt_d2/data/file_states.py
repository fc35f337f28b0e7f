"""Whether files changed, when they are a million: the system is asked by several processes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .stat_files import __file__ as PROGRAM
from .stat_files import stat_jobs, take_chunks

Job = tuple[bytes, bytes, int]
"""A folder, the names in it that are asked for, with a slash between them, and how many they are."""

# Files that a process looks at before it takes more; and chunks of a huge folder of folders.
_FILES = 500
_CHUNKS = 60
# Chunks that others may take: with what says that none is left, every system's pipe holds so many, so nobody waits.
_OFFERED = 500


class States(NamedTuple):
    """The states of F folders and N files in them.

    Attributes:
        folders: (F, 2) as from :func:`dnt_d2.data.stat_files.stat_folder`.
        mtime_ns, byte_size: (N,) as from :func:`dnt_d2.data.stat_files.stat_files`.
    """

    folders: NDArray[np.int64]
    mtime_ns: NDArray[np.int64]
    byte_size: NDArray[np.int64]


class StateReader(ExitStack):
    """Looks at folders and their files, together with other processes, which start at once and end with the block.

    ::

        with StateReader(helpers=3) as reader:
            ...  # the others start
            reader.add(jobs)
            ...  # the others look
            [states] = reader.result()

    A pipe holds what nobody has taken yet: whoever is free takes the next chunk of the work.
    """

    def __init__(self, helpers: int = 0) -> None:
        """
        Args:
            helpers: how many other processes to start. Where the system has none for us, this one does all.
        """
        super().__init__()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._chunks: list[list[Job]] = []
        self._adds: list[int] = []  # chunks of each call of add()
        self._written = 0
        if helpers > 0 and hasattr(os, "pread"):  # not on Windows
            with suppress(OSError):
                self._start(helpers)

    def _start(self, helpers: int) -> None:
        # A file, not a pipe: to write it doesn't wait for a process that still starts.
        self._work = self.enter_context(tempfile.TemporaryFile(buffering=0))  # noqa: SIM115  it ends with the block
        self._tokens, self._end = os.pipe()
        self.callback(os.close, self._tokens)
        self.callback(os.close, self._end)
        for _ in range(helpers):
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", PROGRAM, str(self._tokens)],
                stdin=self._work,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=[self._tokens],
            )
            self.enter_context(process)  # waits for its end
            self.callback(process.kill)  # it has nothing to lose, and mostly has ended
            self._processes.append(process)

    def add(self, jobs: Sequence[Job]) -> None:
        """Say which folders and files. The other processes begin."""
        chunks = list(_cut(jobs))
        for i, chunk in enumerate(chunks, len(self._chunks)):
            if self._processes and i < _OFFERED:
                text = b"".join(b"%b\0%b\0" % job[:2] for job in chunk)
                self._work.write(text)
                self._offer(i, self._written, len(text))
                self._written += len(text)
        self._chunks += chunks
        self._adds.append(len(chunks))

    def _offer(self, *token: int) -> None:
        os.write(self._end, array("q", token).tobytes())

    def result(self) -> list[States]:
        """Take part until all is looked at; for each call of :meth:`add`, what it asked for."""
        parts: dict[int, NDArray[np.int64]] = {}
        if self._processes:
            for _ in range(len(self._processes) + 1):
                self._offer(-1, 0, 0)
            for i, _, _ in take_chunks(self._tokens):
                parts[i] = np.array(stat_jobs(self._chunks[i]), np.int64)
        for process in self._processes:
            parts |= _parts(process)
        each = iter(enumerate(self._chunks))
        return [_join([_states(chunk, parts.get(i)) for i, chunk in islice(each, count)]) for count in self._adds]


def _states(jobs: list[Job], part: NDArray[np.int64] | None) -> States:
    files = sum(count for _, _, count in jobs)
    if part is None or len(part) != 2 * (len(jobs) + files):  # nobody took it, or a process that was killed
        part = np.array(stat_jobs(jobs), np.int64)
    folders, times, sizes = np.split(part, [2 * len(jobs), 2 * len(jobs) + files])
    return States(folders.reshape(-1, 2), times, sizes)


def _join(states: Sequence[States]) -> States:
    none = np.empty(0, np.int64)
    return States(
        np.concatenate([none.reshape(0, 2), *(x.folders for x in states)]),
        np.concatenate([none, *(x.mtime_ns for x in states)]),
        np.concatenate([none, *(x.byte_size for x in states)]),
    )


def _cut(jobs: Sequence[Job]) -> Iterator[list[Job]]:
    size = max(_FILES, sum(1 + count for _, _, count in jobs) // _CHUNKS)
    chunk: list[Job] = []
    rows = 0
    for job in jobs:
        chunk.append(job)
        rows += 1 + job[2]
        if rows >= size:
            yield chunk
            chunk, rows = [], 0
    if chunk:
        yield chunk


def _parts(process: subprocess.Popen[bytes]) -> dict[int, NDArray[np.int64]]:
    """What a process found out: for each chunk its number, how many numbers follow, and these."""
    assert process.stdout is not None
    output = process.stdout.read()
    numbers = np.frombuffer(output[: len(output) // 8 * 8], np.int64)
    parts: dict[int, NDArray[np.int64]] = {}
    at = 0
    while at + 2 <= len(numbers):
        i, count = numbers[at : at + 2].tolist()
        parts[i] = numbers[at + 2 : at + 2 + count]
        at += 2 + count
    return parts
