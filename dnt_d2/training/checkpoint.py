"""Checkpoints that neither a kill, nor a full disk, nor a damaged file can take from a training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from detectron2.engine import hooks
from detectron2.utils import comm
from torch import nn

from ..vetting import VettedCheckpointer
from ..whole_file import remove_leftovers, whole_file
from .checkpoint_files import TAG, UnusableCheckpointError, find_checkpoint


class WholeFileCheckpointer(VettedCheckpointer):
    """Detectron2's checkpointer, whose files appear under their names when they are complete, and only then.

    The tag ``last_checkpoint`` comes last, and is replaced in one go too: a run that is killed at any moment resumes
    from the last checkpoint that is whole. What a disk damages later is noticed, see :mod:`.checkpoint_files`.

    Attributes:
        saved: name of the file that was saved last by this object; "" before.
        resumed_from: the file that :meth:`resume_or_load` went on from; None if there was none.
    """

    def __init__(
        self, model: nn.Module, save_dir: str = "", *, save_to_disk: bool | None = None, **checkpointables: Any
    ) -> None:
        super().__init__(model, save_dir, save_to_disk=save_to_disk, **checkpointables)
        self.saved = ""
        self.resumed_from: Path | None = None

    def save(self, name: str, **kwargs: Any) -> None:
        """Write ``<name>.pth`` with the weights, the checkpointables and ``kwargs``, then tag it as the last.

        Raises:
            OSError: it can't be written, to a full disk for example; what was there before is as it was.
        """
        if not self.save_dir or not self.save_to_disk:
            return
        data = {"model": self.model.state_dict()}
        data |= {key: thing.state_dict() for key, thing in self.checkpointables.items()} | kwargs
        path = Path(self.save_dir, f"{name}.pth")
        self.logger.info(f"Saving checkpoint to {path}")
        with whole_file(path) as file:
            _write(data, file)
        self.saved = path.name
        self.tag_last_checkpoint(path.name)

    def tag_last_checkpoint(self, last_filename_basename: str) -> None:
        """Note which file is the last."""
        with whole_file(Path(self.save_dir, TAG)) as file:
            file.write(last_filename_basename.encode())

    def resume_or_load(self, path: str, *, resume: bool = True) -> dict[str, Any]:
        """As in Detectron2, but that :func:`.checkpoint_files.find_checkpoint` says what there is to resume from.

        The first rank looks, and all do as it says. It also removes what killed writers have left. Every rank must
        call it.

        Raises:
            UnusableCheckpointError: there are checkpoints, but none is whole: on all ranks.
            FileNotFoundError: only some of the ranks have the checkpoint: on all ranks.
        """
        if self.save_dir and self.save_to_disk:
            for file in remove_leftovers(self.save_dir):
                self.logger.info(f"Removed {file}, which a killed writer left")
        self.resumed_from = self._agreed_file() if resume and self.save_dir else None
        if self.resumed_from is None:
            if resume:
                self.logger.info(f"No checkpoint in {self.save_dir or 'any folder'}: beginning anew")
            return self.load(path, checkpointables=[])
        return self.load(str(self.resumed_from))

    def _agreed_file(self) -> Path | None:
        found: str | None = None
        error = ""
        if comm.is_main_process():
            try:
                file = find_checkpoint(self.save_dir, list(self.checkpointables))
                found = None if file is None else str(file)
            except UnusableCheckpointError as fault:
                error = str(fault)
        found, error = comm.all_gather((found, error))[0]
        if error:
            raise UnusableCheckpointError(error)
        if found is None:
            return None
        lacking = [rank for rank, there in enumerate(comm.all_gather(Path(found).is_file())) if not there]
        if lacking:
            raise FileNotFoundError(
                f"{found} is there for rank 0, but not for {lacking}: OUTPUT_DIR must be a folder that all machines "
                "share, or a copy of it must be on each"
            )
        return Path(found)


class PatientCheckpoints(hooks.PeriodicCheckpointer):
    """Detectron2's periodic checkpoints; one that can't be written is no end of the training, but for the last.

    To end would lose the steps since the checkpoint before for certain; to go on loses them only if nobody makes room
    until the training ends, and a second try comes after a tenth of a period. The log has an error with each failure.
    """

    def __init__(self, checkpointer: WholeFileCheckpointer, period: int) -> None:
        super().__init__(checkpointer, period)
        self.missed = False

    def step(self, iteration: int, **kwargs: Any) -> None:
        """Save when it is time to, or when it was and couldn't be done.

        Raises:
            OSError: the last checkpoint of the training can't be written.
        """
        last = self.max_iter is not None and iteration >= self.max_iter - 1
        retry = self.missed and not last and (iteration + 1) % max(1, self.period // 10) == 0
        try:
            if retry and (iteration + 1) % self.period:
                self.save(f"{self.file_prefix}_{iteration:07d}", iteration=iteration, **kwargs)
            else:
                super().step(iteration, **kwargs)
        except OSError as error:
            if last:
                raise OSError(error.errno, _remedy(error, "the last of the training"), error.filename) from error
            self.missed = True
            self.checkpointer.logger.error(_remedy(error, f"of iteration {iteration}") + f": {error.filename}")
        else:
            self.missed = self.missed and not (retry or (iteration + 1) % self.period == 0)


def _remedy(error: OSError, which: str) -> str:
    return (
        f"A checkpoint, {which}, can't be written: {error.strerror}. "
        "Make room: a training that goes on saves as soon as it can, one that ended goes on with --resume"
    )


def _write(data: dict[str, Any], file: Any) -> None:
    try:
        torch.save(data, file)
    except RuntimeError as error:  # PyTorch's writer, closing its archive, hides what the system said
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, OSError):
            cause = cause.__cause__ or cause.__context__
        raise (error if cause is None else OSError(cause.errno, cause.strerror)) from cause
