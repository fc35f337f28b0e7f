"""dnt_d2/data/xml_shelf.py: the file of the memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dnt_d2.data import xml_shelf
from dnt_d2.data.xml_shelf import Shelf, load_shelf, save_shelf
from dnt_d2.data.xml_table import Content, Thing, make_table

TABLE = make_table(
    [5, 6, 7], [1, 2, 3], [Content(9, 8, [Thing("dog", 4, 0, 1, (1.5, 2, 3, 4))]), None, Content(7, 6, [])]
)
NAMES = {"train/a": ["000000", "000001"], "train/ü": ["x y"]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "deep" / "shelf.npz"
    save_shelf(path, NAMES, TABLE)
    return path


def test_nothing_is_kept_as_nothing(tmp_path: Path) -> None:
    assert load_shelf(tmp_path / "missing.npz") is None
    save_shelf(tmp_path / "empty.npz", {}, Shelf.empty().table)
    shelf = load_shelf(tmp_path / "empty.npz")
    assert shelf is not None
    assert (shelf.folders, shelf.files, len(shelf.table)) == ({}, [], 0)
    save_shelf(tmp_path / "empty.npz", {"v": []}, Shelf.empty().table)
    shelf = load_shelf(tmp_path / "empty.npz")
    assert shelf is not None
    assert list(shelf.rows("v", [])) == []


def test_what_is_kept_comes_back(file: Path) -> None:
    shelf = load_shelf(file)
    assert shelf is not None
    assert shelf.folders == {"train/a": (0, 2), "train/ü": (2, 3)}
    assert {folder: shelf.names(folder) for folder in NAMES} == NAMES
    for column in ("mtime_ns", "byte_size", "width", "boxes", "track", "names"):
        np.testing.assert_array_equal(getattr(shelf.table, column), getattr(TABLE, column))
    assert shelf.table.boxes.dtype == np.float64


def test_rows_of_known_and_unknown_files(file: Path) -> None:
    shelf = load_shelf(file)
    assert shelf is not None
    assert list(shelf.rows("train/a", ["000000", "000001"])) == [0, 1]
    assert list(shelf.rows("train/a", ["000001", "000007"])) == [1, -1]
    assert list(shelf.rows("train/b", ["000000"])) == [-1]
    assert shelf.names("train/b") == []


def test_any_damage_is_noticed(file: Path) -> None:
    whole = file.read_bytes()
    for size in range(0, len(whole), 97):
        file.write_bytes(whole[:size])
        assert load_shelf(file) is None
    generator = np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(whole)
        damaged[generator.integers(len(whole))] ^= 1 << int(generator.integers(8))
        file.write_bytes(damaged)
        shelf = load_shelf(file)  # never an error; a bit that nobody reads may go unnoticed
        if shelf is not None:
            np.testing.assert_array_equal(shelf.table.boxes, TABLE.boxes)
    file.write_text("garbage")
    assert load_shelf(file) is None


def test_another_version_is_not_used(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_shelf, "VERSION", xml_shelf.VERSION + 1)
    assert load_shelf(file) is None


def test_pickles_are_not_opened(tmp_path: Path) -> None:
    np.savez(tmp_path / "bad.npz", version=np.array([{}], dtype=object))
    assert load_shelf(tmp_path / "bad.npz") is None
