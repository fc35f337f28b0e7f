"""dnt_d2/formats/result_files.py: formats by name, files by their endings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnt_d2.formats.result_files import EXPORTS, read_results, write_results
from dnt_d2.formats.results import Detections, FrameList

ENDINGS = {"ilsvrc": "boxes.txt", "mot": "tracks", "coco": "boxes.json", "csv": "boxes.csv"}


@pytest.mark.parametrize("name", EXPORTS)
@pytest.mark.parametrize("count", [0, 4])
def test_what_is_written_is_read(
    make_frame_list: Callable[..., FrameList], tmp_path: Path, name: str, count: int
) -> None:
    frames = make_frame_list()
    boxes = np.arange(16, dtype=np.float64).reshape(4, 4)[:count] / 4
    made = Detections.of(
        [0, 0, 1, 1][:count], [0, 1, 0, 1][:count], boxes, [0.5, 0.25, 1, 0][:count], [1, 2, 1, 2][:count]
    )
    write_results(name, tmp_path / ENDINGS[name], made, frames)
    found = read_results(tmp_path / ENDINGS[name], frames)
    for column in ("frames", "classes", "boxes", "scores"):
        np.testing.assert_array_equal(getattr(found, column), getattr(made, column))
    if name != "ilsvrc":  # the devkit's first form, that of detections
        np.testing.assert_array_equal(found.tracks, made.tracks)


def test_category_ids_are_those_of_the_ground_truth(make_frame_list: Callable[..., FrameList], tmp_path: Path) -> None:
    frames = make_frame_list()
    image = int(frames.image_ids[0])
    (tmp_path / "r.json").write_text(
        f'[{{"image_id": {image}, "category_id": 70, "bbox": [0, 0, 4, 4], "score": 0.5}}]'
    )
    categories: list[dict[str, Any]] = [{"id": 7 * 10**k, "name": name} for k, name in enumerate(frames.class_names)]
    truth = tmp_path / "truth.json"
    truth.write_text(str({"videos": [], "images": [], "annotations": [], "categories": categories}).replace("'", '"'))
    assert read_results(tmp_path / "r.json", frames, ground_truth=truth).classes.tolist() == [1]
    with pytest.raises(ValueError, match="'category_id' 70 is not one of"):
        read_results(tmp_path / "r.json", frames)


def test_refusals(make_frame_list: Callable[..., FrameList], tmp_path: Path) -> None:
    frames = make_frame_list()
    with pytest.raises(ValueError, match=r"boxes\.xml: results are COCO"):
        read_results(tmp_path / "boxes.xml", frames)
    with pytest.raises(FileNotFoundError):
        read_results(tmp_path / "nowhere.csv", frames)
    with pytest.raises(ValueError, match="no format 'xml'; there are ilsvrc, mot, coco, csv"):
        write_results("xml", tmp_path / "x", Detections.of([], [], [], []), frames)
