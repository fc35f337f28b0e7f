"""Whether the ranks of several machines have one disk."""

from __future__ import annotations

import os
from pathlib import Path

from detectron2.utils import comm


def is_shared(folder: Path) -> bool:
    """Whether all ranks see what the first one writes to a folder, which is made. Every rank must call it.

    A folder of the same name on a disk of another machine, left by an earlier run, is not shared.
    """
    token = folder / f"shared_{comm.all_gather(os.urandom(8).hex())[0]}"
    if comm.is_main_process():
        folder.mkdir(parents=True, exist_ok=True)
        token.touch()
    comm.synchronize()
    return all(comm.all_gather(token.is_file()))
