"""Measuring: on made-up annotations with known answers, and on a drawn data set against its targets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dnt_d2.minivid.annotation import video_xml
from dnt_d2.minivid.rendering import ObjectBox
from dnt_d2.minivid.settings import MiniVIDSettings
from dnt_d2.minivid.statistics import (
    RECORDS,
    Statistic,
    boxes_per_class,
    burst_lengths,
    burst_shares,
    measure,
    read_records,
    report,
)
from dnt_d2.minivid.writer import write_dataset


def test_not_a_minivid(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="is not a MiniVID"):
        read_records(tmp_path)


def test_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "minivid.json").write_text("{}")
    assert measure(tmp_path, "train") == []
    assert report(tmp_path) == ""


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of the mean of nothing
def test_what_cannot_be_measured_is_null(tmp_path: Path) -> None:
    single = MiniVIDSettings(
        train_videos=1, train_frames=1, stills=0, val_seen_videos=0, val_novel_videos=0, classes=("car",)
    )
    write_dataset(tmp_path, single, "drawn", progress=False)
    text = (tmp_path / "statistics.json").read_text()
    assert json.loads(text, parse_constant=pytest.fail)["train"]["motion, median, px at short side 192"] is None


def _write_video(root: Path) -> None:
    """Four frames: a car that moves 10 px a frame and is gone in the last, a dog that stands still."""
    (root / "minivid.json").write_text("{}")
    folder = root / "Annotations" / "VID" / "val" / "v"
    folder.mkdir(parents=True)
    visible = []
    for frame in range(4):
        boxes = [ObjectBox(1, "dog", (0, 0, 49, 49), 1.0)]
        if frame < 3:
            boxes.append(ObjectBox(0, "car", (10 * frame, 0, 10 * frame + 99, 24), 1.0))
        (folder / f"{frame:06d}.xml").write_text(video_xml("v", frame, (320, 240), boxes, MiniVIDSettings()))
        visible.append({str(item.track_id): item.visible for item in boxes})
    tracks = [
        {"class": "car", "cutout": "c", "bursts": [["blur", 1, 4]]},
        {"class": "dog", "cutout": "d", "bursts": []},
    ]
    record = {
        "split": "val_seen",
        "number": 0,
        "folder": "v",
        "classes": ["car", "dog"],
        "tracks": tracks,
        "distractors": 2,
        "visible": visible,
    }
    (root / RECORDS).mkdir()
    (root / RECORDS / "val_seen_00000.json").write_text(json.dumps(record))


def test_known_answers(tmp_path: Path) -> None:
    _write_video(tmp_path)
    values = {item.name: item.value for item in measure(tmp_path, "val_seen")}
    assert values["frames per video"] == 4
    assert values["tracks per video"] == 2
    assert values["image sizes"] == 1
    assert values["moving things of no class per video"] == 2
    assert values["share of the video in which an object is seen"] == pytest.approx(0.875)
    assert values["share of frames without any box"] == 0
    assert values["share of tracks that enter or leave"] == 0.5
    assert values["share of videos with two of one class"] == 0
    assert values["motion, median, px at short side 192"] == 0  # of 0, 0, 0, 8, 8
    assert values["size, sqrt(area), median, px"] == pytest.approx(50)
    record = read_records(tmp_path)[0]
    assert burst_shares(record) == [pytest.approx(2 / 3), 0]
    assert burst_lengths(record) == [3]
    assert boxes_per_class(tmp_path, "val_seen") == {"car": 3, "dog": 4}
    assert boxes_per_class(tmp_path, "train") == {}


def test_a_statistic_knows_its_range() -> None:
    assert Statistic("free", 5.0).good
    assert Statistic("in", 5.0, 4.0, 6.0).good
    assert not Statistic("below", 3.0, 4.0).good
    assert not Statistic("unknown", float("nan"), 4.0).good
    assert str(Statistic("above", 7.0, None, 6.0)).endswith("at most 6  OUTSIDE")


@pytest.mark.parametrize("split", ["train", "val_seen"])
def test_targets_are_met(measured: Path, split: str) -> None:
    statistics = measure(measured, split)
    assert [str(item) for item in statistics if not item.good] == []


def test_every_class_has_its_share(measured: Path) -> None:
    for split in ("train", "val_seen"):
        counts = boxes_per_class(measured, split)
        assert list(counts) == ["bird", "car", "rabbit", "zebra"]
        assert max(counts.values()) < 2.2 * min(counts.values())


def test_written_with_the_data_set(measured: Path) -> None:
    written = json.loads((measured / "statistics.json").read_text())
    assert set(written) == {"train", "val_seen", "val_novel"}
    assert written["val_novel"]["frames per video"] == 60
    text = report(measured)
    assert "== val_novel" in text
    assert "boxes: bird" in text
