"""dnt_d2/data/xml_shelf.py: the file of the memory."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.data import xml_shelf
from dnt_d2.data.texts import Texts
from dnt_d2.data.xml_shelf import Shelf, load_shelf, save_shelf
from dnt_d2.data.xml_table import NO_TRACK, Content, Thing, XmlTable, make_table

TABLE = make_table(
    [5, 6, 7], [1, 2, 3], [Content(9, 8, [Thing("dog", 4, 0, 1, (1.5, 2, 3, 4))]), None, Content(7, 6, [])]
)
NAMES = {"train/a": ["000000", "000001"], "train/ü": ["x y"]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "deep" / "shelf.npz"
    _save(path, NAMES)
    return path


def _save(path: Path, names: dict[str, list[str]], table: XmlTable = TABLE) -> None:
    counts = [len(folder) for folder in names.values()]
    files = Texts.of([name for folder in names.values() for name in folder])
    save_shelf(path, list(names), counts, np.arange(4 * len(names)).reshape(-1, 4), files, table)


def test_nothing_is_kept_as_nothing(tmp_path: Path) -> None:
    assert load_shelf(tmp_path / "missing.npz") is None
    _save(tmp_path / "empty.npz", {}, Shelf.empty().table)
    shelf = load_shelf(tmp_path / "empty.npz")
    assert shelf is not None
    assert (shelf.folders, len(shelf.files), len(shelf.table)) == ({}, 0, 0)
    _save(tmp_path / "empty.npz", {"v": []}, Shelf.empty().table)
    shelf = load_shelf(tmp_path / "empty.npz")
    assert shelf is not None
    assert (shelf.folders, shelf.span("v"), shelf.names("v")) == ({"v": 0}, (0, 0), [])


def test_what_is_kept_comes_back(file: Path) -> None:
    shelf = load_shelf(file)
    assert shelf is not None
    assert {folder: shelf.span(folder) for folder in shelf.folders} == {"train/a": (0, 2), "train/ü": (2, 3)}
    np.testing.assert_array_equal(shelf.stamps, [[0, 1, 2, 3], [4, 5, 6, 7]])
    assert {folder: shelf.names(folder) for folder in NAMES} == NAMES
    for column in ("mtime_ns", "byte_size", "width", "boxes", "track", "names"):
        np.testing.assert_array_equal(getattr(shelf.table, column), getattr(TABLE, column))


def test_an_unknown_folder_is_empty(file: Path) -> None:
    shelf = load_shelf(file)
    assert shelf is not None
    assert (shelf.span("train/b"), shelf.names("train/b")) == ((0, 0), [])


def test_columns_that_do_not_fit_are_not_used(tmp_path: Path) -> None:
    _save(tmp_path / "good.npz", NAMES)
    with np.load(tmp_path / "good.npz") as stored:
        columns = dict(stored)
    folders = columns["of_folder"]
    for key, wrong in (
        ("of_folder", folders[:1]),
        ("of_folder", folders[:, :4]),
        ("of_folder", folders + np.array([[2, 0, 0, 0, 0], [-2, 0, 0, 0, 0]])),
        ("of_xml", columns["of_xml"][:, 1:]),
        ("of_object", columns["of_object"][:, 1:]),
        ("files", [47, 47, 47]),
    ):
        np.savez(tmp_path / "bad.npz", **columns | {key: np.array(wrong, columns[key].dtype)})
        assert load_shelf(tmp_path / "bad.npz") is None
    not_a_number = np.full(columns["of_object"].shape, np.nan)
    for key, wrong in (
        ("of_xml", columns["of_xml"].astype(np.float64)),
        ("of_object", columns["of_object"].astype("U5")),
        ("of_object", not_a_number),
        ("of_folder", folders.astype(np.float64)),
    ):
        np.savez(tmp_path / "bad.npz", **columns | {key: wrong})
        assert load_shelf(tmp_path / "bad.npz") is None
    np.savez(tmp_path / "bad.npz", **columns)
    assert load_shelf(tmp_path / "bad.npz") is not None


@pytest.mark.parametrize("track", [3, NO_TRACK])
def test_numbers_come_back_exactly_and_take_little_room(tmp_path: Path, track: int) -> None:
    for i, corner in enumerate((1, 0.1)):
        things = [Thing("dog", track, 0, 1, (corner, 2, 3 + t, 4)) for t in range(2000)]
        table = make_table([2**62], [5], [Content(2**31 - 1, 6, things)])
        _save(tmp_path / f"{i}.npz", {"v": ["000000"]}, table)
        shelf = load_shelf(tmp_path / f"{i}.npz")
        assert shelf is not None
        for field in fields(table):
            np.testing.assert_array_equal(getattr(shelf.table, field.name), getattr(table, field.name))
            assert field.name in ("boxes", "names") or getattr(shelf.table, field.name).dtype.kind in "iu"
    if track > 0:
        assert (tmp_path / "0.npz").stat().st_size * 3 < (tmp_path / "1.npz").stat().st_size


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
