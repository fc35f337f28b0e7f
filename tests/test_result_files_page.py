"""docs/result_files.md: its examples are what the writers write, and its Python runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from dnt_d2.formats import (
    TRACK_FORMATS,
    Detections,
    FrameList,
    TrackWriter,
    VideoSet,
    parse_target,
    read_coco_vid,
    write_coco_results,
    write_coco_vid,
    write_csv_results,
    write_ilsvrc_results,
    write_mot_results,
)
from dnt_d2.formats.video_set import make_frame, make_note
from dnt_d2.video import VideoWriter

PAGE = (Path(__file__).parents[1] / "docs" / "result_files.md").read_text()
PLACES = {1: (0, 0, 2), 2: (0, 1, 2), 3: (1, 0, 1)}
VIDEOS = VideoSet(
    [make_frame(f"{image}.jpg", image, (200, 100), place) for image, place in PLACES.items()],
    ["yard", "street/b"],
    ["dog", "cat"],
)
FRAMES = FrameList.of(VIDEOS.frames, VIDEOS.video_names, VIDEOS.class_names)
BOX = Detections.of([2], [1], [[10, 20, 109, 69.5]], [0.875], [7])


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def block(language: str) -> str:
    (found,) = blocks(language)
    return found


def run(program: str) -> None:
    exec(compile(program, "result_files.md", "exec"), {})


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
    of_data_sets, of_one_video = blocks("python")
    run(of_data_sets)
    assert Path("results.csv").read_text() == block("csv")

    with VideoWriter("clip.mp4", 25) as writer:
        for grey in (50, 200):
            writer.write(np.full((100, 200, 3), grey, np.uint8))
    run(of_one_video)
    first, second = read_coco_vid("clip.json").frames
    assert first["annotations"] == second["annotations"] == [make_note((10, 20, 109, 69.5), 1, 7)]
    assert [round(cv2.imread(frame["file_name"]).mean(), -1) for frame in (first, second)] == [50, 200]


def test_targets(tmp_path: Path) -> None:
    """One video, in every format of the table."""
    rows = re.findall(r"^\| `(\S+)` \| `(\S+)` \|", PAGE.partition("## One video")[2], flags=re.MULTILINE)
    assert sorted(form for _, form in rows) == sorted(TRACK_FORMATS)
    lines = {}
    for target, form in rows:
        assert parse_target(target)[0] == form
        with TrackWriter(tmp_path / form, form=form, video="street/b", class_names=["dog", "cat"], fps=25) as writer:
            writer.write(0, (200, 100), BOX.boxes, BOX.scores, BOX.classes, BOX.tracks)
        lines[form] = (tmp_path / form).read_text()
    assert lines["coco_vid"] == block("coco_vid")
    assert (lines["mot"], lines["csv"]) == (block("mot"), block("csv"))
    assert json.loads(lines["coco"]) == [json.loads(block("coco")) | {"image_id": 1}]
    assert lines["ilsvrc"] == "1" + block("ilsvrc").splitlines(keepends=True)[1][1:]
