"""dnt_d2/data/doctor/content.py: annotations with their places."""

from __future__ import annotations

from pathlib import Path

from dnt_d2.data.doctor.content import read_content
from dnt_d2.data.doctor.folders import look_at_folders
from dnt_d2.data.doctor.sets import ListedSet, read_sets


def test_no_folders(tmp_path: Path) -> None:
    content = read_content(str(tmp_path), "VID", [], 1)
    assert len(content.table) == len(content.rows({})) == 0


def test_every_row_knows_its_file(tree: Path) -> None:
    sets, _ = read_sets(str(tree))
    folders = [folder for folder in look_at_folders(str(tree), sets) if folder.part == "VID"]
    content = read_content(str(tree), "VID", folders, 1)
    paths = [content.path(row) for row in range(len(content.table))]
    assert len(set(paths)) == 25
    assert all(Path(path).stat().st_size == size for path, size in zip(paths, content.table.byte_size, strict=True))


def test_rows_of_a_set(tree: Path) -> None:
    video = "val/tiny_val_00000000"
    content = read_content(str(tree), "VID", look_at_folders(str(tree), [ListedSet("VID", "val", {video: None})]), 1)
    assert content.rows({video: None}).tolist() == list(range(8))
    assert content.rows({video: ["000003", "000001", "000099"]}).tolist() == [1, 3]
    assert content.rows({"elsewhere": None}).tolist() == []
