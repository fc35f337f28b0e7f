"""dnt_d2/evaluation/outputs.py: what a record keeps of Detectron2's Instances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("detectron2")

import torch
from detectron2.structures import Boxes, Instances

from dnt_d2.evaluation.outputs import frame_tables, to_numpy
from dnt_d2.evaluation.video_record import VideoRecorder

CLASSES = ["bear", "car"]


def instances(**fields: Any) -> Instances:
    return Instances((90, 120), **fields)


def found(num: int, classes: list[int] | None = None) -> Instances:
    boxes = Boxes(torch.arange(4.0 * num).reshape(num, 4))
    ids = torch.tensor(classes if classes is not None else [0] * num, dtype=torch.int64)
    return instances(pred_boxes=boxes, scores=torch.linspace(0.9, 0.1, num), pred_classes=ids)


def video_output(num: int, num_tracklets: int = 0, num_classes: int = 2) -> dict[str, Instances]:
    starts = torch.arange(4.0 * num_tracklets).reshape(num_tracklets, 4)
    return {
        "instances": found(num),
        "link_candidates": instances(
            pred_boxes=Boxes(torch.arange(4.0 * num).reshape(num, 4)),
            class_scores=torch.arange(float(num * num_classes)).reshape(num, num_classes) / 10,
        ),
        "tracklets": instances(start_boxes=Boxes(starts), end_boxes=Boxes(starts + 100)),
    }


def test_nothing_found() -> None:
    tables, revised = frame_tables({"instances": found(0)}, CLASSES, "toys")
    assert revised is None
    assert {name: values.shape for name, values in tables["detections"].items()} == {
        "boxes": (0, 4),
        "scores": (0,),
        "classes": (0,),
    }
    tables, revised = frame_tables(video_output(0), CLASSES, "toys")
    assert tables.keys() == {"detections", "candidates", "tracklets"}
    assert tables["candidates"]["scores"].shape == (0, 2)
    assert tables["tracklets"]["boxes"].shape == (0, 8)


def test_single_frames() -> None:
    tables, _ = frame_tables({"instances": found(2, [1, 0])}, CLASSES, "toys")
    assert tables.keys() == {"detections"}
    np.testing.assert_array_equal(tables["detections"]["boxes"], [[0, 1, 2, 3], [4, 5, 6, 7]])
    np.testing.assert_array_equal(tables["detections"]["scores"], np.float32([0.9, 0.1]))
    np.testing.assert_array_equal(tables["detections"]["classes"], [1, 0])


def test_video() -> None:
    output = video_output(3, 2)
    output["proposals"] = instances(proposal_boxes=Boxes(torch.ones(5, 4)))
    output["revised_candidates"] = instances(class_scores=torch.full((4, 2), 0.25))
    tables, revised = frame_tables(output, CLASSES, "toys")
    np.testing.assert_array_equal(tables["candidates"]["boxes"], np.arange(12).reshape(3, 4))
    np.testing.assert_array_equal(tables["candidates"]["scores"], np.arange(6, dtype=np.float32).reshape(3, 2) / 10)
    expected = [[0, 1, 2, 3, 100, 101, 102, 103], [4, 5, 6, 7, 104, 105, 106, 107]]
    np.testing.assert_array_equal(tables["tracklets"]["boxes"], expected)
    np.testing.assert_array_equal(tables["proposals"]["boxes"], np.ones((5, 4)))
    np.testing.assert_array_equal(revised, np.full((4, 2), 0.25))


def test_a_recorder_takes_the_tables_as_they_are() -> None:
    recorder = VideoRecorder(len(CLASSES))
    for index, num_tracklets in enumerate((0, 2)):
        tables, revised = frame_tables(video_output(3, num_tracklets), CLASSES, "toys")
        recorder.add(index, tables, revised)
    record = recorder.record()
    assert {name: rows.counts.tolist() for name, rows in record.tables.items()} == {
        "detections": [3, 3],
        "candidates": [3, 3],
        "tracklets": [0, 2],
    }


def test_other_classes_are_refused() -> None:
    with pytest.raises(ValueError, match="the network found class 2, but toys has 2"):
        frame_tables({"instances": found(2, [0, 2])}, CLASSES, "toys")
    with pytest.raises(ValueError, match="the network has 3 classes, but toys has 2"):
        frame_tables(video_output(0, num_classes=3), CLASSES, "toys")


def test_tensors_that_are_trained_become_arrays() -> None:
    assert to_numpy(torch.ones(2, requires_grad=True)).tolist() == [1, 1]
