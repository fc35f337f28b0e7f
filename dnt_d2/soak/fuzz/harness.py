"""Many wrong files for one reader, in processes that may crash, hang or grow: what each file led to."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random

from .measures import Measures

HANG_SECONDS = 5.0
MEMORY_MB = 500

ALLOWED = (ValueError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError, OSError)
"""What a reader may raise: these, and subclasses of ours. One such as UnicodeDecodeError is a library's."""


class WrongForm(Exception):
    """A reader gave a result that its description rules out."""


def expect(condition: object, what: str) -> None:
    """Raise :class:`WrongForm` where a result is not as described."""
    if not condition:
        raise WrongForm(what)


@dataclass(frozen=True)
class Target:
    """A reader, and how wrong files for it are made.

    Attributes:
        name: in short.
        file: where the file lies in a folder of its own.
        seeds: gives sound files.
        change: makes a wrong one of them by chance.
        read: calls the reader, given the folder, and sees whether its result has the form that is promised.
        surround: puts into the folder whatever else there must be.
        names: files, one of which an error has to name; none stands for ``file``.
        kind: "text", "archive", "image" or "video".
        share: of the files of its kind, relative to the others.
    """

    name: str
    file: str
    seeds: Callable[[], Sequence[bytes]]
    change: Callable[[Random, Sequence[bytes]], bytes]
    read: Callable[[Path], object]
    surround: Callable[[Path], None] = lambda folder: None
    names: tuple[str, ...] = ()
    kind: str = "text"
    share: float = 1.0

    def make(self, seed: int, number: int) -> bytes:
        """The file of this number: the same for the same seed, on any machine."""
        random = Random(f"{self.name} {seed} {number}")
        seeds = self.seeds()
        return random.choice(seeds) if random.random() < 0.01 else self.change(random, seeds)

    def prepare(self, folder: Path) -> None:
        """A folder to read in."""
        folder.mkdir(parents=True, exist_ok=True)
        self.surround(folder)
        (folder / self.file).parent.mkdir(parents=True, exist_ok=True)

    def judge(self, folder: Path, data: bytes) -> tuple[str, str]:
        """Read a file.

        Returns:
            "result", "error" (of an allowed kind, which names the file), or what went wrong: "nameless", "unexpected"
            or "form"; and the message.
        """
        (folder / self.file).write_bytes(data)
        try:
            self.read(folder)
        except WrongForm as error:
            return "form", _with_place(error)
        except BaseException as error:  # whatever it is, it is to be told
            if isinstance(error, KeyboardInterrupt):
                raise
            if not _is_allowed(error):
                return "unexpected", _with_place(error)
            message = str(error)
            named = any(str(folder / name) in message for name in self.names or (self.file,))
            return ("error", message) if named else ("nameless", _with_place(error))
        return "result", ""


@dataclass(frozen=True)
class Outcome:
    """What one file led to.

    Attributes:
        number: of the file.
        kind: see :meth:`Target.judge`; also "hang", "crash" and "memory".
        message: of the error; where it is one that may not be, with its place in the program.
        seconds: that reading took.
        megabytes: by which the process had grown at the most.
        noise: bytes that were written to the terminal.
    """

    number: int
    kind: str
    message: str = ""
    seconds: float = 0.0
    megabytes: float = 0.0
    noise: int = 0

    @property
    def survived(self) -> bool:
        """Whether it was a result or an error of ours."""
        return self.kind in ("result", "error")


def hunt(target: Target, seed: int, count: int, folder: Path, workers: int = 2) -> Iterator[Outcome]:
    """Read the files 0 to ``count - 1``, in any order.

    Args:
        target: the reader.
        seed: of the files.
        count: how many.
        folder: for the processes; below it each has one, in which the file lies that it died of.
        workers: processes at a time.
    """
    lanes = [_Lane(target, seed, range(first, count, workers), folder / f"{first}") for first in range(workers)]
    try:
        while running := [lane for lane in lanes if not lane.finished]:
            ready = wait([lane.pipe for lane in running], timeout=0.2)
            for lane in running:
                yield from lane.outcomes(lane.pipe in ready)
    finally:
        for lane in lanes:
            lane.stop()
            shutil.rmtree(lane.folder, ignore_errors=True)


class _Lane:
    """One process at a time, which reads every so-many-th file; another follows one that died."""

    def __init__(self, target: Target, seed: int, numbers: range, folder: Path) -> None:
        self.target, self.seed, self.numbers, self.folder = target, seed, numbers, folder
        self.finished = False
        self.process: BaseProcess
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("fork" if sys.platform == "linux" else None)
        self.pipe, other = context.Pipe(duplex=False)
        arguments = (self.target, self.seed, self.numbers, self.folder, other)
        self.process = context.Process(target=_child, args=arguments, daemon=True)
        self.process.start()
        other.close()
        self.ready, self.since = False, time.monotonic()

    def outcomes(self, is_ready: bool) -> Iterator[Outcome]:
        """What has come since."""
        if not is_ready:
            limit = HANG_SECONDS if self.ready else 60.0
            if time.monotonic() - self.since > limit:
                yield from self._lost("hang", f"no end after {limit:g} s")
            return
        try:
            while self.pipe.poll():
                outcome = self.pipe.recv()
                self.ready, self.since = True, time.monotonic()
                if outcome is not None:
                    self.numbers = self.numbers[1:]
                    yield outcome
        except EOFError:
            self.process.join()
            if not self.numbers:
                self.finished = True
            elif self.ready and self.process.exitcode == 0:  # it had grown too much
                self._start()
            else:
                yield from self._lost("crash", f"the process ended with {self.process.exitcode}{self._last_words()}")

    def _lost(self, kind: str, message: str) -> Iterator[Outcome]:
        self.stop()
        yield Outcome(self.numbers[0], kind, message, time.monotonic() - self.since)
        self.numbers = self.numbers[1:]
        self.finished = not self.numbers
        if not self.finished:
            self._start()

    def _last_words(self) -> str:
        lines = (self.folder / "terminal.txt").read_text(errors="replace").splitlines()
        return f": {lines[-1][:200]}" if lines else ""

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _child(target: Target, seed: int, numbers: Sequence[int], folder: Path, pipe: Connection) -> None:
    target.prepare(folder)
    target.judge(folder, target.seeds()[0])  # what is compiled or loaded at the first call takes no file's time
    with open(folder / "terminal.txt", "wb") as sink:
        os.dup2(sink.fileno(), 1)
        os.dup2(sink.fileno(), 2)
    measures = Measures(MEMORY_MB, folder / "terminal.txt")
    pipe.send(None)
    for number in numbers:
        try:
            data = target.make(seed, number)
        except Exception as error:
            raise RuntimeError(f"{target.name}: file {number} of seed {seed} can't be made") from error
        measures.begin()
        kind, message = target.judge(folder, data)
        seconds, megabytes, noise = measures.end()
        if megabytes > MEMORY_MB:
            kind, message = "memory", f"{megabytes:.0f} MB"
        pipe.send(Outcome(number, kind, message, seconds, megabytes, noise))
        if megabytes > MEMORY_MB:
            return


def _is_allowed(error: BaseException) -> bool:
    ours = type(error).__module__.startswith("dnt_d2.") and isinstance(error, ALLOWED)
    return ours or type(error) in ALLOWED


def _with_place(error: BaseException) -> str:
    """An error with the lines of the package that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames if "/fuzz/" not in frame.filename]
    return f"{type(error).__name__}: {str(error)[:300]} <- {' '.join(places[-4:])}"
