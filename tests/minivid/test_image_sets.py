"""The lists name every frame and every video, once."""

from __future__ import annotations

from pathlib import Path

from dnt_d2.minivid.image_sets import write_image_sets
from dnt_d2.minivid.plan import Plan
from dnt_d2.minivid.settings import MiniVIDSettings


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_no_videos_give_empty_lists(tmp_path: Path) -> None:
    write_image_sets(tmp_path, MiniVIDSettings(), [])
    names = {path.name for path in (tmp_path / "ImageSets" / "VID").iterdir()}
    assert names == {"train.txt", "val.txt", "val_seen.txt", "val_novel.txt", *(f"train_{k}.txt" for k in range(1, 31))}
    assert all(path.read_text() == "" for path in (tmp_path / "ImageSets").rglob("*.txt"))


def test_lists(tmp_path: Path) -> None:
    settings = MiniVIDSettings(train_frames=2, val_frames=3)
    plans = [
        Plan("train", 0, "t/a", ("bird", "bird")),
        Plan("train", 1, "t/b", ("zebra", "bird")),
        Plan("val_seen", 0, "v0", ("bird",)),
        Plan("val_novel", 0, "v1", ("zebra",)),
        Plan("stills", 0, "s/x", ("zebra",)),
        Plan("stills", 1, "s/y", ("bird", "zebra")),
    ]
    write_image_sets(tmp_path, settings, plans)
    video, still = tmp_path / "ImageSets" / "VID", tmp_path / "ImageSets" / "DET"
    assert _lines(video / "train_5.txt") == ["t/a 1", "t/b 1"]
    assert _lines(video / "train_30.txt") == ["t/b 1"]
    assert _lines(video / "train_1.txt") == []
    assert _lines(video / "train.txt") == ["t/a/000000 1", "t/a/000001 2", "t/b/000000 3", "t/b/000001 4"]
    seen = ["v0/000000 1", "v0/000001 2", "v0/000002 3"]
    assert _lines(video / "val_seen.txt") == seen
    assert _lines(video / "val_novel.txt") == ["v1/000000 1", "v1/000001 2", "v1/000002 3"]
    assert _lines(video / "val.txt") == [*seen, "v1/000000 4", "v1/000001 5", "v1/000002 6"]
    assert _lines(still / "train.txt") == ["s/x 1", "s/y 2"]
    assert _lines(still / "train_30.txt") == ["s/x 1", "s/y 1"]
    assert _lines(still / "train_5.txt") == ["s/y 1"]
