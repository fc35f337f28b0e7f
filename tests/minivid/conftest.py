"""Small drawn data sets, made once and read by several tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnt_d2.minivid import MiniVIDSettings, write_dataset

CLASSES = ("bird", "car", "rabbit", "zebra")


@pytest.fixture(scope="session")
def tiny_settings() -> MiniVIDSettings:
    """A few short videos: enough for the layout, too few for statistics."""
    return MiniVIDSettings(
        seed=3,
        train_videos=4,
        train_frames=3,
        stills=6,
        val_seen_videos=2,
        val_novel_videos=1,
        val_frames=4,
        frame_sizes=((160, 120), (176, 120)),
        classes=CLASSES,
    )


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory, tiny_settings: MiniVIDSettings) -> Path:
    """The data set of the tiny settings."""
    root = tmp_path_factory.mktemp("tiny")
    write_dataset(root, tiny_settings, "drawn", progress=False)
    return root


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set with enough videos to measure, at full size."""
    root = tmp_path_factory.mktemp("measured")
    settings = MiniVIDSettings(train_videos=28, stills=4, val_seen_videos=8, val_novel_videos=2, classes=CLASSES)
    write_dataset(root, settings, "drawn", progress=False)
    return root
