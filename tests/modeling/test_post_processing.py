"""From the network's pixels to the file's: rows are scaled and clipped, never dropped."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from dnt_d2.modeling import Candidates
from dnt_d2.modeling.post_processing import (
    boxes_to_rois,
    clip_to_frame,
    frame_result,
    link_candidates,
    proposals,
    to_original,
    tracklets,
)

NETWORK, ORIGINAL = (50, 100), (200, 300)  # height, width: y times 4, x times 3
NO_BOXES = torch.zeros(0, 4)


def random_boxes(n: int, seed: int = 0) -> Tensor:
    """Boxes that reach out of the frame, some of them wholly."""
    torch.manual_seed(seed)
    corner = torch.rand(n, 2) * 260 - 80
    return torch.cat([corner, corner + torch.rand(n, 2) * 60], dim=1)


def test_rois_of_no_boxes() -> None:
    assert boxes_to_rois([NO_BOXES]).shape == (0, 5)
    assert boxes_to_rois([NO_BOXES, NO_BOXES]).shape == (0, 5)


def test_rois_carry_the_place_of_their_frame() -> None:
    a, b = random_boxes(2), random_boxes(3, seed=1)
    rois = boxes_to_rois([a, NO_BOXES, b])
    assert rois[:, 0].tolist() == [0, 0, 2, 2, 2]
    assert torch.equal(rois[:, 1:], torch.cat([a, b]))
    assert boxes_to_rois([a.double()]).dtype == torch.float64


def test_clip_is_to_the_last_pixel() -> None:
    wild = torch.tensor([[-5.0, -6.0, 1e4, 1e4], [1e4, 1e4, 2e4, 2e4], [-9.0, -9.0, -1.0, -1.0]])
    clipped = clip_to_frame(wild, ORIGINAL)
    assert clipped.tolist() == [[0, 0, 299, 199], [299, 199, 299, 199], [0, 0, 0, 0]]
    assert clip_to_frame(NO_BOXES, ORIGINAL).shape == (0, 4)
    inside = torch.tensor([[3.0, 4.0, 299.0, 199.0]])
    assert torch.equal(clip_to_frame(inside, ORIGINAL), inside)


def test_to_original_keeps_every_row() -> None:
    boxes = random_boxes(200)
    result = to_original(boxes, NETWORK, ORIGINAL)
    assert result.shape == boxes.shape
    for row, (x1, y1, x2, y2) in zip(result.tolist(), boxes.tolist(), strict=True):
        expected = [
            *(min(max(3 * x1, 0), 299), min(max(4 * y1, 0), 199)),
            *(min(max(3 * x2, 0), 299), min(max(4 * y2, 0), 199)),
        ]
        assert row == pytest.approx(expected, abs=1e-3)
    assert to_original(NO_BOXES, NETWORK, ORIGINAL).shape == (0, 4)


def test_tracklets_keep_their_ends_together() -> None:
    start, end = random_boxes(50), random_boxes(50, seed=1)
    result = tracklets(start, end, NETWORK, ORIGINAL)
    assert len(result) == 50
    assert torch.equal(result.start_boxes.tensor, to_original(start, NETWORK, ORIGINAL))
    assert torch.equal(result.end_boxes.tensor, to_original(end, NETWORK, ORIGINAL))
    nothing = tracklets(NO_BOXES, NO_BOXES, NETWORK, ORIGINAL)
    assert nothing.start_boxes.tensor.shape == nothing.end_boxes.tensor.shape == (0, 4)


def candidates(n: int, classes: int = 3) -> Candidates:
    boxes = clip_to_frame(random_boxes(n), NETWORK)
    return Candidates(boxes, torch.randn(n, classes + 1).softmax(dim=1), NETWORK, boxes)


def test_proposals_are_scaled_and_clipped_and_keep_their_order() -> None:
    assert len(proposals(candidates(0), ORIGINAL)) == 0
    everything = candidates(40)
    found = proposals(everything, ORIGINAL)
    assert found.image_size == ORIGINAL
    assert torch.equal(found.proposal_boxes.tensor, to_original(everything.proposals, NETWORK, ORIGINAL))


def test_no_candidates() -> None:
    result = link_candidates(candidates(0), ORIGINAL)
    assert result.pred_boxes.tensor.shape == (0, 4)
    assert result.class_scores.shape == (0, 3)
    found = frame_result(candidates(0), ORIGINAL, 0.001, 0.3, 10)
    assert found.pred_boxes.tensor.shape == (0, 4)
    assert len(found.scores) == len(found.pred_classes) == 0


def test_link_candidates_are_all_of_them() -> None:
    everything = candidates(40)
    result = link_candidates(everything, ORIGINAL)
    assert result.image_size == ORIGINAL
    assert torch.equal(result.class_scores, everything.probs[:, :3])
    assert torch.equal(result.pred_boxes.tensor, to_original(everything.boxes, NETWORK, ORIGINAL))


def iou(a: list[float], b: list[float]) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    overlap = max(width, 0) * max(height, 0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - overlap
    return overlap / union


@pytest.mark.parametrize("limit", [5, 1000])
def test_frame_result_equals_a_plain_nms(limit: int) -> None:
    everything = candidates(60)
    boxes = to_original(everything.boxes, NETWORK, ORIGINAL).tolist()
    expected: list[tuple[float, int, list[float]]] = []
    for c in range(3):
        kept: list[list[float]] = []
        for i in everything.probs[:, c].argsort(descending=True).tolist():
            x1, y1, x2, y2 = boxes[i]
            score = everything.probs[i, c].item()
            if score > 0.2 and x2 > x1 and y2 > y1 and all(iou(boxes[i], other) <= 0.3 for other in kept):
                kept.append(boxes[i])
                expected.append((score, c, boxes[i]))
    expected = sorted(expected, key=lambda row: -row[0])[:limit]
    found = frame_result(everything, ORIGINAL, 0.2, 0.3, limit)
    assert found.scores.tolist() == pytest.approx([score for score, _, _ in expected])
    assert found.pred_classes.tolist() == [c for _, c, _ in expected]
    assert torch.allclose(found.pred_boxes.tensor, torch.tensor([box for _, _, box in expected]))


def test_frame_result_leaves_out_what_is_outside_of_the_frame() -> None:
    outside = clip_to_frame(torch.tensor([[-30.0, 5.0, -10.0, 20.0], [5.0, 5.0, 30.0, 20.0]]), NETWORK)
    both = Candidates(outside, torch.tensor([[0.9, 0.1], [0.6, 0.4]]), NETWORK, outside)
    found = frame_result(both, ORIGINAL, 0.0, 0.3, 10)
    assert found.scores.tolist() == pytest.approx([0.6])
