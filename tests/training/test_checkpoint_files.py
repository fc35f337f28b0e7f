"""Which checkpoint is gone on from: the last whole one, whatever happened to the others and to the tag."""

from __future__ import annotations

import logging
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from dnt_d2.training.checkpoint_files import TAG, UnusableCheckpointError, damage, find_checkpoint, read_tag

TRAINING = ("trainer",)


def write(path: Path, *, when: int = 0, **content: Any) -> Path:
    """A checkpoint of a training, written ``when`` seconds after 1970."""
    torch.save({"model": {"w": torch.arange(1000.0)}, "trainer": {"iteration": when}} | content, path)
    os.utime(path, (when, when))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Checkpoints after 10, 20 and 30 iterations; the second is the last. Someone wants it so."""
    for when in (10, 20, 30):
        write(tmp_path / f"model_{when - 1:07d}.pth", when=when)
    (tmp_path / TAG).write_text("model_0000019.pth")
    return tmp_path


def flip(path: Path) -> None:
    """Another bit in the middle of the weights."""
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        largest = max(archive.infolist(), key=lambda entry: entry.file_size)
    content[largest.header_offset + largest.file_size // 2] ^= 16
    path.write_bytes(content)


DAMAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "missing": (lambda path: path.unlink(), "is not there"),
    "empty": (lambda path: path.write_bytes(b""), "is empty"),
    "cut off": (lambda path: path.write_bytes(path.read_bytes()[:-1000]), r"is cut off, or no checkpoint \("),
    "a bit": (flip, "is damaged: .* in it is not what was written"),
    "zeros": (lambda path: path.write_bytes(bytes(5000)), r"is cut off, or no checkpoint \("),
    "a list": (lambda path: torch.save([1], path), "is no checkpoint: it holds no model"),
    "weights alone": (lambda path: torch.save({"model": {}}, path), r"holds no state of a training \(trainer\)"),
}
each_damage = pytest.mark.parametrize("name", DAMAGES)


def hurt(path: Path, name: str) -> str:
    change, said = DAMAGES[name]
    before = path.stat()
    change(path)
    if path.exists():
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    return said


def test_without_any_there_is_none(tmp_path: Path) -> None:
    assert find_checkpoint(tmp_path) is None
    assert find_checkpoint(tmp_path / "missing") is None
    write(tmp_path / "R-50.pth")  # weights to start with
    assert find_checkpoint(tmp_path) is None


def test_the_tag_decides(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert find_checkpoint(folder, TRAINING) == folder / "model_0000019.pth"
    (folder / TAG).write_text(" model_0000009.pth\n")
    assert find_checkpoint(folder, TRAINING) == folder / "model_0000009.pth"
    assert caplog.text == ""


@pytest.mark.parametrize("tag", [b"", b"\n", b"model_00", b"model_0000999.pth", b"\xff\x00\x10", b"a" * 5000, None])
def test_a_wrong_tag_gives_the_newest(folder: Path, caplog: pytest.LogCaptureFixture, tag: bytes | None) -> None:
    (folder / TAG).unlink() if tag is None else (folder / TAG).write_bytes(tag)
    write(folder / "model_final.pth", when=25)
    with caplog.at_level(logging.WARNING):
        assert find_checkpoint(folder, TRAINING) == folder / "model_0000029.pth"
    assert f"{folder / TAG}" in caplog.text
    assert "Going on from" in caplog.text


@each_damage
def test_what_is_wrong_with_a_checkpoint(folder: Path, name: str) -> None:
    path = folder / "model_0000019.pth"
    assert damage(path, TRAINING) == ""
    said = hurt(path, name)
    assert re.match(said, damage(path, TRAINING))


def test_pytorch_itself_reads_other_weights_without_a_word(folder: Path) -> None:
    """Else the sums would be checked for nothing."""
    path = folder / "model_0000019.pth"
    flip(path)
    weights = torch.load(path, weights_only=True)["model"]["w"]
    assert (weights != torch.arange(1000.0)).sum() == 1


@each_damage
def test_damage_gives_the_one_before(folder: Path, caplog: pytest.LogCaptureFixture, name: str) -> None:
    """Not the one after: who wrote this name into the tag didn't want that. Times don't matter: a copy loses them."""
    os.utime(folder / "model_0000009.pth", (99, 99))
    hurt(folder / "model_0000019.pth", name)
    with caplog.at_level(logging.WARNING):
        found = find_checkpoint(folder, TRAINING)
    assert found == folder / "model_0000009.pth"
    assert "model_0000019.pth" in caplog.text


def test_two_damaged_ones(folder: Path) -> None:
    (folder / TAG).write_text("model_0000029.pth")
    hurt(folder / "model_0000029.pth", "cut off")
    hurt(folder / "model_0000019.pth", "a bit")
    assert find_checkpoint(folder, TRAINING) == folder / "model_0000009.pth"


def test_a_damaged_end_gives_the_newest_by_time(folder: Path) -> None:
    """An earlier training, which was longer, may have left higher numbers."""
    write(folder / "model_final.pth", when=40)
    os.utime(folder / "model_0000029.pth", (5, 5))
    (folder / TAG).write_text("model_final.pth")
    hurt(folder / "model_final.pth", "cut off")
    assert find_checkpoint(folder, TRAINING) == folder / "model_0000019.pth"


@pytest.mark.parametrize("tag", ["model_0000030.pth", "", None])
def test_nothing_whole_is_an_error_that_names_all(folder: Path, tag: str | None) -> None:
    """And never a training that begins anew."""
    (folder / TAG).unlink() if tag is None else (folder / TAG).write_text(tag)
    for path in folder.glob("*.pth"):
        hurt(path, "cut off")
    with pytest.raises(UnusableCheckpointError, match=r"no checkpoint in .* can be used.* begins anew") as error:
        find_checkpoint(folder, TRAINING)
    assert all(path.name in str(error.value) for path in folder.glob("*.pth"))


def test_a_tag_alone_is_an_error(tmp_path: Path) -> None:
    """There was a checkpoint once."""
    (tmp_path / TAG).write_text("model_0000009.pth")
    with pytest.raises(UnusableCheckpointError, match=r"model_0000009\.pth is not there"):
        find_checkpoint(tmp_path)


def test_weights_of_older_versions_of_pytorch(tmp_path: Path) -> None:
    """No archive; its sums can't be checked."""
    path = tmp_path / "old.pth"
    torch.save({"model": {"w": torch.zeros(3)}}, path, _use_new_zipfile_serialization=False)
    (tmp_path / TAG).write_text("old.pth")
    assert find_checkpoint(tmp_path) == path


def test_no_code_of_a_checkpoint_is_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "ran"),)

    torch.save({"model": {}, "trainer": Evil()}, tmp_path / "model_0000001.pth")
    assert damage(tmp_path / "model_0000001.pth", TRAINING)
    assert not (tmp_path / "ran").exists()


def test_reading_the_tag(tmp_path: Path) -> None:
    assert read_tag(tmp_path) is None
    (tmp_path / TAG).write_text("a.pth\n")
    assert read_tag(tmp_path) == tmp_path / "a.pth"
