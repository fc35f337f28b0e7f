"""Checkpoints that a kill, or a full disk, can't leave half written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from detectron2.checkpoint import DetectionCheckpointer

from .whole_file import whole_file


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
        with whole_file(path) as file:
            torch.save(data, file)
        self.tag_last_checkpoint(path.name)

    def tag_last_checkpoint(self, last_filename_basename: str) -> None:
        """Note which file is the last."""
        with whole_file(Path(self.save_dir, "last_checkpoint")) as file:
            file.write(last_filename_basename.encode())
