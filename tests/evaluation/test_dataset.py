"""dnt_d2/evaluation/dataset.py: data sets with and without a name, and the file of results."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

pytest.importorskip("detectron2")

from detectron2.data import DatasetCatalog, MetadataCatalog

from dnt_d2.evaluation.dataset import describe, frame_list, output_folder, read_dataset, save_results

if TYPE_CHECKING:
    from conftest import Drawn


def frame(path: str, video: int, index: int = 0, **more: Any) -> dict[str, Any]:
    return {"file_name": path, "video_id": video, "frame_index": index, "annotations": [], **more}


def test_a_data_set_without_a_name() -> None:
    assert describe(([], ("a", "b"))) == ("unnamed data set", [], ["a", "b"])
    assert Path(output_folder("out", ([], ("a",)))) == Path("out/inference")


def test_a_registered_data_set() -> None:
    name = "test_evaluation_dataset"
    DatasetCatalog.register(name, lambda: [{"file_name": "0.JPEG"}])
    MetadataCatalog.get(name).thing_classes = ["a", "b"]
    try:
        assert describe(name) == (name, [{"file_name": "0.JPEG"}], ["a", "b"])
    finally:
        DatasetCatalog.remove(name)
        MetadataCatalog.remove(name)
    assert Path(output_folder("out", name)) == Path("out/inference", name)


def test_results_are_written_and_said_to_be(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save_results(None, "a.json", {"x": 1})
    assert list(tmp_path.iterdir()) == []
    with caplog.at_level(logging.INFO):
        save_results(str(tmp_path / "new"), "a.json", {"x": float("nan")})
    assert json.loads((tmp_path / "new" / "a.json").read_text()) == {"x": None}
    assert str(tmp_path / "new" / "a.json") in caplog.text


def test_an_empty_data_set_is_read() -> None:
    data = read_dataset(([], ["a"]))
    assert (data.name, data.truth.num_frames, len(data.frames)) == ("unnamed data set", 0, 0)
    assert data.frames.video_names == []
    assert data.frames.class_names == ["a"]
    assert data.frames.sizes.shape == (0, 2)


def test_truth_and_frames_are_in_one_order(drawn: Drawn) -> None:
    data = read_dataset((drawn.dicts[::-1], drawn.frames.class_names))
    for name, values in drawn.truth.arrays().items():
        np.testing.assert_array_equal(data.truth.arrays()[name], values)
    for name in ("videos", "indices", "image_ids", "sizes"):
        np.testing.assert_array_equal(getattr(data.frames, name), getattr(drawn.frames, name))
    assert data.frames.file_names == drawn.frames.file_names
    assert data.frames.video_names == ["clip_2", "000000", "clip_7"]  # a still is named as its file


def test_a_frame_that_is_listed_twice() -> None:
    with pytest.raises(ValueError, match="frame 4 of video 3 twice"):
        read_dataset(([frame("a/4.JPEG", 3, 4), frame("b/4.JPEG", 3, 4)], ["a"]))


def test_videos_of_one_name_are_told_apart() -> None:
    listed = [frame("x/clip/0.JPEG", 2), frame("x/clip/1.JPEG", 2, 1), frame("x/clip.JPEG", 4), frame("y/b.JPEG", 9)]
    frames = frame_list(listed, ["a"])
    assert frames.video_names == ["clip-2", "clip-4", "b"]
    assert frames.videos.tolist() == [0, 0, 1, 2]
    assert frames.indices.tolist() == [0, 1, 0, 0]


def test_a_number_behind_a_name_makes_no_double_either() -> None:
    listed = [frame(f"{v}/{name}.JPEG", v) for v, name in ((1, "a"), (2, "a-1"), (3, "a"))]
    assert frame_list(listed, ["a"]).video_names == ["a-1-1", "a-1-2", "a-3"]


def test_sizes_and_ids_that_are_missing() -> None:
    frames = frame_list([frame("v/0.JPEG", 0, image_id=7, width=30, height=20), frame("v/5.JPEG", 0, 5)], ["a"])
    assert frames.sizes.tolist() == [[30, 20], [0, 0]]
    assert frames.image_ids.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("ids", "expected"),
    [((7, 3), [7, 3]), ((7, 7), [1, 2]), (("a", "b"), [1, 2]), ((np.int64(7), 3), [7, 3]), ((None, 3), [1, 2])],
)
def test_image_ids_are_kept_where_they_are_numbers_that_differ(ids: tuple[Any, Any], expected: list[int]) -> None:
    frames = frame_list([frame("v/0.JPEG", 0, image_id=ids[0]), frame("v/1.JPEG", 0, 1, image_id=ids[1])], ["a"])
    assert frames.image_ids.tolist() == expected
