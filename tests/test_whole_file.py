"""Files that are there in full or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnt_d2.whole_file import whole_file


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
