"""Whether files changed, when they are a million: the system is asked by several processes."""

from __future__ import annotations

import subprocess
import sys
from array import array
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from .stat_files import __file__ as PROGRAM
from .stat_files import stat_jobs

Job = tuple[bytes, bytes, int]
"""A folder, the names in it that are asked for, with a slash between them, and how many they are."""

Process = subprocess.Popen[bytes]


class StateReader:
    """Looks at folders and their files, together with other processes, which start at once and end with the block.

    ::

        with StateReader(helpers=3) as reader:
            ...  # the others are starting
            states = reader.read(jobs)
    """

    def __init__(self, helpers: int = 0) -> None:
        """
        Args:
            helpers: how many other processes to start. Where the system has none for us, this one does all.
        """
        started = [_start() for _ in range(helpers)]
        self._processes = [process for process in started if process is not None]

    def __enter__(self) -> StateReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            with suppress(OSError), process:  # closes its pipes, and waits
                process.kill()  # it has nothing to lose, and mostly has ended

    def read(self, jobs: Sequence[Job]) -> NDArray[np.int64]:
        """The states of folders and of files in them; to be called once.

        Args:
            jobs: F folders with N files in all.

        Returns:
            (F + N, 2): a row for each folder, as from :func:`dnt_d2.data.stat_files.stat_folder`, followed by a row for
            each of its files, as from :func:`dnt_d2.data.stat_files.stat_files`.
        """
        own, *others = _shares(jobs, len(self._processes) + 1)
        for process, share in zip(self._processes, others, strict=True):
            _give(process, share)
        parts = [array("q", stat_jobs(own)).tobytes()]
        parts += [_result(process, share) for process, share in zip(self._processes, others, strict=True)]
        return np.frombuffer(b"".join(parts), np.int64).reshape(-1, 2)


def _shares(jobs: Sequence[Job], count: int) -> list[list[Job]]:
    """Runs of jobs with about as many files each."""
    ends = np.cumsum([0, *(1 + count for _, _, count in jobs)])
    cuts = np.searchsorted(ends, ends[-1] * np.arange(1, count) / count).tolist()
    return [list(jobs[a:b]) for a, b in zip([0, *cuts], [*cuts, len(jobs)], strict=True)]


def _start() -> Process | None:
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return None


def _give(process: Process, jobs: Sequence[Job]) -> None:
    assert process.stdin is not None
    with suppress(OSError):  # it is gone: see _result()
        process.stdin.write(b"".join(b"%b\0%b\0" % job[:2] for job in jobs))
        process.stdin.close()


def _result(process: Process, jobs: list[Job]) -> bytes:
    """What the process says; where it failed, this one looks itself."""
    assert process.stdout is not None
    output = process.stdout.read()
    return (
        output if len(output) == 16 * sum(1 + count for _, _, count in jobs) else array("q", stat_jobs(jobs)).tobytes()
    )
