"""dnt_d2/data/listing.py: the files of one kind in a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dnt_d2.data.listing import Listing, list_files


def test_nothing_and_nowhere(tmp_path: Path) -> None:
    empty = Listing([], [], [])
    assert list_files(str(tmp_path), ".xml") == empty
    assert list_files(str(tmp_path / "missing"), ".xml") == empty
    (tmp_path / "file").write_text("")
    assert list_files(str(tmp_path / "file"), ".xml") == empty


@pytest.mark.parametrize("by_folder", [True, False])
def test_names_are_sorted_and_have_time_and_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_folder: bool
) -> None:
    if not by_folder:
        monkeypatch.setattr(os, "supports_dir_fd", set())
    for name, size in (("b.xml", 3), ("a.xml", 5), ("c.txt", 1)):
        (tmp_path / name).write_bytes(b"x" * size)
        os.utime(tmp_path / name, ns=(7, 1000 + size))
    assert list_files(str(tmp_path), ".xml") == Listing(["a", "b"], [1005, 1003], [5, 3])


def test_a_link_to_nowhere_is_there_in_name_only(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("x")
    (tmp_path / "b.xml").symlink_to(tmp_path / "missing")
    listing = list_files(str(tmp_path), ".xml")
    assert listing.names == ["a", "b"]
    assert listing.byte_size == [1, -1]
