"""The data set as a whole: its layout, the same bytes every time, and no mixing of two."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import cv2
import pytest

from dnt_d2.minivid import MiniVIDSettings, write_dataset
from dnt_d2.vid_classes import WORDNET_IDS


def _contents(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_layout(tiny: Path) -> None:
    frames = {
        "train": "ILSVRC2015_VID_train_0000/ILSVRC2015_train_0000000{}/00000{}",
        "val": "ILSVRC2015_val_0000000{}/00000{}",
    }
    for half, videos, length in (("train", 4, 3), ("val", 3, 4)):
        for video in range(videos):
            for frame in range(length):
                name = frames[half].format(video, frame)
                assert (tiny / "Data" / "VID" / half / f"{name}.JPEG").is_file()
                assert (tiny / "Annotations" / "VID" / half / f"{name}.xml").is_file()
    stills = [tiny / "Data/DET/train/ILSVRC2014_train_0000" / f"ILSVRC2014_train_0000000{i}.JPEG" for i in range(6)]
    assert all(path.is_file() for path in stills)
    assert len(list((tiny / "Annotations" / "DET").rglob("*.xml"))) == 6
    assert not [path for path in tiny.rglob(".*") if path.name.startswith(".")]


def test_every_listed_frame_is_there(tiny: Path) -> None:
    for half in ("train", "val"):
        lines = (tiny / "ImageSets" / "VID" / f"{half}.txt").read_text().splitlines()
        assert len(lines) == 12
        for number, line in enumerate(lines, start=1):
            name, identifier = line.split()
            assert int(identifier) == number
            assert (tiny / "Data" / "VID" / half / f"{name}.JPEG").is_file()


def test_boxes_lie_in_their_pictures(tiny: Path) -> None:
    names = set()
    for path in (tiny / "Annotations").rglob("*.xml"):
        tree = ElementTree.parse(path).getroot()
        data = tiny / "Data" / path.relative_to(tiny / "Annotations").with_suffix(".JPEG")
        image = cv2.imread(str(data))
        assert image is not None
        height, width = image.shape[:2]
        assert (tree.findtext("size/width"), tree.findtext("size/height")) == (str(width), str(height))
        for box in tree.iter("bndbox"):
            x1, y1, x2, y2 = (int(box.findtext(key, "-1")) for key in ("xmin", "ymin", "xmax", "ymax"))
            assert 0 <= x1 < x2 < width
            assert 0 <= y1 < y2 < height
        names |= {item.text for item in tree.iter("name")}
    assert names <= {WORDNET_IDS[name] for name in ("bird", "car", "rabbit", "zebra")}


def test_workers_and_interruptions_don_t_matter(tiny: Path, tiny_settings: MiniVIDSettings, tmp_path: Path) -> None:
    write_dataset(tmp_path, tiny_settings, "drawn", workers=2, progress=False)
    assert _contents(tmp_path) == _contents(tiny)
    shutil.rmtree(tmp_path / "Data/VID/val/ILSVRC2015_val_00000001")
    (tmp_path / "Data/DET/train/ILSVRC2014_train_0000/ILSVRC2014_train_00000002.JPEG").unlink()
    write_dataset(tmp_path, tiny_settings, "drawn", progress=False)
    assert _contents(tmp_path) == _contents(tiny)


def test_seeds_differ(tiny: Path, tiny_settings: MiniVIDSettings, tmp_path: Path) -> None:
    write_dataset(tmp_path, replace(tiny_settings, seed=4), "drawn", progress=False)
    ours, theirs = _contents(tmp_path), _contents(tiny)
    pictures = [name for name in ours if name.endswith(".JPEG")]
    assert all(ours[name] != theirs[name] for name in pictures)


def test_settings_are_not_mixed(tiny_settings: MiniVIDSettings, tmp_path: Path) -> None:
    few = replace(tiny_settings, train_videos=1, val_seen_videos=1, val_novel_videos=0, stills=1)
    write_dataset(tmp_path, few, "drawn", progress=False)
    other = replace(few, severity=0.5, train_frames=2)
    with pytest.raises(FileExistsError, match="--overwrite"):
        write_dataset(tmp_path, other, "drawn", progress=False)
    write_dataset(tmp_path, other, "drawn", overwrite=True, progress=False)
    assert len(list((tmp_path / "Data" / "VID" / "train").rglob("*.JPEG"))) == 2


def test_an_interrupted_replacement_never_passes_for_whole(
    tiny_settings: MiniVIDSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = replace(tiny_settings, train_videos=1, val_seen_videos=0, val_novel_videos=0, stills=0)
    write_dataset(tmp_path, few, "drawn", progress=False)
    before = _contents(tmp_path)

    def stop_halfway(room: Path) -> None:
        next(room.rglob("*.JPEG")).unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", stop_halfway)
        with pytest.raises(KeyboardInterrupt):
            write_dataset(tmp_path, replace(few, seed=9), "drawn", overwrite=True, progress=False)
    with pytest.raises(FileExistsError, match="--overwrite"):
        write_dataset(tmp_path, few, "drawn", progress=False)
    write_dataset(tmp_path, few, "drawn", overwrite=True, progress=False)
    assert _contents(tmp_path) == before


def test_a_foreign_data_set_is_left_alone(tiny_settings: MiniVIDSettings, tmp_path: Path) -> None:
    (tmp_path / "Data").mkdir()
    with pytest.raises(FileExistsError, match="not a MiniVID"):
        write_dataset(tmp_path, tiny_settings, "drawn", overwrite=True, progress=False)


def test_a_place_that_can_t_be_written(tiny_settings: MiniVIDSettings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="choose another folder"):
        write_dataset(tmp_path / "file" / "root", tiny_settings, "drawn", progress=False)


def test_nothing_at_all(tmp_path: Path) -> None:
    nothing = MiniVIDSettings(train_videos=0, stills=0, val_seen_videos=0, val_novel_videos=0, classes=("car",))
    write_dataset(tmp_path, nothing, "drawn", progress=False)
    assert (tmp_path / "ImageSets" / "VID" / "val.txt").read_text() == ""
