"""dnt_d2/data/doctor/images.py: images are decoded."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from dnt_d2.data.doctor import images
from dnt_d2.data.doctor.content import read_content
from dnt_d2.data.doctor.folders import look_at_folders
from dnt_d2.data.doctor.images import check_images, choose_images, image_jobs
from dnt_d2.data.doctor.sets import ListedSet, read_sets


def test_no_images(tmp_path: Path) -> None:
    assert list(check_images([])) == []
    assert choose_images([], 5, 0) == choose_images([], 0, 0) == []


def test_the_sample_is_that_of_the_seed() -> None:
    jobs = [(str(i), 0, 0) for i in range(50)]
    assert choose_images(jobs, 0, 1) == choose_images(jobs, 50, 1) == jobs
    assert choose_images(jobs, 9, 1) == choose_images(jobs, 9, 1) != choose_images(jobs, 9, 2)
    assert len(set(choose_images(jobs, 9, 1))) == 9


def test_images_of_a_tree_with_their_sizes(tree: Path) -> None:
    (tree / "Annotations/VID/val/tiny_val_00000001/000001.xml").write_text("<broken")
    sets, _ = read_sets(str(tree))
    for part, count in (("VID", 25), ("DET", 6)):
        folders = [folder for folder in look_at_folders(str(tree), sets) if folder.part == part]
        jobs = image_jobs(read_content(str(tree), part, folders, 1))
        assert len(jobs) == count
        assert all(cv2.imread(path).shape[:2] in ((height, width), (75, 100), (96, 64)) for path, width, height in jobs)
        assert [(width, height) for _, width, height in jobs].count((0, 0)) == 1  # broken; never published
        assert list(check_images(jobs, 1)) == []


def test_stills_that_no_list_names_are_left_alone(tree: Path) -> None:
    folder = "train/ILSVRC2014_train_0000"
    folders = look_at_folders(str(tree), [ListedSet("DET", "train", {folder: ["ILSVRC2014_train_00000002"]})])
    [(path, width, height)] = image_jobs(read_content(str(tree), "DET", folders, 1))
    assert (Path(path).stem, width, height) == ("ILSVRC2014_train_00000002", 100, 75)


@pytest.mark.parametrize("workers", [1, 2])
def test_broken_cut_off_and_of_another_size(tmp_path: Path, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "_FEW", 2)
    monkeypatch.setattr(images, "_CHUNK", 3)
    data = cv2.imencode(".jpg", np.full((40, 60, 3), 90, np.uint8))[1].tobytes()
    contents = {"good": data, "cut": data[: len(data) // 2], "text": b"no image", "unknown": data, "other": data}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    sizes = {"unknown": (0, 0), "other": (40, 60)}
    jobs = [(str(tmp_path / name), *sizes.get(name, (60, 40))) for name in contents]
    unreadable, other = check_images([*jobs, (str(tmp_path / "missing"), 0, 0)], workers)
    assert (unreadable.count, other.count) == (3, 1)
    assert str(tmp_path / "cut") in unreadable.example
    assert "60 x 40, its annotation says 40 x 60" in other.example
