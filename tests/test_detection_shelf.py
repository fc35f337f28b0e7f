"""Detections on the disk come back as they were."""

from __future__ import annotations

import torch
from detectron2.structures import Boxes, Instances

from dnt_d2.detection_shelf import DetectionShelf
from dnt_d2.spill import SpillFile

SIZE = (60, 80)


def found(count: int, seed: int) -> Instances:
    torch.manual_seed(seed)
    boxes, classes = Boxes(torch.rand(count, 4) * 60), torch.randint(0, 200, (count,))
    return Instances(SIZE, pred_boxes=boxes, scores=torch.rand(count), pred_classes=classes)


def test_nothing() -> None:
    shelf = DetectionShelf(SpillFile())
    assert shelf.read(0, 10, SIZE) == {}
    shelf.add(3, found(0, 0))
    assert list(shelf.read(0, 10, SIZE)) == [3]
    assert len(shelf.read(3, 4, SIZE)[3]) == 0


def test_they_come_back() -> None:
    """So many that most are on the disk, of every third frame."""
    file = SpillFile()
    shelf, every = DetectionShelf(file), {t: found(t % 40, t) for t in range(0, 300, 3)}
    for t, detections in every.items():
        shelf.add(t, detections)
    assert file.size > 20_000
    back = shelf.read(7, 250, SIZE)
    assert list(back) == [t for t in every if 7 <= t < 250]
    for t, detections in back.items():
        assert detections.image_size == SIZE
        assert torch.equal(detections.pred_boxes.tensor, every[t].pred_boxes.tensor)
        assert torch.equal(detections.scores, every[t].scores)
        assert torch.equal(detections.pred_classes, every[t].pred_classes)
