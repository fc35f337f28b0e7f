"""A checkpoint is there as a whole or not at all, and the tag names one that is whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from detectron2.checkpoint import DetectionCheckpointer
from torch import nn

from dnt_d2.checkpoint import WholeFileCheckpointer


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
