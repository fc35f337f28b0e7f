"""The evaluator of proposals: numbers by hand, ranks, faults."""

from __future__ import annotations

import json
import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("detectron2")

import torch
from detectron2.config import get_cfg
from detectron2.structures import Boxes, BoxMode, Instances
from detectron2.utils import comm

from dnt_d2 import add_dnt_config
from dnt_d2.evaluation import ProposalRecallEvaluator

CLASSES = ["bear", "car", "fox"]  # fox has no object
BEAR, CAR = [10, 10, 49, 49], [60, 20, 99, 59]
LIMITS = (1, 2)


def dicts(frames: int = 3) -> list[dict[str, Any]]:
    """A video with a bear and a car in each frame but the last, which has a bear."""
    things = [[(0, BEAR), (1, CAR)]] * (frames - 1) + [[(0, BEAR)]]
    return [
        {
            "file_name": f"{i}.JPEG",
            "video_id": 4,
            "frame_index": i,
            "annotations": [
                {"category_id": c, "bbox": box, "bbox_mode": BoxMode.XYXY_ABS, "instance_id": c} for c, box in row
            ],
        }
        for i, row in enumerate(things)
    ]


def proposals(*boxes: list[int]) -> dict[str, Instances]:
    """The first has the lowest objectness."""
    found = Instances((120, 200))
    found.proposal_boxes = Boxes(torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4))
    found.objectness_logits = torch.arange(len(boxes), dtype=torch.float32)
    return {"proposals": found}


def frame(index: int) -> dict[str, int]:
    return {"video_id": 4, "frame_index": index}


def evaluator(**changes: Any) -> ProposalRecallEvaluator:
    return ProposalRecallEvaluator((dicts(), CLASSES), **({"limits": LIMITS, "distributed": False} | changes))


def test_nothing_processed(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "dnt_d2"):
        results = evaluator().evaluate()["proposals"]
    assert all(math.isnan(value) for value in results.values())
    assert "3 frames of unnamed data set were not processed, frame 0 of video 4 for one" in caplog.text


def test_numbers_by_hand(tmp_path: Path) -> None:
    one = evaluator(output_dir=str(tmp_path))
    # The best proposal is the last: car, nothing, bear.
    one.process([frame(0), frame(1)], [proposals(BEAR, CAR), proposals()])
    one.process([frame(2)], [proposals(BEAR)])
    results = one.evaluate()["proposals"]
    expected = {
        "recall@1": 100 * (1 / 3 + 1 / 2) / 2,
        "recall@2": 100 * (2 / 3 + 1 / 2) / 2,
        "recall@1-bear": 100 / 3,
        "recall@1-car": 50.0,
        "recall@1-fox": float("nan"),
        "recall@2-bear": 200 / 3,
        "recall@2-car": 50.0,
        "recall@2-fox": float("nan"),
    }
    assert results == pytest.approx(expected, nan_ok=True)
    written = json.loads((tmp_path / "proposal_results.json").read_text())
    assert written["boxes"] == {"bear": 3, "car": 2, "fox": 0}
    assert written["results"]["proposals"]["recall@1-fox"] is None
    one.reset()
    assert math.isnan(one.evaluate()["proposals"]["recall@1"])


def test_only_seen_frames_count() -> None:
    one = evaluator()
    one.process([frame(2)], [proposals(BEAR)])
    results = one.evaluate()["proposals"]
    assert results["recall@1"] == results["recall@1-bear"] == 100
    assert math.isnan(results["recall@1-car"])


def test_the_edge_of_a_picture_is_its_last_pixel() -> None:
    """Detectron2's boxes end at W and H, the data set's at W - 1 and H - 1."""
    whole = [{**dicts(1)[0], "annotations": [{"category_id": 0, "bbox": [0, 0, 199, 119], "instance_id": 0}]}]
    one = ProposalRecallEvaluator((whole, CLASSES), limits=(1,), iou=0.9999, distributed=False)
    one.process([frame(0)], [proposals([0, 0, 200, 120])])
    assert one.evaluate()["proposals"]["recall@1"] == 100


def test_ranks_are_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = [proposals(BEAR, CAR), proposals(), proposals(BEAR)]
    whole = evaluator()
    whole.process([frame(i) for i in range(3)], outputs)
    parts = [evaluator(distributed=True) for _ in range(2)]
    for i, output in enumerate(outputs):
        parts[i % 2].process([frame(i)], [output])
    shares: list[Any] = []
    monkeypatch.setattr(comm, "gather", lambda data, dst: shares.append(data) or shares)
    monkeypatch.setattr(comm, "is_main_process", lambda: len(shares) == 2)
    assert parts[0].evaluate() == {}
    assert parts[1].evaluate()["proposals"] == pytest.approx(whole.evaluate()["proposals"], nan_ok=True)


def test_faults() -> None:
    one = evaluator()
    with pytest.raises(ValueError, match=r"no proposals: MODEL\.META_ARCHITECTURE must be 'ProposalNetwork'"):
        one.process([frame(0)], [{}])
    with pytest.raises(ValueError, match="hand on video_id and frame_index"):
        one.process([{}], [proposals()])
    with pytest.raises(ValueError, match="no frame 9 of video 4"):
        one.process([frame(9)], [proposals()])
    one.process([frame(0), frame(0)], [proposals(), proposals()])
    with pytest.raises(ValueError, match="frame 0 of video 4 was processed 2 times"):
        one.evaluate()


def test_from_config(tiny_datasets: Path, tmp_path: Path) -> None:
    cfg = get_cfg()
    add_dnt_config(cfg)
    cfg.OUTPUT_DIR = str(tmp_path)
    one = ProposalRecallEvaluator(cfg, "imagenet_vid_val")
    assert set(one.evaluate()["proposals"]) >= {"recall@10", "recall@100", "recall@300", "recall@300-dog"}
    assert (tmp_path / "inference/imagenet_vid_val/proposal_results.json").is_file()


def test_more_proposals_find_no_less() -> None:
    rng = np.random.default_rng(0)
    one = evaluator(limits=(1, 10, 100))
    for i in range(3):
        corners = rng.integers(0, 60, (100, 2))
        boxes = np.hstack([corners, corners + rng.integers(20, 60, (100, 2))])
        one.process([frame(i)], [proposals(*boxes.tolist())])
    results = one.evaluate()["proposals"]
    assert 0 <= results["recall@1"] <= results["recall@10"] <= results["recall@100"] <= 100
