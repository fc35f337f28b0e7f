"""Settings say no to what can't be made, and tell data sets apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dnt_d2.minivid.settings import SPLITS, MiniVIDSettings


@pytest.mark.parametrize(
    "wrong",
    [
        {"train_videos": -1},
        {"val_frames": 0},
        {"frame_sizes": ()},
        {"frame_sizes": ((320, 20),)},
        {"object_size": (80.0, 40.0)},
        {"severity": 2.0},
        {"degradation": -0.1},
        {"repaint": 1.5},
        {"burst_length": (0, 4)},
        {"ways_tried": 0},
        {"blur_weight": 0.0, "occlusion_weight": 0.0, "dimming_weight": 0.0, "pose_weight": 0.0},
    ],
)
def test_impossible_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="MiniVID"):
        replace(MiniVIDSettings(), **wrong)


def test_counts_by_split() -> None:
    settings = MiniVIDSettings(train_videos=3, val_seen_videos=2, val_novel_videos=1, train_frames=7, val_frames=9)
    assert [settings.videos(split) for split in SPLITS] == [3, 2, 1]
    assert [settings.frames(split) for split in SPLITS] == [7, 9, 9]


def test_digest_tells_settings_and_pictures_apart() -> None:
    settings = MiniVIDSettings()
    digests = {
        settings.digest("a"),
        settings.digest("b"),
        replace(settings, seed=1).digest("a"),
        replace(settings, severity=0.5).digest("a"),
    }
    assert len(digests) == 4
    assert settings.digest("a") == MiniVIDSettings().digest("a")
