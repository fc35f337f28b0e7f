"""Wrong files that coverage leads to: atheris changes what made the readers go new ways. Also its program.

It runs in a process of its own, where the readers are imported with counters in them, and ends after a time.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from .harness import HANG_SECONDS, MEMORY_MB, Target

_INSTRUMENTED = ("bounded", "data", "formats")  # of the package; Numba can't compile what has counters
_LARGEST = 20_000  # bytes of a file
_START_SECONDS = 240  # to import everything, on a busy machine
_NO_COUNTERS = "Is the code instrumented for coverage?"
_RUNS = re.compile(r"stat::number_of_executed_units:\s*(\d+)")


@dataclass(frozen=True)
class Guided:
    """What became of one target.

    Attributes:
        target: its name.
        runs: files that were read.
        found: what went wrong, a line for each kind; the files are in the folder.
        seconds: that it took.
    """

    target: str
    runs: int
    found: list[str]
    seconds: float


def is_there() -> bool:
    """Whether atheris is installed; it is made for Linux and macOS."""
    return importlib.util.find_spec("atheris") is not None


def guide(targets: Sequence[Target], folder: Path, seed: int, seconds: float, workers: int = 2) -> list[Guided]:
    """Look for wrong files that coverage leads to.

    Args:
        targets: the readers.
        folder: for what is found, by the names of the targets.
        seed: of the choices; what comes of it also depends on how far a machine gets in this time.
        seconds: for each target.
        workers: processes at a time.
    """
    for target in targets:
        corpus = _place(folder, target.name) / "corpus"
        corpus.mkdir(parents=True)
        for number, data in enumerate(target.seeds()):
            (corpus / f"{number}").write_bytes(data)
    command = [sys.executable, "-m", __name__, str(folder), f"{seed}", f"{seconds:g}", f"{workers}"]
    limit = _START_SECONDS + 2 * seconds * len(targets) / workers
    with open(folder / "log.txt", "wb") as log, suppress(subprocess.TimeoutExpired):
        names = [target.name for target in targets]
        subprocess.run([*command, *names], stdout=log, stderr=log, timeout=limit, check=False)
    return [_outcome(target, _place(folder, target.name)) for target in targets]


def _place(folder: Path, name: str) -> Path:
    return folder / name.replace(" ", "_")


def _outcome(target: Target, folder: Path) -> Guided:
    """From what a process has left."""
    log, notes, end = (folder / name for name in ("log.txt", "found.txt", "end.txt"))
    text = log.read_text(errors="replace") if log.is_file() else ""
    runs = _RUNS.search(text)
    found = sorted(set(notes.read_text(encoding="utf-8").splitlines())) if notes.is_file() else []
    code, seconds = end.read_text().split() if end.is_file() else ("no word", "0")
    if code != "0" or runs is None:
        words = [line for line in text.splitlines() if "ERROR" in line or "Error" in line]
        found.append(f"the process ended with {code}: {words[-1] if words else 'see log.txt'}")
    if _NO_COUNTERS in text:
        found.append("nothing was counted, so that coverage led nowhere")
    return Guided(target.name, int(runs[1]) if runs else 0, found, float(seconds))


def main() -> None:
    """Import the readers with counters, once; then a fork for each of them, a few at a time."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("folder", "seed", "seconds", "workers"):
        parser.add_argument(name)
    parser.add_argument("targets", nargs="+")
    args = parser.parse_args()
    import atheris

    root = Path(__file__).resolve().parents[2]
    with atheris.instrument_imports(include=[root.name], exclude=_plain_modules(root)):
        from .targets import all_targets
    known = {target.name: target for target in all_targets()}
    running: dict[int, tuple[Path, float]] = {}
    for name in [*args.targets, None]:
        while running and (name is None or len(running) >= int(args.workers)):
            process, status = os.wait()
            folder, start = running.pop(process)
            code, seconds = os.waitstatus_to_exitcode(status), time.perf_counter() - start
            (folder / "end.txt").write_text(f"{code} {seconds:.1f}")
        if name is not None:
            folder = _place(Path(args.folder), name)
            process = os.fork()
            if not process:
                _read_until(known[name], folder, int(args.seed), float(args.seconds))
            running[process] = folder, time.perf_counter()


def _plain_modules(root: Path) -> list[str]:
    """All modules of the package but those that are instrumented: atheris takes whole packages, or single modules."""
    files = [path.relative_to(root.parent).with_suffix("").parts for path in root.rglob("*.py")]
    return [".".join(parts) for parts in files if parts[1] not in _INSTRUMENTED]


def _read_until(target: Target, folder: Path, seed: int, seconds: float) -> None:
    """Read files in this process until the time is over, which ends it."""
    import atheris

    with open(folder / "log.txt", "wb") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    target.prepare(folder / "work")
    for data in target.seeds():
        target.judge(folder / "work", data)

    def read(data: bytes) -> None:
        kind, message = target.judge(folder / "work", data)
        if kind not in ("result", "error"):
            _keep(folder, data, f"{kind}: {message}")

    def change(data: bytes, largest: int, number: int) -> bytes:
        try:
            changed = target.change(Random(number), [data, data, *target.seeds()])
        except Exception:  # it is no sound file any more, which is what that takes
            changed = atheris.Mutate(data, largest)
        return changed[:largest]

    options = {
        "seed": 1 + seed,
        "max_total_time": max(1, int(seconds)),
        "timeout": int(HANG_SECONDS),
        "rss_limit_mb": _resident_mb() + MEMORY_MB,
        "max_len": _LARGEST,
        "print_final_stats": 1,
    }
    words = [f"-{key}={value}" for key, value in options.items()]
    corpus = str(folder / "corpus")
    atheris.Setup([sys.argv[0], *words, f"-artifact_prefix={folder}/", corpus], read, custom_mutator=change)
    atheris.Fuzz()
    os._exit(0)


def _keep(folder: Path, data: bytes, note: str) -> None:
    name = hashlib.sha256(data).hexdigest()[:12]
    (folder / name).write_bytes(data)
    with open(folder / "found.txt", "a", encoding="utf-8", errors="replace") as file:
        file.write(f"{' '.join(note.split())[:300]}\n")


def _resident_mb() -> int:
    """What the imports take."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 2**20 if sys.platform == "darwin" else peak // 2**10


if __name__ == "__main__":
    main()
