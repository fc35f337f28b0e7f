"""R-FCN (sec. 3.2): position-sensitive class and box maps, pooled over RoIs and voted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from detectron2.config import CfgNode, configurable
from detectron2.layers import ShapeSpec
from detectron2.modeling.box_regression import Box2BoxTransform
from detectron2.modeling.matcher import Matcher
from detectron2.modeling.proposal_generator.proposal_utils import add_ground_truth_to_proposals
from detectron2.modeling.roi_heads import ROI_HEADS_REGISTRY
from detectron2.structures import ImageList, Instances, pairwise_iou
from detectron2.utils.events import get_event_storage
from torch import Tensor, nn
from torch.nn import functional as F

from ..layers import PSRoIPool
from .frames import Candidates
from .ohem import hardest_rois
from .post_processing import boxes_to_rois, clip_to_frame, frame_result
from .precision import at_least_float32
from .rfcn_loss import RFCNLoss


@ROI_HEADS_REGISTRY.register()
class RFCNHeads(nn.Module):
    """The detection half of D&T: a 3x3 reduction, class and box maps, position-sensitive pooling, OHEM.

    Boxes are class-agnostic: one box per RoI serves all classes.
    """

    @configurable
    def __init__(
        self,
        *,
        in_feature: str,
        in_channels: int,
        stride: int,
        num_classes: int,
        grid_size: int,
        reduction_channels: int,
        reduction_dilation: int,
        box_maps: int,
        box2box_transform: Box2BoxTransform,
        proposal_matcher: Matcher,
        proposal_append_gt: bool,
        ohem_rois: int,
        loss: RFCNLoss,
        score_thresh: float,
        nms_thresh: float,
        max_detections: int,
    ) -> None:
        """
        Args:
            in_feature: name of the trunk's map to read (conv5), with ``in_channels`` channels and ``stride`` pixels.
            num_classes: C, foreground classes.
            grid_size: k, the RoIs' grid.
            reduction_channels, reduction_dilation: the 3x3 convolution before the maps (sec. 5.2).
            box_maps: 4, or 8 for the authors' layout (the last 4 are the box).
            box2box_transform: from proposal to box, with the weights of the targets.
            proposal_matcher: gives RoIs their ground truth by IoU.
            proposal_append_gt: whether ground truth joins the proposals in training.
            ohem_rois: hard RoIs kept per frame, 0 for all.
            loss: turns the kept RoIs' losses into the terms of eq. 1.
            score_thresh, nms_thresh, max_detections: of the frame-level result.
        """
        super().__init__()
        if box_maps not in (4, 8):
            raise ValueError(f"MODEL.RFCN.BOX_MAPS is {box_maps}: it must be 4 (the paper) or 8 (the authors' code)")
        self.in_feature, self.num_classes, self.grid_size = in_feature, num_classes, grid_size
        self.reduction = nn.Conv2d(
            in_channels, reduction_channels, 3, padding=reduction_dilation, dilation=reduction_dilation
        )
        self.cls_conv = nn.Conv2d(reduction_channels, grid_size**2 * (num_classes + 1), 1)
        self.box_conv = nn.Conv2d(reduction_channels, grid_size**2 * box_maps, 1)
        # For the paper's 2048 channels this is the authors' deviation of 0.01; narrower trunks need their own.
        nn.init.kaiming_normal_(self.reduction.weight, nonlinearity="relu")
        for conv in (self.cls_conv, self.box_conv):
            nn.init.normal_(conv.weight, std=0.01)
        for conv in (self.reduction, self.cls_conv, self.box_conv):
            nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
        self.pool = PSRoIPool(grid_size, 1.0 / stride)
        self.box2box_transform, self.proposal_matcher = box2box_transform, proposal_matcher
        self.proposal_append_gt, self.ohem_rois, self.loss = proposal_append_gt, ohem_rois, loss
        self.score_thresh, self.nms_thresh, self.max_detections = score_thresh, nms_thresh, max_detections

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict[str, Any]:
        rfcn, shape = cfg.MODEL.RFCN, input_shape[cfg.MODEL.RFCN.IN_FEATURE]
        if -1 in cfg.MODEL.ROI_HEADS.IOU_LABELS:
            raise ValueError(
                f"MODEL.ROI_HEADS.IOU_LABELS is {list(cfg.MODEL.ROI_HEADS.IOU_LABELS)}: R-FCN ignores no RoI (-1), "
                "OHEM chooses among all of them; use 0 (background) and 1"
            )
        return {
            "in_feature": rfcn.IN_FEATURE,
            "in_channels": shape.channels,
            "stride": shape.stride,
            "num_classes": cfg.MODEL.ROI_HEADS.NUM_CLASSES,
            "grid_size": rfcn.GRID_SIZE,
            "reduction_channels": rfcn.REDUCTION_CHANNELS,
            "reduction_dilation": rfcn.REDUCTION_DILATION,
            "box_maps": rfcn.BOX_MAPS,
            "box2box_transform": Box2BoxTransform(weights=cfg.MODEL.ROI_BOX_HEAD.BBOX_REG_WEIGHTS),
            "proposal_matcher": Matcher(
                cfg.MODEL.ROI_HEADS.IOU_THRESHOLDS, cfg.MODEL.ROI_HEADS.IOU_LABELS, allow_low_quality_matches=False
            ),
            "proposal_append_gt": cfg.MODEL.ROI_HEADS.PROPOSAL_APPEND_GT,
            "ohem_rois": rfcn.OHEM_ROIS,
            "loss": RFCNLoss(
                cls_weight=rfcn.CLS_LOSS_WEIGHT,
                box_weight=rfcn.BOX_LOSS_WEIGHT,
                box_norm=rfcn.BOX_LOSS_NORM,
                rois_per_frame=rfcn.OHEM_ROIS,
                smooth_l1_beta=rfcn.SMOOTH_L1_BETA,
            ),
            "score_thresh": cfg.MODEL.ROI_HEADS.SCORE_THRESH_TEST,
            "nms_thresh": cfg.MODEL.ROI_HEADS.NMS_THRESH_TEST,
            "max_detections": cfg.TEST.DETECTIONS_PER_IMAGE,
        }

    def maps(self, features: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """The class maps (N, k^2 (C + 1), H, W) and the box maps (N, 4 k^2, H, W) of N frames, at least in float32."""
        reduced = F.relu(self.reduction(features[self.in_feature]))
        return at_least_float32(self.cls_conv(reduced)), at_least_float32(self.box_conv(reduced))

    def predict(self, cls_maps: Tensor, box_maps: Tensor, rois: Tensor) -> tuple[Tensor, Tensor]:
        """Pool and vote.

        Args:
            cls_maps, box_maps: of N frames, from :meth:`maps`.
            rois: (R, 5) place of the frame in the batch, corners in input pixels.

        Returns:
            (R, C + 1) class logits and (R, 4) box deltas, in float32.
        """
        logits = self.pool(cls_maps, rois).mean(dim=(2, 3))
        # With 8 box maps the first 4 are the background's.
        deltas = self.pool(box_maps, rois).mean(dim=(2, 3))[:, -4:]
        return logits.float(), deltas.float()

    def losses(
        self,
        cls_maps: Tensor,
        box_maps: Tensor,
        proposals: list[Instances],
        targets: list[Instances],
        pair_of_frame: Tensor,
    ) -> dict[str, Tensor]:
        """The first two terms of eq. 1 over the hardest RoIs of every frame.

        Args:
            cls_maps, box_maps: of N frames.
            proposals: N Instances with ``proposal_boxes``.
            targets: N Instances with ``gt_boxes``, ``gt_classes``; may be empty.
            pair_of_frame: (N,) which pair (training item) a frame belongs to, 0..P-1.

        Returns:
            ``loss_cls`` and ``loss_box_reg``, each averaged over the P pairs.
        """
        if self.proposal_append_gt:
            proposals = add_ground_truth_to_proposals(targets, proposals)
        boxes = [p.proposal_boxes.tensor for p in proposals]
        labels, deltas = self._targets(proposals, targets)
        logits, predicted = self.predict(cls_maps, box_maps, boxes_to_rois(boxes))
        cls_loss, box_loss = self.loss.per_roi(logits, predicted, labels, deltas)
        counts = [len(b) for b in boxes]
        kept = hardest_rois(cls_loss + box_loss, counts, self.ohem_rois)
        repeats = torch.tensor(counts, device=pair_of_frame.device)
        pair_of_roi = torch.repeat_interleave(pair_of_frame, repeats, output_size=sum(counts))
        foreground = labels < self.num_classes
        get_event_storage().put_scalar("rfcn/num_fg_rois", foreground[kept].sum().item() / max(len(boxes), 1))
        return self.loss(cls_loss[kept], box_loss[kept], foreground[kept], pair_of_roi[kept], pair_of_frame)

    @torch.no_grad()
    def _targets(self, proposals: list[Instances], targets: list[Instances]) -> tuple[Tensor, Tensor]:
        """Class labels (R,), the background being C, and box deltas (R, 4), zero for the background."""
        labels, deltas = [], []
        for frame_proposals, frame_targets in zip(proposals, targets, strict=True):
            boxes = frame_proposals.proposal_boxes
            index, matched = self.proposal_matcher(pairwise_iou(frame_targets.gt_boxes, boxes))
            foreground = (matched == 1).nonzero().squeeze(1)
            label = torch.full_like(index, self.num_classes)
            delta = boxes.tensor.new_zeros(len(boxes), 4)
            if len(foreground):
                label[foreground] = frame_targets.gt_classes[index[foreground]]
                truth = frame_targets.gt_boxes.tensor[index[foreground]]
                delta[foreground] = self.box2box_transform.get_deltas(boxes.tensor[foreground], truth)
            labels.append(label)
            deltas.append(delta)
        return torch.cat(labels), torch.cat(deltas)

    def candidates(self, cls_maps: Tensor, box_maps: Tensor, proposals: list[Instances]) -> list[Candidates]:
        """Classify and regress every proposal of every frame."""
        boxes = [p.proposal_boxes.tensor for p in proposals]
        logits, deltas = self.predict(cls_maps, box_maps, boxes_to_rois(boxes))
        regressed = self.box2box_transform.apply_deltas(deltas, torch.cat(boxes))
        counts = [len(b) for b in boxes]
        return [
            Candidates(clip_to_frame(b, p.image_size), q, p.image_size, start)
            for b, q, p, start in zip(
                regressed.split(counts), logits.softmax(dim=1).split(counts), proposals, boxes, strict=True
            )
        ]

    def classify(self, cls_maps: Tensor, boxes: Sequence[Tensor]) -> list[Tensor]:
        """The probabilities (R_i, C + 1) of boxes as they are, given per frame as (R_i, 4) corners in input pixels."""
        logits = self.pool(cls_maps, boxes_to_rois(boxes)).mean(dim=(2, 3)).float()
        return list(logits.softmax(dim=1).split([len(b) for b in boxes]))

    def frame_result(self, candidates: Candidates, original_size: tuple[int, int]) -> Instances:
        """The frame-level result, see :func:`dnt_d2.modeling.post_processing.frame_result`."""
        return frame_result(candidates, original_size, self.score_thresh, self.nms_thresh, self.max_detections)

    def forward(
        self,
        images: ImageList,
        features: dict[str, Tensor],
        proposals: list[Instances],
        targets: list[Instances] | None = None,
    ) -> tuple[list[Instances], dict[str, Tensor]]:
        """Detectron2's contract for RoI heads, so that R-FCN also works in its ``GeneralizedRCNN``."""
        cls_maps, box_maps = self.maps(features)
        if self.training:
            assert targets is not None, "R-FCN needs ground truth in training"
            each_its_own = torch.arange(len(proposals), device=cls_maps.device)
            return proposals, self.losses(cls_maps, box_maps, proposals, targets, each_its_own)
        found = self.candidates(cls_maps, box_maps, proposals)
        return [self.frame_result(c, c.image_size) for c in found], {}
