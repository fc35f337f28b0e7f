"""Time and memory of a command with its children."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What a command took.

    Attributes:
        seconds: from its start to its end.
        peak_bytes: the most memory that it and all of its children held at once; pages that they share count once for
            each, so it is an upper bound.
    """

    seconds: float
    peak_bytes: int


def run_command(command: Sequence[str], *, log: Path, every: float = 0.1) -> Cost:
    """Run a command to its end and watch it.

    Args:
        command: program and arguments.
        log: where its output goes.
        every: seconds between two looks at its memory.

    Raises:
        RuntimeError: it failed; the message has the end of its output.
        ModuleNotFoundError: psutil is missing.
    """
    try:
        import psutil
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("measuring memory needs psutil: pip install 'dnt_d2[dev]'", name="psutil") from error
    peak, start = 0, time.perf_counter()
    with log.open("wb") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=sink, stdin=subprocess.DEVNULL)
        parent = psutil.Process(process.pid)
        while process.poll() is None:
            held = 0
            for one in _tree(parent):
                try:
                    held += one.memory_info().rss
                except psutil.Error:  # it ended between the two calls
                    continue
            peak = max(peak, held)
            time.sleep(every)
    seconds = time.perf_counter() - start
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{log.read_text(errors='replace', encoding='utf-8')[-2000:]}")
    return Cost(seconds, peak)


def _tree(parent: object) -> list:
    import psutil

    try:
        return [parent, *parent.children(recursive=True)]  # type: ignore[attr-defined]
    except psutil.Error:
        return []
