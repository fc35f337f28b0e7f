"""Reading many XML files, in several processes when they are many."""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from tqdm import tqdm

from .xml_table import XmlTable, join_tables, make_table, read_content

logger = logging.getLogger(__name__)

WORKERS_VARIABLE = "DNT_D2_WORKERS"

_EARLY_END = (
    "Was there too little memory, or does your script, which such processes import, start its work without "
    "if __name__ == '__main__'?"
)

# Fewer are read before processes have started.
_FEW = 2000
_CHUNK = 400


def count_workers(workers: int = 0) -> int:
    """How many processes to read with.

    Args:
        workers: as many; 0 means $DNT_D2_WORKERS, and where that isn't set, one for each core that we may use.

    Raises:
        ValueError: the variable, or the argument, is not a number from 1 (0) on.
    """
    text = os.environ.get(WORKERS_VARIABLE, "")
    if not workers and text:
        if not text.isdecimal() or int(text) < 1:
            raise ValueError(f"{WORKERS_VARIABLE} is {text!r}; set it to a number of processes, 1 or more")
        return int(text)
    if workers < 0:
        raise ValueError(f"the number of processes is {workers}; give 1 or more, or 0 for one for each core")
    return workers or (len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1)


def process_pool(workers: int) -> ProcessPoolExecutor:
    """Processes that start at once and need no guard in the main program, where the system has such (Linux)."""
    # Not "spawn" there: each process would import Detectron2 to read a few thousand small files.
    return ProcessPoolExecutor(workers, multiprocessing.get_context("fork" if sys.platform == "linux" else None))


def may_start_processes() -> bool:
    """False in a process that may have no children, such as a worker of a data loader."""
    return not multiprocessing.current_process().daemon


def read_files(
    paths: Sequence[str], mtime_ns: Sequence[int], byte_size: Sequence[int], *, workers: int = 0, what: str = ""
) -> XmlTable:
    """The table of these XML files, with a progress bar where it takes longer than a second.

    Args:
        paths: of the files. One that is broken becomes an odd row.
        mtime_ns, byte_size: of each, found before this call: what changes while it is read is stale next time.
        workers: see :func:`count_workers`.
        what: for the progress bar.
    """
    cuts = range(0, len(paths), _CHUNK)
    chunks = [tuple(column[at : at + _CHUNK] for column in (paths, mtime_ns, byte_size)) for at in cuts]
    workers = min(count_workers(workers), len(chunks))
    with tqdm(total=len(paths), desc=what, unit=" xml", delay=1, disable=None) as bar:
        tables = []
        for table in _read_chunks(chunks, workers if len(paths) > _FEW and may_start_processes() else 1):
            tables.append(table)
            bar.update(len(table))
    return join_tables(tables)


def _read_chunks(chunks: Sequence[tuple], workers: int) -> Iterator[XmlTable]:
    done = 0
    if workers > 1:
        try:
            with process_pool(workers) as pool:
                for table in pool.map(_read_chunk, chunks):
                    done += 1
                    yield table
        except BrokenProcessPool:
            logger.warning(f"The processes that read XML have ended early; this one goes on alone. {_EARLY_END}")
    yield from map(_read_chunk, chunks[done:])


def _read_chunk(chunk: tuple[Sequence[str], Sequence[int], Sequence[int]]) -> XmlTable:
    paths, mtime_ns, byte_size = chunk
    return make_table(mtime_ns, byte_size, [read_content(path) for path in paths])
