"""Proposals from several sizes of a picture (sec. 5.2: 5 scales), merged by objectness. For testing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from detectron2.config import CfgNode
from detectron2.layers import nms
from detectron2.modeling import ProposalNetwork
from detectron2.modeling.backbone import Backbone
from detectron2.modeling.postprocessing import detector_postprocess
from detectron2.structures import ImageList, Instances
from torch import Tensor, nn
from torch.nn import functional as F

Size = tuple[int, int]


def pyramid_size(size: Size, longest_side: int) -> Size:
    """The (height, width), rounded, at which the longer side of a picture is ``longest_side`` pixels."""
    scale = longest_side / max(size)
    return max(1, int(size[0] * scale + 0.5)), max(1, int(size[1] * scale + 0.5))


def pyramid_proposals(
    backbone: Backbone,
    rpn: nn.Module,
    images: ImageList,
    longest_sides: Sequence[int],
    nms_thresh: float,
    topk: int,
) -> list[Instances]:
    """Run trunk and RPN on every picture at several sizes and keep the best of all proposals.

    Each picture is taken by itself and without its padding, so that its proposals don't depend on its batch. Each size
    gives what the RPN gives, after its own NMS; then the boxes of all sizes, at the picture's size, compete.

    Args:
        backbone, rpn: in evaluation mode.
        images: normalised, at the network's input size; resized bilinearly from there, low-pass filtered to smaller
            sizes.
        longest_sides: the lengths of the longer side, in pixels (TEST.PROPOSAL_SCALES).
        nms_thresh: the IoU above which the box with the lower objectness is dropped.
        topk: how many proposals of a picture are kept.

    Returns:
        For each picture, as from the RPN: Instances with ``proposal_boxes`` in pixels of the network's input and
        ``objectness_logits``, best first.

    Raises:
        ValueError: there is no size.
    """
    if not longest_sides:
        raise ValueError("TEST.PROPOSAL_SCALES is empty: proposals need at least one size")
    merged = []
    for image in images:
        size = (image.shape[-2], image.shape[-1])
        found = [_proposals_at(backbone, rpn, image, pyramid_size(size, side)) for side in longest_sides]
        merged.append(_best(Instances.cat([detector_postprocess(x, *size) for x in found]), nms_thresh, topk))
    return merged


def _proposals_at(backbone: Backbone, rpn: nn.Module, image: Tensor, size: Size) -> Instances:
    """The RPN's proposals for one (3, H, W) picture, resized to ``size``."""
    if size != image.shape[-2:]:
        image = F.interpolate(image[None], size, mode="bilinear", align_corners=False, antialias=True)[0]
    resized = ImageList.from_tensors(
        [image], backbone.size_divisibility, padding_constraints=backbone.padding_constraints
    )
    proposals, _ = rpn(resized, backbone(resized.tensor), None)
    return proposals[0]


def _best(proposals: Instances, nms_thresh: float, topk: int) -> Instances:
    kept = nms(proposals.proposal_boxes.tensor.float(), proposals.objectness_logits.float(), nms_thresh)
    return proposals[kept[:topk]]


class PyramidProposalNetwork(nn.Module):
    """Detectron2's ``ProposalNetwork`` in testing, with proposals from several sizes of each picture."""

    def __init__(self, network: ProposalNetwork, longest_sides: Sequence[int], *, nms_thresh: float, topk: int) -> None:
        """
        Args:
            network: trained; its weights are shared, not copied.
            longest_sides, nms_thresh, topk: see :func:`pyramid_proposals`.
        """
        super().__init__()
        self.network = network
        self.training = network.training  # Detectron2's evaluation puts this, so the network, back into this mode
        self.longest_sides, self.nms_thresh, self.topk = tuple(longest_sides), nms_thresh, topk

    @torch.no_grad()
    def forward(self, batched_inputs: list[dict[str, Any]]) -> list[dict[str, Instances]]:
        """Pictures in, as in ``ProposalNetwork``; for each a dict with its ``proposals``, in original pixels, out."""
        network = self.network
        outputs = []
        for x in batched_inputs:
            image = (x["image"].to(network.device) - network.pixel_mean) / network.pixel_std
            images = ImageList.from_tensors([image])
            (found,) = pyramid_proposals(
                network.backbone, network.proposal_generator, images, self.longest_sides, self.nms_thresh, self.topk
            )
            height, width = x.get("height", found.image_size[0]), x.get("width", found.image_size[1])
            outputs.append({"proposals": detector_postprocess(found, height, width)})
        return outputs


def pyramid_settings(cfg: CfgNode) -> dict[str, Any] | None:
    """The settings of :func:`pyramid_proposals` from the config; None where TEST.PROPOSAL_SCALES is empty.

    NMS and the number of proposals are the RPN's own, RPN.NMS_THRESH and RPN.POST_NMS_TOPK_TEST (sec. 5.2: 0.7, 300).
    """
    if not cfg.TEST.PROPOSAL_SCALES:
        return None
    rpn = cfg.MODEL.RPN
    return {
        "longest_sides": tuple(cfg.TEST.PROPOSAL_SCALES),
        "nms_thresh": rpn.NMS_THRESH,
        "topk": rpn.POST_NMS_TOPK_TEST,
    }


def with_proposal_scales(cfg: CfgNode, model: nn.Module) -> nn.Module:
    """What to evaluate in the place of ``model``: a ``ProposalNetwork`` with TEST.PROPOSAL_SCALES is wrapped."""
    settings = pyramid_settings(cfg)
    if settings is None or not isinstance(model, ProposalNetwork):
        return model
    return PyramidProposalNetwork(model, **settings)
