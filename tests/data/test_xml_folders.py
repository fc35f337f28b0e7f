"""dnt_d2/data/xml_folders.py: folders are listed again only if they changed."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.data import xml_folders
from dnt_d2.data.file_states import StateReader
from dnt_d2.data.listing import Listing
from dnt_d2.data.xml_cache import read_folders
from dnt_d2.data.xml_folders import FolderLook, XmlFolders, join_folders
from dnt_d2.data.xml_shelf import Shelf, load_shelf

FOLDERS = ["train/g/0", "train/g/1"]


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the folders that were listed, as it grows."""
    names: list[str] = []
    original = xml_folders.list_files

    def noted(folder: str, extension: str) -> Listing:
        names.append(Path(folder).name)
        return original(folder, extension)

    monkeypatch.setattr(xml_folders, "list_files", noted)
    return names


@pytest.fixture
def tree(ilsvrc_writer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two videos of 3 frames; old enough, as if time had passed."""
    for number in range(2):
        ilsvrc_writer.video(f"train/g/{number}", (32, 32), [[]] * 3)
    clock = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: clock() + 3_000_000_000)
    return ilsvrc_writer.root


def look(tree: Path, part: str = "VID", folders: list[str] = FOLDERS) -> list[tuple[str, int, bool]]:
    """Each folder, how many XML it has, and whether it is known that these are its images."""
    found, table = read_folders(str(tree), part, folders)
    assert len(table) == len(found.names) == found.count.sum()
    complete = (found.stamps[:, 2:] >= 0).all(axis=1).tolist()
    return list(zip((Path(folder).name for folder in found.folders), found.count.tolist(), complete, strict=True))


def again(tree: Path, folders: list[str], shelf: Shelf) -> XmlFolders:
    look = FolderLook(str(tree), "VID", folders, shelf)
    with StateReader() as reader:
        reader.add(look.jobs)
        return look.found(*reader.result())


def test_no_folders(tmp_path: Path) -> None:
    found = again(tmp_path, [], Shelf.empty())
    assert (found.folders, len(found.names)) == ([], 0)
    assert join_folders([]).folders == []
    assert look(tmp_path, folders=["train/missing"]) == [("missing", 0, False)]


def test_the_second_time_no_folder_is_listed(tree: Path, listed: list[str]) -> None:
    for _ in range(3):
        assert look(tree) == [("0", 3, True), ("1", 3, True)]
        assert listed == ["0", "1"]
    assert look(tree, folders=FOLDERS[::-1]) == [("1", 3, True), ("0", 3, True)]
    assert look(tree, folders=FOLDERS[1:]) == [("1", 3, True)]
    assert listed == ["0", "1"]


@pytest.mark.parametrize("top", ["Annotations", "Data"])
def test_a_folder_that_changed_is_listed_again_alone(tree: Path, listed: list[str], top: str) -> None:
    look(tree)
    listed.clear()
    extension = {"Annotations": "xml", "Data": "JPEG"}[top]
    (tree / top / f"VID/train/g/1/000002.{extension}").unlink()
    found = look(tree)
    assert found == [("0", 3, True), ("1", 2 if top == "Annotations" else 3, False)]
    assert listed == ["1"]
    look(tree)  # what is not complete is looked at again, until it is
    assert listed == ["1", "1"]


def test_a_change_that_keeps_the_folders_time(tree: Path, listed: list[str]) -> None:
    look(tree)
    listed.clear()
    folder = tree / "Annotations/VID/train/g/1"
    before = folder.stat()
    (folder / "000002.xml").unlink()
    os.utime(folder, ns=(before.st_atime_ns, before.st_mtime_ns))  # as tar and rsync do
    assert look(tree)[1] == ("1", 2, False)
    assert listed == ["1"]


def test_a_folder_that_has_just_changed_is_not_trusted(
    tree: Path, listed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    later = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: later() - 3_000_000_000)
    for _ in range(2):
        look(tree)
    assert listed == ["0", "1"] * 2
    monkeypatch.setattr(time, "time_ns", later)
    for _ in range(2):
        look(tree)
    assert listed == ["0", "1"] * 3


def test_a_folder_that_went_has_no_xml(tree: Path) -> None:
    look(tree)
    shutil.rmtree(tree / "Annotations/VID/train/g/0")
    assert look(tree) == [("0", 0, False), ("1", 3, True)]


def test_stills_need_no_images(ilsvrc_writer, tree: Path, listed: list[str]) -> None:
    ilsvrc_writer.image("DET", "train/s/1", (32, 32), [])
    shutil.rmtree(tree / "Data/DET")
    for _ in range(2):
        assert look(tree, "DET", ["train/s"]) == [("s", 1, False)]
    assert listed == ["s"]


def test_states_are_those_of_now(tree: Path) -> None:
    look(tree)
    path = tree / "Annotations/VID/train/g/0/000001.xml"
    os.utime(path, ns=(5, 5))
    shelf = load_shelf(tree / ".dnt_d2/VID/train/g.npz")
    assert shelf is not None
    found = again(tree, FOLDERS, shelf)
    assert found.mtime_ns[1] == 5
    paths = [tree / f"Annotations/VID/{folder}/{t:06d}.xml" for folder in FOLDERS for t in range(3)]
    assert found.mtime_ns.tolist() == [path.stat().st_mtime_ns for path in paths]
    assert found.byte_size.tolist() == [path.stat().st_size for path in paths]


def test_folders_in_another_order() -> None:
    found = XmlFolders.of(
        {"a": Listing(["x", "y"], [1, 2], [3, 4]), "b": Listing([], [], []), "c": Listing(["z"], [5], [6])}
    )
    some = found.take(np.array([2, 0]))
    assert some.folders == ["c", "a"]
    assert some.names.part(0, 3) == ["z", "x", "y"]
    assert (some.mtime_ns.tolist(), some.byte_size.tolist()) == ([5, 1, 2], [6, 3, 4])
    both = join_folders([some, found])
    assert both.names.part(0, 6) == ["z", "x", "y", "x", "y", "z"]
    assert both.starts.tolist() == [0, 1, 3, 5, 5]
