"""dnt_d2/data/doctor/folders.py: what is there."""

from __future__ import annotations

from pathlib import Path

from dnt_d2.data.doctor.folders import Folder, check_folders, check_shared, check_unlisted, look_at_folders
from dnt_d2.data.doctor.sets import ListedSet, read_sets
from dnt_d2.data.listing import Listing


def test_nothing_listed_finds_nothing(tmp_path: Path) -> None:
    assert look_at_folders(str(tmp_path), []) == []
    assert list(check_folders(str(tmp_path), [])) == []
    assert list(check_shared("root", [], [])) == list(check_unlisted(str(tmp_path), [], [])) == []


def test_each_folder_is_looked_at_once(tree: Path) -> None:
    sets, _ = read_sets(str(tree))
    folders = look_at_folders(str(tree), sets)
    assert len(folders) == 3 + 3 + 3
    by_path = {folder.path: folder for folder in folders}
    assert len(by_path["val/tiny_val_00000000"].images.names) == 8
    assert by_path["train/ILSVRC2015_VID_train_0001/tiny_00001000"].wanted is None  # a list of whole videos wins
    assert not by_path["train/ILSVRC2013_train_extra0"].needs_annotations
    assert list(check_folders(str(tree), folders)) == []


def test_every_missing_file_counts(tree: Path) -> None:
    sets, _ = read_sets(str(tree))
    for t in (2, 5):
        (tree / f"Data/VID/val/tiny_val_00000000/{t:06d}.JPEG").unlink()
    (tree / "Annotations/VID/val/tiny_val_00000001/000000.xml").unlink()
    images, annotations = check_folders(str(tree), look_at_folders(str(tree), sets))
    assert (images.count, images.example) == (2, f"{tree}/Data/VID/val/tiny_val_00000000/000002.JPEG")
    assert (annotations.count, annotations.example) == (
        1,
        f"{tree}/Annotations/VID/val/tiny_val_00000001/000000.xml",
    )


def test_videos_in_training_and_validation_by_name() -> None:
    train = ListedSet("VID", "train", {"train/a/one": None, "train/two": None, "train/three": None, "x": None})
    val = ListedSet("VID", "val_seen", {"val/one": [], "val/three": [], "x": []})
    other = ListedSet("VID", "mine", {"two": None})
    sizes = {"val/three": 8}  # another video that has the same name: of the same camera, for one
    folders = [
        Folder("VID", path, Listing(["000000"], [0], [sizes.get(path, 9)]), Listing([], [], []), [], None)
        for listed in (train, val, other)
        for path in listed.folders
    ]
    [finding] = check_shared("root", [train, val, other], folders)
    assert (finding.count, finding.example) == (2, "root/Data/VID/train/a/one and val/one")
    assert list(check_shared("root", [train, other], folders)) == []
    for folder in folders:
        folder.images = Listing([], [], [])  # videos that are missing have nothing in common
    [finding] = check_shared("root", [train, val, other], folders)
    assert (finding.count, finding.example) == (1, "root/Data/VID/x and x")
