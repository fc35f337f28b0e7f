"""Checkpoints that a kill, or a full disk, can't leave half written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import torch
from detectron2.checkpoint import DetectionCheckpointer


class WholeFileCheckpointer(DetectionCheckpointer):
    """Detectron2's checkpointer, whose files appear under their names when they are complete, and only then.

    The tag ``last_checkpoint`` comes last, and is replaced in one go too: a run that is killed at any moment resumes
    from the last checkpoint that is whole.
    """

    def save(self, name: str, **kwargs: Any) -> None:
        """Write ``<name>.pth`` with the weights, the checkpointables and ``kwargs``, then tag it as the last."""
        if not self.save_dir or not self.save_to_disk:
            return
        data = {"model": self.model.state_dict()}
        data |= {key: thing.state_dict() for key, thing in self.checkpointables.items()} | kwargs
        path = Path(self.save_dir, f"{name}.pth")
        self.logger.info(f"Saving checkpoint to {path}")
        _write_whole(path, lambda file: torch.save(data, file))
        self.tag_last_checkpoint(path.name)

    def tag_last_checkpoint(self, last_filename_basename: str) -> None:
        """Note which file is the last."""
        _write_whole(Path(self.save_dir, "last_checkpoint"), lambda file: file.write(last_filename_basename.encode()))


def _write_whole(path: Path, write: Callable[[IO[bytes]], Any]) -> None:
    """Write under a temporary name, sync, rename. What a kill leaves behind is overwritten by the next attempt."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with open(temporary, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
