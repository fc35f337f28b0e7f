"""One video, one still: whole or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.minivid import MiniVIDSettings
from dnt_d2.minivid.drawn import DrawnSource
from dnt_d2.minivid.plan import Plan
from dnt_d2.minivid.studio import Studio, write_whole

SOURCE = DrawnSource(classes=("bird", "car", "rabbit", "zebra"))
VIDEO = "Data/VID/train/ILSVRC2015_VID_train_0000/ILSVRC2015_train_00000000"


def _studio(root: Path, settings: MiniVIDSettings) -> Studio:
    return Studio(root, settings, SOURCE)


def test_classes_follow_source_and_settings(tmp_path: Path, tiny_settings: MiniVIDSettings) -> None:
    assert _studio(tmp_path, tiny_settings).classes("train") == ["bird", "car", "rabbit", "zebra"]
    assert _studio(tmp_path, replace(tiny_settings, classes=("zebra", "dog"))).classes("stills") == ["zebra"]


def test_a_class_without_pictures_is_named(tmp_path: Path, tiny_settings: MiniVIDSettings) -> None:
    with pytest.raises(ValueError, match="no cut-outs of unicorn"):
        _studio(tmp_path, replace(tiny_settings, classes=("zebra", "unicorn"))).plans()


def test_a_video_that_breaks_leaves_no_folder(
    tmp_path: Path, tiny_settings: MiniVIDSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = _studio(tmp_path, tiny_settings)
    plan = studio.plans()[0]
    monkeypatch.setattr("dnt_d2.minivid.studio._jpeg", lambda image, quality: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        studio.make(plan)
    assert not (tmp_path / VIDEO).exists()
    monkeypatch.undo()
    studio.make(plan)
    assert sorted(path.name for path in (tmp_path / VIDEO).iterdir()) == ["000000.JPEG", "000001.JPEG", "000002.JPEG"]
    assert not list(tmp_path.rglob("*.unfinished"))


def test_what_is_there_is_not_made_again(
    tmp_path: Path, tiny_settings: MiniVIDSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = _studio(tmp_path, tiny_settings)
    plans = [studio.plans()[0], next(plan for plan in studio.plans() if plan.split == "stills")]
    for plan in plans:
        studio.make(plan)
    monkeypatch.setattr(Studio, "scene", lambda *_: 1 / 0)
    for plan in plans:
        studio.make(plan)


def test_twins_have_two_cut_outs(tmp_path: Path, tiny_settings: MiniVIDSettings) -> None:
    studio = _studio(tmp_path, tiny_settings)
    for number in range(10):
        scene = studio.scene(Plan("train", number, "f", ("car", "car")))
        assert scene.actors[0].key != scene.actors[1].key


def test_stills_are_scenes_of_one_frame(tmp_path: Path, tiny_settings: MiniVIDSettings) -> None:
    scene = _studio(tmp_path, tiny_settings).scene(Plan("stills", 0, "a/b", ("car",)))
    assert scene.length == 1
    assert np.array_equal(scene.shake, np.zeros((1, 2)))


def test_write_whole_replaces(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert [item.name for item in path.parent.iterdir()] == ["file.txt"]


def test_training_objects_alone_are_repainted(tmp_path: Path, tiny_settings: MiniVIDSettings) -> None:
    plain, painted = (_studio(tmp_path, replace(tiny_settings, repaint=amount)) for amount in (0.0, 1.0))
    for stream, same in (("train", False), ("stills", False), ("val_seen", True), ("val_novel", True)):
        plan = Plan(stream, 0, "a/b", ("car",))
        one, other = (studio.scene(plan).actors[0].texture for studio in (plain, painted))
        assert one.shape == other.shape
        assert np.array_equal(one, other) == same
