"""Which checkpoint of a folder a training goes on from: the last if it is whole, else the newest one that is.

PyTorch writes a sum (CRC-32) with everything in a checkpoint, and doesn't look at it when it reads: weights of which a
disk has changed a bit are loaded without a word. Here they are not.
"""

from __future__ import annotations

import logging
import re
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path

from ..bounded.torch_files import load_plain

logger = logging.getLogger(__name__)

TAG = "last_checkpoint"
"""Name of the file that says which checkpoint is the last."""

_PERIODIC = re.compile(r"model_(\d+|final)\.pth")


class UnusableCheckpointError(ValueError):
    """There are checkpoints, and none of them is whole."""


def find_checkpoint(folder: str | Path, wanted: Collection[str] = ()) -> Path | None:
    """The checkpoint to go on from.

    That is the one that ``last_checkpoint`` names, if it is whole. If it isn't, or if there is no such file, then it is
    the newest whole one before it, of those that are called ``model_<number>.pth`` or ``model_final.pth``; a warning
    says so. Files with weights alone don't count.

    Args:
        folder: OUTPUT_DIR of a training; need not exist.
        wanted: what a checkpoint must hold besides the model, such as "trainer".

    Returns:
        its path, or None if there has never been a checkpoint.

    Raises:
        UnusableCheckpointError: there were some, but none that can be used: a training must not begin anew unasked.
    """
    folder = Path(folder)
    tagged = read_tag(folder)
    faults = []
    if tagged is not None:
        fault = damage(tagged, wanted) if tagged != folder else "is not named: the file is empty"
        if not fault:
            return tagged
        faults.append(f"{folder / TAG}: its checkpoint {tagged.name if tagged != folder else ''} {fault}")
    for path in _newest_first(folder, tagged):
        fault = damage(path, wanted)
        if not fault:
            if faults:
                logger.warning(f"{'; '.join(faults)}. Going on from {path}, the newest checkpoint that is whole")
            else:
                logger.warning(f"{folder / TAG} is missing. Going on from {path}, the newest checkpoint there")
            return path
        if tagged is not None or not fault.startswith(_WEIGHTS_ALONE):
            faults.append(f"{path.name} {fault}")
    if not faults:
        return None
    raise UnusableCheckpointError(
        f"no checkpoint in {folder} can be used. {'; '.join(faults)}. Put a good copy there; or move these files away, "
        "and the training begins anew (from MODEL.WEIGHTS)"
    )


def read_tag(folder: Path) -> Path | None:
    """The checkpoint that ``last_checkpoint`` names, whether it is there or not; the folder, if it names none.

    Returns:
        a path, or None if there is no such file.
    """
    try:
        return folder / (folder / TAG).read_bytes().decode(errors="replace").strip().replace("\0", "")
    except FileNotFoundError:
        return None


_WEIGHTS_ALONE = "holds no state of a training"


def damage(path: Path, wanted: Collection[str] = ()) -> str:
    """What is wrong with a checkpoint, to be read after its name; "" if nothing is.

    All of the file is read.

    Args:
        path: of the file.
        wanted: what it must hold besides the model.
    """
    try:
        if not path.is_file():
            return "is not there"
        if not path.stat().st_size:
            return "is empty"
        content = load_plain(path)
        if zipfile.is_zipfile(path):  # as all are since PyTorch 1.6
            with zipfile.ZipFile(path) as archive:
                broken = archive.testzip()
            if broken is not None:
                return f"is damaged: {broken} in it is not what was written"
    except Exception as error:  # of zipfile, pickle, struct, PyTorch: whatever broken bytes lead to
        return f"is cut off, or no checkpoint ({str(error).strip().splitlines()[0] if str(error).strip() else error!r})"
    if not isinstance(content, dict) or "model" not in content:
        return "is no checkpoint: it holds no model"
    missing = [name for name in wanted if name not in content]
    return f"{_WEIGHTS_ALONE} ({', '.join(missing)})" if missing else ""


def _newest_first(folder: Path, tagged: Path | None) -> Iterator[Path]:
    """All others that could be gone on from: those with lower numbers than the tagged one, if it has a number.

    Whoever wrote an earlier name into the tag wants no later one; and the times of files are lost in a copy. Without a
    number the times must do: files of an earlier, longer training may have the higher numbers.
    """
    files = {path: name for path in folder.glob("model_*.pth") if (name := _PERIODIC.fullmatch(path.name))}
    last = None if tagged is None else _PERIODIC.fullmatch(tagged.name)
    if last is not None and last[1] != "final":
        numbers = {path: int(name[1]) for path, name in files.items() if name[1] != "final"}
        before = [path for path, number in numbers.items() if number < int(last[1])]
        return iter(sorted(before, key=lambda path: numbers[path], reverse=True))
    others = [path for path in files if path != tagged]
    return iter(sorted(others, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True))
