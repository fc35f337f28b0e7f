"""dnt_d2/benchmark/data.py: the made-up data are what the loaders take, and the stage measures what it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest
from detectron2.data import DatasetCatalog
from torch.utils.data import DataLoader

from dnt_d2.benchmark import data
from dnt_d2.benchmark.options import Options

Make = Callable[..., Any]


def test_no_items() -> None:
    assert data.Feed(DataLoader([1, 2]), 0)() > 0


def test_a_feed_counts_what_comes(tmp_path: Path) -> None:
    taken: list[int] = []

    class Numbers:
        def __len__(self) -> int:
            return 9

        def __getitem__(self, place: int) -> int:
            taken.append(place)
            return place

    assert data.Feed(DataLoader(Numbers()), 4)() > 0  # type: ignore[arg-type]
    assert taken == [0, 1, 2, 3, 4]  # one to begin with


def test_data_are_there_for_a_while(tmp_path: Path) -> None:
    with data.made_up_data(tmp_path, Options(scale=0.1)) as (videos, stills):
        frames = DatasetCatalog.get(videos)
        assert [x["frame_index"] for x in frames] == list(range(data.VIDEO_FRAMES))
        assert cv2.imread(frames[0]["file_name"]).shape == (*data.VIDEO_SIZE, 3)
        assert {x["video_length"] for x in DatasetCatalog.get(stills)} == {1}
    assert videos not in DatasetCatalog
    assert stills not in DatasetCatalog


def test_the_stage(monkeypatch: pytest.MonkeyPatch, small_cfg: Make, tmp_path: Path) -> None:
    monkeypatch.setattr(data, "load_config", lambda _name, *keys: small_cfg(*keys, "MODEL.ROI_HEADS.NUM_CLASSES", 30))
    for name, value in {"FULL": (64, 96), "VIDEO_SIZE": (72, 128), "STILL_SIZE": (60, 80), "ROUNDS": 1}.items():
        monkeypatch.setattr(data, name, value)
    stage = data.measure_data(Options(scale=0.2, folder=tmp_path))
    assert [figure.what.rpartition(", ")[2] for figure in stage.figures if "loader" in figure.what] == [
        *("0 workers", "1 worker", "2 workers"),
    ] * 2
    assert [limit.limit for limit in stage.limits] == [1.0]
    assert [c.after for c in stage.comparisons] == ["1 worker", "2 workers", "CACHE_MB 1024"]
    (table,) = stage.tables
    assert table.rows[-1][1] == pytest.approx(sum(row[1] for row in table.rows[:-1]))
