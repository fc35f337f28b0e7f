"""Checkpoints and their tag, damaged as a disk, a copy or a hand may damage them."""

from __future__ import annotations

import io
import random
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from .interruption_runs import SIZES, STEPS, Outcome, Trial, keys
from .interruption_training import POINT, first_iteration
from .record import Fault
from .small_run import SmallRun

_LAST, _BEFORE = STEPS - 6, STEPS - 11  # iterations of the last two checkpoints of a training that was killed then


def damaged_tag(run: SmallRun, expected: Outcome) -> Fault:
    """``last_checkpoint`` says nothing, or something wrong."""
    contents = {"empty": b"", "half": b"model_00", "a line break": f"model_{_LAST:07d}.pth\n".encode()}
    contents |= {"a file that isn't there": b"model_0000999.pth", "no text": b"\xff\x00\x10"}

    def write(content: bytes) -> Callable[[Path], object]:
        return lambda folder: (folder / "last_checkpoint").write_bytes(content)

    damages = {name: write(content) for name, content in contents.items()}
    damages |= {"missing": lambda folder: (folder / "last_checkpoint").unlink()}
    return _resumed(run, expected, "last_checkpoint damaged", damages, _LAST + 1)


def damaged_checkpoint(run: SmallRun, expected: Outcome, seed: int) -> Fault:
    """The last checkpoint isn't what was written; the one before it is."""
    rng = random.Random(seed)

    def cut(content: bytearray) -> bytes:
        return bytes(content[: rng.randrange(1, len(content))])

    def flip(content: bytearray) -> bytes:
        content[_within_a_tensor(content, rng)] ^= 1 << rng.randrange(8)
        return bytes(content)

    def zero(content: bytearray) -> bytes:
        place = _within_a_tensor(content, rng)
        return bytes(content[:place]) + bytes(512) + bytes(content[place + 512 :])

    changes = {"cut off": cut, "a bit flipped": flip, "a block of zeros": zero, "empty": lambda content: b""}

    def apply(change: Callable[[bytearray], bytes]) -> Callable[[Path], None]:
        def change_last(folder: Path) -> None:
            path = folder / f"model_{_LAST:07d}.pth"
            path.write_bytes(change(bytearray(path.read_bytes())))

        return change_last

    damages: dict[str, Callable[[Path], object]] = {name: apply(change) for name, change in changes.items()}
    return _resumed(run, expected, "the last checkpoint damaged", damages, _BEFORE + 1)


def _within_a_tensor(checkpoint: bytearray, rng: random.Random) -> int:
    """A place in the largest; between tensors there are bytes that nobody reads."""
    with zipfile.ZipFile(io.BytesIO(checkpoint)) as archive:
        largest = max(archive.infolist(), key=lambda entry: entry.file_size)
    return largest.header_offset + rng.randrange(512, largest.file_size - 512)


def nothing_whole(run: SmallRun) -> Fault:
    """Every checkpoint is cut off: the training must not begin anew."""
    began, name = time.monotonic(), "nothing"
    folder = _as_if_killed(run, name)
    before = {path: path.read_bytes()[:-1000] for path in folder.glob("*.pth")}
    for path, content in before.items():
        path.write_bytes(content)
    trial = Trial.begin(run, name, "--resume", **keys(SIZES))
    status, said = trial.end(), trial.said()
    told = status == 1 and "can be used" in said and all(path.name in said for path in before)
    untouched = all(path.read_bytes() == content for path, content in before.items())
    return Fault(
        POINT,
        "every checkpoint damaged",
        "an error that names them all and the remedy; nothing is trained, nothing is overwritten",
        injected=1,
        survived=int(told and untouched),
        lost=0 if untouched else STEPS,
        unit="iterations",
        seconds=time.monotonic() - began,
    )


def _resumed(
    run: SmallRun, expected: Outcome, what: str, damages: dict[str, Callable[[Path], object]], start: int
) -> Fault:
    began, survived, lost = time.monotonic(), 0, 0
    for damage in damages.values():
        folder = _as_if_killed(run, "damaged")
        damage(folder)
        trial = Trial.begin(run, "damaged", "--resume", **keys(SIZES))
        survived += trial.end() == 0 and first_iteration(trial.said()) == start
        lost += Outcome.read(folder).lost(expected)
    return Fault(
        POINT,
        f"{what}: {', '.join(damages)}",
        f"--resume goes on from the newest whole checkpoint, to the same end (iteration {start})",
        injected=len(damages),
        survived=survived,
        lost=lost,
        unit="iterations",
        seconds=time.monotonic() - began,
    )


def _as_if_killed(run: SmallRun, name: str) -> Path:
    """The folder of the undisturbed training, as it was soon after its last checkpoint but one."""
    folder = run.folder / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(run.folder / "whole", folder)
    (folder / "model_final.pth").unlink()
    (folder / f"model_{STEPS - 1:07d}.pth").unlink()
    (folder / "last_checkpoint").write_text(f"model_{_LAST:07d}.pth")
    return folder
