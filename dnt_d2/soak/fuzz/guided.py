"""Wrong files that coverage leads to: atheris changes what made the readers go new ways. Also its program.

It runs in a process of its own, where the readers are imported with counters in them, and ends after a time.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

from .harness import HANG_SECONDS, MEMORY_MB, Target

_INSTRUMENTED = ["dnt_d2.bounded", "dnt_d2.data", "dnt_d2.formats"]
_LARGEST = 20_000  # bytes of a file
_START_SECONDS = 90
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


def guide(targets: Iterable[Target], folder: Path, seed: int, seconds: float, workers: int = 2) -> Iterator[Guided]:
    """Look for wrong files that coverage leads to.

    Args:
        targets: the readers.
        folder: for what is found, by the names of the targets.
        seed: of the choices; what comes of it also depends on how far a machine gets in this time.
        seconds: for each target.
        workers: processes at a time.
    """
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(
            lambda target: _guide(target, folder / target.name.replace(" ", "_"), seed, seconds), targets
        )


def _guide(target: Target, folder: Path, seed: int, seconds: float) -> Guided:
    corpus = folder / "corpus"
    corpus.mkdir(parents=True)
    for number, data in enumerate(target.seeds()):
        (corpus / f"{number}").write_bytes(data)
    command = [sys.executable, "-m", __name__, target.name, str(folder), str(corpus), f"{seed}", f"{seconds:g}"]
    start = time.perf_counter()
    with open(folder / "log.txt", "wb") as log:
        try:
            limit = seconds + _START_SECONDS
            code = subprocess.run(command, stdout=log, stderr=log, timeout=limit, check=False).returncode
        except subprocess.TimeoutExpired:
            code = -1
    text = (folder / "log.txt").read_text(errors="replace")
    runs = _RUNS.search(text)
    notes = folder / "found.txt"
    found = sorted(set(notes.read_text(encoding="utf-8").splitlines())) if notes.is_file() else []
    if code or runs is None:
        words = [line for line in text.splitlines() if "ERROR" in line or "Error" in line]
        found.append(f"the process ended with {code}: {words[-1] if words else 'see log.txt'}")
    return Guided(target.name, int(runs[1]) if runs else 0, found, time.perf_counter() - start)


def main() -> None:
    """Read files in this process until the time is over."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("target", "folder", "corpus", "seed", "seconds"):
        parser.add_argument(name)
    args = parser.parse_args()
    import atheris

    with atheris.instrument_imports(include=_INSTRUMENTED):
        from .targets import all_targets
    target = next(target for target in all_targets() if target.name == args.target)
    folder = Path(args.folder)
    target.prepare(folder / "work")
    for data in target.seeds():
        target.judge(folder / "work", data)

    def read(data: bytes) -> None:
        kind, message = target.judge(folder / "work", data)
        if kind not in ("result", "error"):
            _keep(folder, data, f"{kind}: {message}")

    def change(data: bytes, largest: int, seed: int) -> bytes:
        try:
            changed = target.change(Random(seed), [data, data, *target.seeds()])
        except Exception:  # it is no sound file any more, which is what that takes
            changed = atheris.Mutate(data, largest)
        return changed[:largest]

    options = {
        "seed": 1 + int(args.seed),
        "max_total_time": int(float(args.seconds)),
        "timeout": int(HANG_SECONDS),
        "rss_limit_mb": _resident_mb() + MEMORY_MB,
        "max_len": _LARGEST,
        "print_final_stats": 1,
    }
    words = [f"-{key}={value}" for key, value in options.items()]
    atheris.Setup([sys.argv[0], *words, f"-artifact_prefix={folder}/", args.corpus], read, custom_mutator=change)
    atheris.Fuzz()


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
