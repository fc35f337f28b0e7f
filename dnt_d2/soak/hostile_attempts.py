"""One attack in a process of its own, with a wall around its memory and its time."""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from ..bounded.memory import MEMORY_VARIABLE

SECONDS, MEGABYTES = 5.0, 500
_WALL_SECONDS = 60.0  # of the clock on the wall, which other programs slow down
_WALL_BYTES = 8 << 30  # of addresses
_MEMORY_MB = "400"  # what the readers are told to have
CANARY = "canary"

_FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Attack:
    """A hostile file.

    Attributes:
        name: what is hostile about it.
        make: writes it below an empty folder, and gives its path.
        read: what a user would do with it.
        may_pass: a result is fine as well as an error: the file is odd, not wrong.
    """

    name: str
    make: Callable[[Path], Path]
    read: Callable[[Path], Any]
    may_pass: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of an attack.

    Attributes:
        why: it was not survived; "" where it was.
        seconds: of processor time, of reading alone.
        megabytes: by which the process grew at its peak.
        said: the error.
    """

    why: str
    seconds: float
    megabytes: float
    said: str


def attempt(attack: Attack, folder: Path) -> Outcome:
    """Make the file, and read it in a child; the folder is removed afterwards.

    Args:
        attack: what to do.
        folder: is made; must not be there.
    """
    folder.mkdir(parents=True)
    path = attack.make(folder)
    before = _tree(folder)
    ours, theirs = _FORK.Pipe(duplex=False)
    child = _FORK.Process(target=_child, args=(attack, path, theirs), daemon=True)
    child.start()
    theirs.close()
    answered = ours.poll(_WALL_SECONDS)
    try:
        kind, said, seconds, megabytes = ours.recv() if answered else ("", "no end", _WALL_SECONDS, 0.0)
    except EOFError:
        kind, said, seconds, megabytes = "", "it died", 0.0, 0.0
    child.kill()
    child.join()
    strange = sorted(_tree(folder) ^ before)
    shutil.rmtree(folder)
    return Outcome(_why(attack, path, kind, said, seconds, megabytes, strange), seconds, megabytes, said)


def _why(attack: Attack, path: Path, kind: str, said: str, seconds: float, megabytes: float, strange: list[str]) -> str:
    if strange:
        return f"files came or went: {strange[:3]}"
    if kind not in ("result", "ours"):
        return f"{kind}: {said}".removeprefix(": ")
    if kind == "result" and not attack.may_pass:
        return "it was read as if nothing were wrong"
    if kind == "ours" and path.name not in said:
        return f"the error doesn't name {path.name}: {said}"
    if seconds > SECONDS or megabytes > MEGABYTES:
        return f"it took {seconds:.1f} s, {megabytes:.0f} MB"
    return ""


def _tree(folder: Path) -> set[str]:
    """All that is below the folder that holds this one: what is written out of it shows too."""
    return {os.path.join(root, name) for root, folders, files in os.walk(folder.parent) for name in (*folders, *files)}


def _child(attack: Attack, path: Path, answer: Connection) -> None:
    import cv2

    cv2.setNumThreads(0)  # threads of the parent are not here
    os.chdir(path.parent if path.is_file() else path)
    os.environ[MEMORY_VARIABLE] = _MEMORY_MB
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + _WALL_BYTES,) * 2)
    peak, start = _peak(), time.process_time()
    try:
        attack.read(path)
        kind, said = "result", ""
    except (ValueError, OSError) as error:
        kind, said = ("no message", "") if isinstance(error, UnicodeError) else ("ours", str(error)[:2000])
    except BaseException as error:
        kind, said = type(error).__name__, str(error)[:300]
    answer.send((kind, said, time.process_time() - start, _peak() - peak))
    os._exit(0)


def _peak() -> float:
    """Of this process, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
