"""docs/result_files.md: its examples are what the writers write, and its Python runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from dnt_d2.formats import (
    Detections,
    FrameList,
    VideoSet,
    write_coco_results,
    write_coco_vid,
    write_csv_results,
    write_ilsvrc_results,
    write_mot_results,
)
from dnt_d2.formats.video_set import make_frame

PAGE = (Path(__file__).parents[1] / "docs" / "result_files.md").read_text()
PLACES = {1: (0, 0, 2), 2: (0, 1, 2), 3: (1, 0, 1)}
VIDEOS = VideoSet(
    [make_frame(f"{image}.jpg", image, (200, 100), place) for image, place in PLACES.items()],
    ["yard", "street/b"],
    ["dog", "cat"],
)
FRAMES = FrameList.of(VIDEOS.frames, VIDEOS.video_names, VIDEOS.class_names)
BOX = Detections.of([2], [1], [[10, 20, 109, 69.5]], [0.875], [7])


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    return found


def test_lines(tmp_path: Path) -> None:
    write_ilsvrc_results(tmp_path / "plain.txt", BOX, FRAMES)
    write_ilsvrc_results(tmp_path / "tracks.txt", BOX, FRAMES, tracks=True)
    assert (tmp_path / "plain.txt").read_text() + (tmp_path / "tracks.txt").read_text() == block("ilsvrc")
    write_mot_results(tmp_path / "mot", BOX, FRAMES)
    assert (tmp_path / "mot/street_b.txt").read_text() == block("mot")
    write_coco_results(tmp_path / "coco.json", BOX, FRAMES)
    assert json.loads((tmp_path / "coco.json").read_text()) == [json.loads(block("coco"))]
    write_csv_results(tmp_path / "all.csv", BOX, FRAMES)
    assert (tmp_path / "all.csv").read_text() == block("csv")


def test_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_coco_vid(VIDEOS, "val.json", "")
    write_coco_results("results.json", BOX, FRAMES)
    exec(compile(block("python"), "result_files.md", "exec"), {})
    assert Path("results.csv").read_text() == block("csv")
