"""The curated list keeps its promises, and the source serves what is in its folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from dnt_d2.minivid.photographs import (
    LIST_FILE,
    MISSING_FILE,
    Package,
    PhotographSource,
    Picture,
    PictureList,
    picture_list,
    read_picture_list,
)
from dnt_d2.minivid.sprites import Split
from dnt_d2.vid_classes import VID_CLASSES

SPLITS: tuple[Split, ...] = ("train", "val_seen", "val_novel")
NOVEL = {"antelope", "bear", "bird", "car", "cattle", "rabbit", "sheep"}


def _picture(key: str, role: str = "cutout", split: str = "train", faces: str = "right") -> Picture:
    class_name = key.split("-")[0] if role == "cutout" else ""
    return Picture(key, role, class_name, split, faces, "package", f"usr/{key}.png", "0" * 64)  # type: ignore[arg-type]


def _small_list() -> PictureList:
    pictures = (
        _picture("bird-crow", faces="left"),
        _picture("bird-hen", split="validation"),
        _picture("zebra-one", faces="none"),
        _picture("distractor-cup", "distractor"),
        _picture("distractor-rose", "distractor", "validation"),
        _picture("background-wood", "background"),
        _picture("background-sea", "background", "validation"),
    )
    return PictureList((Package("package", "1", 1, "GPL-2"),), pictures)


def _fill(root: Path, pictures: PictureList) -> None:
    """Every cut-out is opaque, red on its left half, blue on its right half."""
    image = np.zeros((6, 8, 4), np.uint8)
    image[:, :4] = (0, 0, 255, 255)
    image[:, 4:] = (255, 0, 0, 255)
    for picture in pictures.pictures:
        shown = np.full((20, 30, 3), 90, np.uint8) if picture.role == "background" else image
        assert cv2.imwrite(str(root / picture.file_name), shown)


def test_nothing_of_a_split_is_no_error(tmp_path: Path) -> None:
    source = PhotographSource(tmp_path, PictureList((), ()))
    for split in SPLITS:
        assert source.cutouts(split) == {}
        assert source.distractors(split) == []
        assert source.backgrounds(split) == []


def test_exchanged_cutouts_change_sides() -> None:
    pictures = _small_list()
    assert pictures.exchanged(()) == pictures
    changed = pictures.exchanged(["bird-crow", "bird-hen"])
    assert [(p.key, p.split) for p in changed.pictures if p.class_name == "bird"] == [
        ("bird-crow", "validation"),
        ("bird-hen", "train"),
    ]
    assert changed.exchanged(["bird-crow", "bird-hen"]) == pictures
    with pytest.raises(ValueError, match="distractor-cup, nobody"):
        pictures.exchanged(["nobody", "bird-hen", "distractor-cup"])


def test_each_split_gets_its_own(tmp_path: Path) -> None:
    pictures = _small_list()
    _fill(tmp_path, pictures)
    source = PhotographSource(tmp_path, pictures)
    keys = {split: {k: [c.key for c in v] for k, v in source.cutouts(split).items()} for split in SPLITS}
    assert keys["train"] == keys["val_seen"] == {"bird": ["bird-crow"], "zebra": ["zebra-one"]}
    assert keys["val_novel"] == {"bird": ["bird-hen"]}
    assert [[c.key for c in source.distractors(s)] for s in SPLITS] == [
        ["distractor-cup"],
        ["distractor-rose"],
        ["distractor-rose"],
    ]
    assert [len(source.backgrounds(split)) for split in SPLITS] == [1, 1, 1]
    assert source.backgrounds("val_seen")[0] is source.backgrounds("val_novel")[0]


def test_cutouts_are_made_to_face_right(tmp_path: Path) -> None:
    pictures = _small_list()
    _fill(tmp_path, pictures)
    source = PhotographSource(tmp_path, pictures)
    crow, zebra = source.cutouts("train")["bird"][0], source.cutouts("train")["zebra"][0]
    assert crow.image[0, 0].tolist() == [255, 0, 0, 255], "the crow looks left: mirrored"
    assert zebra.image[0, 0].tolist() == [0, 0, 255, 255], "the zebra has no direction: as it is"
    assert (source.cutouts("val_novel")["bird"][0].image == zebra.image).all(), "the hen looks right: as it is"


def test_pictures_are_kept_and_protected(tmp_path: Path) -> None:
    pictures = _small_list()
    _fill(tmp_path, pictures)
    source = PhotographSource(tmp_path, pictures)
    assert source.cutouts("train")["bird"][0] is source.cutouts("val_seen")["bird"][0]
    with pytest.raises(ValueError, match="read-only"):
        source.cutouts("train")["bird"][0].image[0, 0] = 0


def test_a_missing_picture_is_named_with_the_remedy(tmp_path: Path) -> None:
    pictures = _small_list()
    with pytest.raises(FileNotFoundError, match=r"lacks 7 of 7 photographs.*fetch_pictures\.py.*drawn"):
        PhotographSource(tmp_path, pictures)
    _fill(tmp_path, pictures)
    hen = tmp_path / pictures.pictures[1].file_name
    hen.unlink()
    with pytest.raises(FileNotFoundError, match="lacks 1 of 7 photographs, bird-hen"):
        PhotographSource(tmp_path, pictures)
    (tmp_path / MISSING_FILE).write_text(json.dumps([hen.name]))
    assert PhotographSource(tmp_path, pictures).cutouts("val_novel") == {}
    (tmp_path / MISSING_FILE).write_text("[")
    with pytest.raises(ValueError, match=r"missing\.json is broken"):
        PhotographSource(tmp_path, pictures)


def test_a_broken_picture_is_named(tmp_path: Path) -> None:
    pictures = _small_list()
    _fill(tmp_path, pictures)
    (tmp_path / pictures.pictures[0].file_name).write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"bird-crow.*is broken: remove it"):
        PhotographSource(tmp_path, pictures).cutouts("train")
    cv2.imwrite(str(tmp_path / pictures.pictures[0].file_name), np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(ValueError, match=r"bird-crow.*is broken"):
        PhotographSource(tmp_path, pictures).cutouts("train")


def test_a_file_name_names_the_content() -> None:
    picture = _picture("bird-crow")
    others = {replace(picture, sha256="1" * 64).file_name, replace(picture, crop=(0, 0, 5, 5)).file_name}
    assert len(others | {picture.file_name}) == 3
    assert replace(picture, faces="left").file_name == picture.file_name


def test_bad_lists_are_refused(tmp_path: Path) -> None:
    content = json.loads(LIST_FILE.read_text())
    file = tmp_path / "list.json"
    for change, message in (
        ({"pictures": content["pictures"][:1] * 2}, "share a key"),
        ({"packages": {}}, "no description of the packages"),
        ({"pictures": [{"key": "a"}]}, "lacks"),
    ):
        file.write_text(json.dumps({**content, **change}))
        with pytest.raises(ValueError, match=message):
            read_picture_list(file)


def test_the_list_has_what_minivid_needs() -> None:
    pictures = picture_list().pictures
    classes = {
        split: {p.class_name for p in pictures if p.role == "cutout" and p.belongs_to(split)} for split in SPLITS
    }
    assert classes["train"] == classes["val_seen"]
    assert len(classes["train"]) == 21
    assert classes["train"] <= set(VID_CLASSES)
    assert classes["val_novel"] == NOVEL
    for role, count in (("background", 40), ("distractor", 30)):
        assert sum(p.role == role for p in pictures) >= count
        assert all(any(p.role == role and p.belongs_to(split) for p in pictures) for split in SPLITS)
    assert sum(package.size for package in picture_list().packages) < 320e6


def test_the_list_shares_no_picture_between_training_and_validation() -> None:
    pictures = picture_list().pictures
    train, validation = ({p.sha256 for p in pictures if p.split == split} for split in ("train", "validation"))
    assert not train & validation
    whole = [p.sha256 for p in pictures if p.crop is None]
    assert len(set(whole)) == len(whole), "no picture is listed twice"
    for picture in pictures:
        assert picture.faces in ("left", "right", "none")
        assert picture.path.startswith("usr/share/")
        assert len(picture.sha256) == 64
        if picture.crop is not None:
            left, top, right, bottom = picture.crop
            assert 0 <= left < right
            assert 0 <= top < bottom
            assert picture.sha256 in whole
