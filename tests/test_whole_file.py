"""Files that are there in full or not at all."""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path
from typing import Any

import pytest

from dnt_d2.whole_file import remove_leftovers, whole_file


@pytest.mark.parametrize("sync", [True, False])
def test_a_file_appears_with_its_folder_when_it_is_complete(tmp_path: Path, sync: bool) -> None:
    path = tmp_path / "new" / "file.bin"
    with whole_file(path, sync=sync) as file:
        file.write(b"one")
        assert not path.exists()
    assert path.read_bytes() == b"one"
    assert [p.name for p in path.parent.iterdir()] == ["file.bin"]


def test_an_error_leaves_the_older_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")

    def interrupted() -> None:
        with whole_file(path) as file:
            file.write(b"new, but only ha")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file.bin"]


def test_a_full_disk_names_the_file_and_what_is_free(tmp_path: Path, largest_file: Any) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")

    def write() -> None:
        with largest_file(1000), whole_file(path) as file:
            file.write(bytes(100_000))

    message = (
        r"\[Errno \d+\] File too large \([\d,]+ MB are free there; what was there before is as it was\): '.*file.bin'"
    )
    with pytest.raises(OSError, match=message):
        write()
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file.bin"]


def test_the_folder_is_synced_after_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without that a loss of power may take the name away."""
    order: list[str] = []
    fsync = os.fsync

    def spy(handle: int) -> None:
        order.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        assert (tmp_path / "file.bin").exists() == (order[-1] == "folder")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", spy)
    with whole_file(tmp_path / "file.bin") as file:
        file.write(b"one")
    assert order == ["file", "folder"]


def test_in_an_empty_or_missing_folder_nothing_is_left_over(tmp_path: Path) -> None:
    assert remove_leftovers(tmp_path) == []
    assert remove_leftovers(tmp_path / "missing") == []


def test_what_a_killed_writer_left_is_removed(tmp_path: Path, in_a_copy: Any) -> None:
    def die() -> None:
        with whole_file(tmp_path / "file.bin") as file:
            file.write(b"half")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    assert in_a_copy(die) == -signal.SIGKILL
    with whole_file(tmp_path / "mine.bin") as file:
        file.write(b"mine")
        removed = remove_leftovers(tmp_path)  # but not what a living process is writing
    assert [path.name.startswith(".file.bin.") for path in removed] == [True]
    assert [path.name for path in tmp_path.iterdir()] == ["mine.bin"]


def test_of_another_machine_only_what_is_old_goes(tmp_path: Path) -> None:
    new, old, foreign = (tmp_path / name for name in (".a.pth.elsewhere.7.tmp", ".b.pth.elsewhere.7.tmp", ".c.tmp"))
    for path in (new, old, foreign):
        path.write_bytes(b"half")
    for path in (old, foreign):
        os.utime(path, (0, 0))
    assert remove_leftovers(tmp_path) == [old]
    assert new.exists()
    assert foreign.exists()
