"""Ground truth from files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dnt_d2.evaluation.truth_file import read_truth_file


def _write(path: Path, bbox: list[float] | None) -> Path:
    content: dict[str, Any] = {"videos": [{"id": 1, "name": "a"}], "categories": [{"id": 1, "name": "bird"}]}
    content["images"] = [{"id": 3, "video_id": 1, "frame_id": 0, "file_name": "a/0.jpg", "width": 9, "height": 9}]
    content["annotations"] = [] if bbox is None else [{"id": 1, "image_id": 3, "category_id": 1, "bbox": bbox}]
    path.write_text(json.dumps(content))
    return path


def test_without_objects(tmp_path: Path) -> None:
    truth, frames = read_truth_file(_write(tmp_path / "gt.json", None))
    assert (truth.num_frames, len(truth.boxes), len(frames)) == (1, 0, 1)


def test_a_box_without_a_track(tmp_path: Path) -> None:
    truth, _ = read_truth_file(_write(tmp_path / "gt.json", [1, 2, 3, 4]))
    assert truth.boxes.tolist() == [[1, 2, 4, 6]]
    assert truth.tracks.tolist() == [-1]


def test_a_box_of_negative_size_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"gt\.json: a/0\.jpg: \[5.*\] is not a box x1, y1, x2, y2; correct the file"):
        read_truth_file(_write(tmp_path / "gt.json", [5, 5, -1, 2]))
