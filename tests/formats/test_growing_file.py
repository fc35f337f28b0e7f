"""dnt_d2/formats/growing_file.py: a file that grows, and is whole whenever it is finished."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.formats import growing_file
from dnt_d2.formats.growing_file import GrowingFile

Limit = Callable[[int], AbstractContextManager[None]]


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_nothing(tmp_path: Path) -> None:
    GrowingFile(tmp_path / "new" / "a.txt")
    assert names(tmp_path / "new") == []
    GrowingFile(tmp_path / "b.txt").finish()
    assert (tmp_path / "b.txt").read_bytes() == b""
    GrowingFile(tmp_path / "c.txt").discard()
    assert sorted(names(tmp_path)) == ["b.txt", "new"]


def test_it_takes_its_name_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"older")
    file = GrowingFile(path)
    file.append(b"one,", 3)
    file.append(b"")
    file.append(b"two")
    assert (path.read_bytes(), file.num_parts) == (b"older", 3)
    assert file.temporary.exists()
    file.finish([b".", b"", b".."])
    assert path.read_bytes() == b"one,two..."
    assert names(tmp_path) == ["a.txt"]
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask(tmp_path)

    other = GrowingFile(path)
    other.append(b"three")
    other.discard()
    assert path.read_bytes() == b"one,two..."
    assert names(tmp_path) == ["a.txt"]


def _umask(folder: Path) -> int:
    probe = folder / "probe"
    probe.touch()
    mode = probe.stat().st_mode & 0o777
    probe.unlink()
    return 0o666 & ~mode


@pytest.mark.parametrize("step", [7, 1 << 16])
def test_a_full_disk_never_takes_what_is_there(
    tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch, largest_file: Limit
) -> None:
    monkeypatch.setattr(growing_file, "_STEP", step)
    rng = np.random.default_rng(0)
    refused = 0
    for limit in range(0, 120, 3):
        file = GrowingFile(tmp_path / "a.bin")
        written, end = b"", b""
        with largest_file(limit):
            for size, later in rng.integers(0, 9, (12, 2)):
                part = rng.bytes(size)
                room = len(written + part + end) + later <= limit
                try:
                    file.append(part, int(later))
                except OSError:
                    assert not room
                    refused += 1
                else:
                    assert room
                    written, end = written + part, end + rng.bytes(later)
            file.finish([end[:5], end[5:]])
        assert (tmp_path / "a.bin").read_bytes() == written + end
    assert 100 < refused < 400
    assert names(tmp_path) == ["a.bin"]


def test_an_interrupt_amid_a_part_leaves_those_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = GrowingFile(tmp_path / "a.txt")
    file.append(b"one,", 1)
    write = file._write

    def interrupted(position: int, data: bytes) -> None:
        write(position, data[: len(data) // 2])
        raise KeyboardInterrupt

    monkeypatch.setattr(file, "_write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        file.append(b"and two,", 5)
    monkeypatch.undo()
    assert file.num_parts == 1
    file.finish([b"."])
    assert (tmp_path / "a.txt").read_bytes() == b"one,."


def test_where_no_file_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "a.txt", Path("/proc/a.txt")):
        with pytest.raises(OSError, match=rf"{path}: no file can be made there \(.+\); choose another"):
            GrowingFile(path)
    with pytest.raises(IsADirectoryError, match="is a folder; give the name of a file"):
        GrowingFile(tmp_path)
    assert names(tmp_path) == ["file"]


def test_what_can_not_take_its_name_is_kept(tmp_path: Path) -> None:
    file = GrowingFile(tmp_path / "a.txt")
    file.append(b"one")
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(
        OSError, match=rf"a\.txt: it can't be finished \(.+\); what is written is in .*{file.temporary}"
    ):
        file.finish([b"."])
    assert file.temporary.read_bytes() == b"one."
