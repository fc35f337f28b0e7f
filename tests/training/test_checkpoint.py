"""A checkpoint is there as a whole or not at all, and the tag names one that is whole."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from detectron2.checkpoint import DetectionCheckpointer
from detectron2.utils import comm
from torch import nn

from dnt_d2.training.checkpoint import PatientCheckpoints, WholeFileCheckpointer
from dnt_d2.training.checkpoint_files import UnusableCheckpointError


class Count:
    """Something that is saved along with the weights."""

    def __init__(self, value: int) -> None:
        self.value = value

    def state_dict(self) -> dict[str, int]:
        return {"value": self.value}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.value = state["value"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    WholeFileCheckpointer(nn.Linear(1, 1)).save("a")
    WholeFileCheckpointer(nn.Linear(1, 1), str(tmp_path), save_to_disk=False).save("a")
    assert names(tmp_path) == []


def test_detectron2_reads_what_was_saved(tmp_path: Path) -> None:
    model = nn.Linear(2, 3)
    WholeFileCheckpointer(model, str(tmp_path), counter=Count(5)).save("a", iteration=7)
    assert names(tmp_path) == ["a.pth", "last_checkpoint"]
    other, counter = nn.Linear(2, 3), Count(0)
    extra = DetectionCheckpointer(other, str(tmp_path), counter=counter).resume_or_load("", resume=True)
    assert torch.equal(other.weight, model.weight)
    assert (counter.value, extra["iteration"]) == (5, 7)


@pytest.mark.parametrize("name", ["a", "b"])
def test_a_save_that_fails_leaves_the_checkpoint_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whether it would have replaced that file or not."""
    model = nn.Linear(2, 3)
    checkpointer = WholeFileCheckpointer(model, str(tmp_path))
    checkpointer.save("a")
    before = (tmp_path / "a.pth").read_bytes()

    def half(data: Any, file: Any) -> None:
        file.write(before[: len(before) // 2])
        raise OSError("No space left on device")

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(OSError, match="No space left"):
        checkpointer.save(name)
    assert names(tmp_path) == ["a.pth", "last_checkpoint"]
    assert (tmp_path / "a.pth").read_bytes() == before
    assert (tmp_path / "last_checkpoint").read_text() == "a.pth"


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path: Path, largest_file: Any) -> None:
    """And the error says what the system said, not what PyTorch makes of it."""
    checkpointer = WholeFileCheckpointer(nn.Linear(200, 300), str(tmp_path))
    checkpointer.save("a")
    before = (tmp_path / "a.pth").read_bytes()
    message = r"File too large \([\d,]+ MB are free there; what was there before is as it was\): '.*b\.pth'"
    with largest_file(len(before) // 2), pytest.raises(OSError, match=message):
        checkpointer.save("b")
    assert names(tmp_path) == ["a.pth", "last_checkpoint"]
    assert checkpointer.saved == "a.pth"
    checkpointer.save("b")
    assert (tmp_path / "last_checkpoint").read_text() == "b.pth"


def test_leftovers_of_killed_writers_go_at_the_start(tmp_path: Path) -> None:
    (tmp_path / ".model_0000009.pth.elsewhere.7.tmp").write_bytes(b"half")
    os.utime(tmp_path / ".model_0000009.pth.elsewhere.7.tmp", (0, 0))
    WholeFileCheckpointer(nn.Linear(1, 1), str(tmp_path), save_to_disk=False).resume_or_load("")
    assert len(names(tmp_path)) == 1
    WholeFileCheckpointer(nn.Linear(1, 1), str(tmp_path)).resume_or_load("", resume=False)
    assert names(tmp_path) == []


# Resuming


def test_in_an_empty_folder_a_training_begins_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    checkpointer = WholeFileCheckpointer(nn.Linear(1, 1), str(tmp_path))
    with caplog.at_level(logging.INFO, logger="fvcore"):
        assert checkpointer.resume_or_load("") == {}
    assert checkpointer.resumed_from is None
    assert f"No checkpoint in {tmp_path}: beginning anew" in caplog.text


def test_a_damaged_last_checkpoint_gives_the_one_before(tmp_path: Path) -> None:
    model, counter = nn.Linear(2, 3), Count(5)
    checkpointer = WholeFileCheckpointer(model, str(tmp_path), counter=counter)
    checkpointer.save("model_0000004", iteration=4)
    weight = model.weight.detach().clone()
    nn.init.zeros_(model.weight)
    counter.value = 10
    checkpointer.save("model_0000009", iteration=9)
    (tmp_path / "model_0000009.pth").write_bytes(b"")
    extra = checkpointer.resume_or_load("")
    assert torch.equal(model.weight, weight)
    assert (counter.value, extra["iteration"]) == (5, 4)
    assert checkpointer.resumed_from == tmp_path / "model_0000004.pth"


def test_ranks_do_what_the_first_one_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here a second rank, to which its own folder says something else."""
    model = nn.Linear(2, 3)
    WholeFileCheckpointer(model, str(tmp_path)).save("model_0000004")
    WholeFileCheckpointer(model, str(tmp_path)).save("model_0000009")
    answers: list[Any] = []
    monkeypatch.setattr(comm, "is_main_process", lambda: False)
    monkeypatch.setattr(comm, "all_gather", lambda own: [answers.pop(0), own])
    checkpointer = WholeFileCheckpointer(model, str(tmp_path))

    answers[:] = [(str(tmp_path / "model_0000004.pth"), ""), True]
    checkpointer.resume_or_load("")
    assert checkpointer.resumed_from == tmp_path / "model_0000004.pth"
    answers[:] = [(None, "")]
    checkpointer.resume_or_load("")
    assert checkpointer.resumed_from is None
    answers[:] = [(None, "all of them are broken")]
    with pytest.raises(UnusableCheckpointError, match="all of them are broken"):
        checkpointer.resume_or_load("")
    answers[:] = [(str(tmp_path / "model_0000014.pth"), ""), True]
    with pytest.raises(FileNotFoundError, match=r"is there for rank 0, but not for \[1\]: OUTPUT_DIR must be a folder"):
        checkpointer.resume_or_load("")


# Periodic checkpoints


class Unwilling:
    """A checkpointer to whose disk nothing can be written in some iterations."""

    def __init__(self, refused: set[int]) -> None:
        self.refused, self.names = refused, list[str]()
        self.path_manager = None
        self.logger = logging.getLogger("fvcore.unwilling")

    def save(self, name: str, iteration: int) -> None:
        if iteration in self.refused:
            raise OSError(28, "No space left (3 MB are free)", f"{name}.pth")
        self.names.append(name)


@pytest.mark.parametrize(
    ("refused", "saved"),
    [
        (set(), [9, 19, 29, "final"]),
        ({9}, [10, 19, 29, "final"]),
        ({9, *range(10, 25)}, [25, 29, "final"]),
    ],
)
def test_a_checkpoint_that_fails_is_made_up_for(
    caplog: pytest.LogCaptureFixture, refused: set[int], saved: list[Any]
) -> None:
    checkpointer: Any = Unwilling(refused)
    periodic = PatientCheckpoints(checkpointer, 10)
    periodic.max_iter = 30
    with caplog.at_level(logging.ERROR):
        for iteration in range(30):
            periodic.step(iteration)
    assert checkpointer.names == [f"model_{x:07d}" if x != "final" else "model_final" for x in saved]
    assert len(caplog.records) == len(refused)
    if refused:
        assert "A checkpoint, of iteration 9, can't be written: No space left (3 MB are free). Make room" in caplog.text
        assert "model_0000009.pth" in caplog.text


def test_the_last_checkpoint_must_be_written() -> None:
    checkpointer: Any = Unwilling({19})
    periodic = PatientCheckpoints(checkpointer, 7)
    periodic.max_iter = 20
    for iteration in range(19):
        periodic.step(iteration)
    message = r"the last of the training, .*No space left.* goes on with --resume: 'model_final"
    with pytest.raises(OSError, match=message):
        periodic.step(19)
    assert checkpointer.names == ["model_0000006", "model_0000013"]
