"""From the network's pixels to the file's: scale, clip, and the frame-level result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from detectron2.modeling.roi_heads.fast_rcnn import fast_rcnn_inference_single_image
from detectron2.structures import Boxes, Instances
from torch import Tensor
from torch.nn import functional as F

from .frames import Candidates

Size = tuple[int, int]


def original_size(item: dict[str, Any], network_size: Size) -> Size:
    """(height, width) of the original picture of an input dict; the network's own where the dict says nothing."""
    return int(item.get("height", network_size[0])), int(item.get("width", network_size[1]))


def boxes_to_rois(boxes: Sequence[Tensor]) -> Tensor:
    """Join boxes of frames into RoIs.

    Args:
        boxes: for every frame (R_i, 4) corners.

    Returns:
        (R, 5): the frame's place in the batch, then the corners.
    """
    # Each padded by its own number: a column made on the CPU would have to be copied to a GPU, and waited for.
    return torch.cat([F.pad(own, (1, 0), value=float(frame)) for frame, own in enumerate(boxes)])


def clip_to_frame(boxes: Tensor, size: Size) -> Tensor:
    """Clip (N, 4) inclusive corners to a frame of ``size`` (height, width): to [0, W - 1] and [0, H - 1]."""
    height, width = size
    return torch.minimum(boxes.clamp(min=0), _corners(width - 1, height - 1, boxes))


def _corners(x: float, y: float, like: Tensor) -> Tensor:
    """(4,) x, y, x, y. A GPU fills it by itself; it would have to be waited for to take numbers from a list."""
    values = like.new_empty(4)
    values[0::2], values[1::2] = x, y
    return values


def to_original(boxes: Tensor, network_size: Size, original_size: Size) -> Tensor:
    """Scale (N, 4) corners from the network's input to the original picture, and clip them to it.

    Unlike :func:`detectron2.modeling.postprocessing.detector_postprocess` it drops no row, so that what belongs to
    the boxes (scores, the other end of a tracklet) stays with them.
    """
    scale_y, scale_x = (out / into for out, into in zip(original_size, network_size, strict=True))
    return clip_to_frame(boxes * _corners(scale_x, scale_y, boxes), original_size)


def frame_result(
    candidates: Candidates, original_size: Size, score_thresh: float, nms_thresh: float, max_detections: int
) -> Instances:
    """The frame-level result (D): class-wise NMS over the candidates, as Detectron2's detectors return it.

    Returns:
        Instances in original pixels with ``pred_boxes``, ``scores`` in [0, 1] (best first) and ``pred_classes``.
    """
    boxes = to_original(candidates.boxes, candidates.image_size, original_size)
    visible = ((boxes[:, 2:] - boxes[:, :2]) > 0).all(dim=1)
    result, _ = fast_rcnn_inference_single_image(
        boxes[visible], candidates.probs[visible], original_size, score_thresh, nms_thresh, max_detections
    )
    return result


def link_candidates(candidates: Candidates, original_size: Size) -> Instances:
    """All candidates in original pixels: ``pred_boxes`` (N, 4) and ``class_scores`` (N, C), before any NMS."""
    result = Instances(original_size)
    result.pred_boxes = Boxes(to_original(candidates.boxes, candidates.image_size, original_size))
    result.class_scores = candidates.scores
    return result


def proposals(candidates: Candidates, original_size: Size) -> Instances:
    """What the candidates were regressed from, ``proposal_boxes`` (N, 4) in original pixels, the best first."""
    result = Instances(original_size)
    result.proposal_boxes = Boxes(to_original(candidates.proposals, candidates.image_size, original_size))
    return result


def tracklets(start: Tensor, end: Tensor, network_size: Size, original_size: Size) -> Instances:
    """Tracklets in original pixels: ``start_boxes`` (M, 4) in the earlier frame, ``end_boxes`` (M, 4) in this one."""
    result = Instances(original_size)
    result.start_boxes = Boxes(to_original(start, network_size, original_size))
    result.end_boxes = Boxes(to_original(end, network_size, original_size))
    return result
