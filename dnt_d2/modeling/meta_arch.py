"""DetectAndTrack: the two-frame network of D&T (sec. 3, fig. 2) as a Detectron2 meta-architecture."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import torch
from detectron2.config import CfgNode, configurable
from detectron2.modeling import META_ARCH_REGISTRY, build_backbone, build_proposal_generator, build_roi_heads
from detectron2.modeling.backbone import Backbone
from detectron2.structures import ImageList, Instances
from torch import Tensor, nn

from .finite import check_found, check_given, rpn_named
from .frames import Candidates, FrameMaps
from .given_proposals import given_proposals
from .pair_inference import infer_pairs
from .post_processing import original_size
from .precision import PRECISIONS, autocast
from .proposals import pyramid_proposals, pyramid_settings
from .rfcn import RFCNHeads
from .score_average import SCORE_AVERAGES
from .track_head import CorrelationTrackHead, build_track_head

Inputs = list[dict[str, Any]]
_LEAST_SIDE = 0.01  # pixels at the network's input


@META_ARCH_REGISTRY.register()
class DetectAndTrack(nn.Module):
    """Trunk, RPN and R-FCN on each frame; correlation and RoI tracking on each pair.

    It keeps nothing between calls: :class:`dnt_d2.modeling.VideoStream` remembers the earlier frame of a video.
    Without a track head it is D (R-FCN).
    """

    pixel_mean: Tensor
    pixel_std: Tensor

    @configurable
    def __init__(
        self,
        *,
        backbone: Backbone,
        proposal_generator: nn.Module | None,
        roi_heads: RFCNHeads,
        track_head: CorrelationTrackHead | None,
        pixel_mean: tuple[float, ...],
        pixel_std: tuple[float, ...],
        track_score_thresh: float = 0.01,
        track_proposals: bool = False,
        score_average: str = "none",
        pyramid: dict[str, Any] | None = None,
        precision: str = "float32",
        channels_last: bool = False,
    ) -> None:
        """
        Args:
            backbone, proposal_generator: as in Detectron2; the RPN reads conv5. None for proposals that come with the
                pictures.
            roi_heads: R-FCN.
            track_head: None for D.
            pixel_mean, pixel_std: one value per channel, in the order of INPUT.FORMAT.
            track_score_thresh: boxes with a foreground score above it are tracked in testing.
            track_proposals: whether it is the proposals that are tracked, not the boxes regressed from them.
            score_average: "none", "next" or "both", see :mod:`dnt_d2.modeling.score_average`.
            pyramid: in testing, the RPN looks at several sizes of the pictures: the last three arguments of
                :func:`dnt_d2.modeling.proposals.pyramid_proposals`. None is one size.
            precision: of the convolutions in testing, one of :data:`dnt_d2.modeling.precision.PRECISIONS`.
            channels_last: whether convolutions keep the channels of a cell side by side in memory.

        Raises:
            ValueError: for another ``precision`` or ``score_average``, or one that needs a track head and has none.
        """
        super().__init__()
        self.backbone, self.proposal_generator = backbone, proposal_generator
        self.roi_heads, self.track_head = roi_heads, track_head
        if score_average not in SCORE_AVERAGES:
            raise ValueError(f"TEST.SCORE_AVERAGE is {score_average!r}: it must be one of {', '.join(SCORE_AVERAGES)}")
        if score_average != "none" and track_head is None:
            raise ValueError(f'TEST.SCORE_AVERAGE is {score_average!r}, but D tracks nothing: set it to "none"')
        self.track_score_thresh, self.score_average = track_score_thresh, score_average
        self.track_proposals = track_proposals
        if precision not in PRECISIONS:
            raise ValueError(f"TEST.PRECISION is {precision!r}: it must be one of {', '.join(PRECISIONS)}")
        self.pyramid, self.precision = pyramid, precision
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        if channels_last:
            self.to(memory_format=torch.channels_last)
        self.register_buffer("pixel_mean", torch.tensor(pixel_mean).view(-1, 1, 1), False)
        self.register_buffer("pixel_std", torch.tensor(pixel_std).view(-1, 1, 1), False)

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict[str, Any]:
        backbone = build_backbone(cfg)
        shape = backbone.output_shape()
        return {
            "backbone": backbone,
            "proposal_generator": build_proposal_generator(cfg, shape),
            "roi_heads": build_roi_heads(cfg, shape),
            "track_head": build_track_head(cfg, shape),
            "pixel_mean": cfg.MODEL.PIXEL_MEAN,
            "pixel_std": cfg.MODEL.PIXEL_STD,
            "track_score_thresh": cfg.MODEL.TRACK_HEAD.SCORE_THRESH,
            "track_proposals": cfg.MODEL.TRACK_HEAD.TRACK_PROPOSALS,
            "score_average": cfg.TEST.SCORE_AVERAGE,
            "pyramid": pyramid_settings(cfg),
            "precision": cfg.TEST.PRECISION,
            "channels_last": cfg.MODEL.CHANNELS_LAST,
        }

    @property
    def device(self) -> torch.device:
        return self.pixel_mean.device

    def autocast(self) -> AbstractContextManager[object]:
        """The precision of testing; in training it is the trainer's business."""
        return autocast(self.device, "float32" if self.training else self.precision)

    def preprocess(self, images: list[Tensor]) -> ImageList:
        """Normalise, pad and batch (3, H, W) images with values in [0, 255]."""
        normalised = [(x.to(self.device) - self.pixel_mean) / self.pixel_std for x in images]
        return ImageList.from_tensors(
            normalised, self.backbone.size_divisibility, padding_constraints=self.backbone.padding_constraints
        )

    def encode(self, images: ImageList) -> FrameMaps:
        """Everything dense about N frames: one pass of the trunk and of the R-FCN convolutions."""
        with self.autocast():
            features = self.backbone(images.tensor.contiguous(memory_format=self.memory_format))
            return FrameMaps(features, *self.roi_heads.maps(features))

    def detect(self, images: ImageList, maps: FrameMaps, given: list[Instances] | None = None) -> list[Candidates]:
        """The regressed, classified proposals of each frame: those that are given, else the RPN's."""
        proposals = given
        if proposals is None:
            assert self.proposal_generator is not None, "without an RPN, proposals must be given"
            with self.autocast():
                if self.pyramid is not None:
                    proposals = pyramid_proposals(self.backbone, self.proposal_generator, images, **self.pyramid)
                else:
                    proposals, _ = self.proposal_generator(images, maps.features, None)
        return self.roi_heads.candidates(maps.cls_maps, maps.box_maps, proposals)

    def given_proposals(self, items: Inputs, prefix: str = "") -> list[Instances] | None:
        """Of the items, where the network has no RPN (:mod:`dnt_d2.modeling.given_proposals`); else None."""
        return None if self.proposal_generator is not None else given_proposals(items, self.device, prefix)

    def track(self, now: FrameMaps, later: FrameMaps, candidates: list[Candidates]) -> list[tuple[Tensor, Tensor]]:
        """Tracklets of P pairs of frames.

        Args:
            now, later: frames t and t + tau of each pair.
            candidates: of the frames t; those above the score threshold are tracked.

        Returns:
            For each pair (M, 4) boxes in t and (M, 4) boxes in t + tau, in input pixels. M is 0 without a track head.
        """
        start = [(c.proposals if self.track_proposals else c.boxes)[self.is_tracked(c)] for c in candidates]
        if self.track_head is None:
            return [(boxes, boxes) for boxes in start]
        with self.autocast():
            return list(zip(start, self.track_head.track(now, later, start), strict=True))

    def is_tracked(self, candidates: Candidates) -> Tensor:
        """(N,) bool: which boxes are sure enough to be tracked into the next frame; none for D."""
        threshold = self.track_score_thresh if self.track_head is not None else float("inf")
        # max() over a class axis without classes raises, and frames without proposals have no rows: both give no box.
        return (candidates.scores > threshold).any(dim=1)

    def forward(self, batched_inputs: Inputs) -> Any:
        """
        Args:
            batched_inputs: one dict per item.
                In training, ``image`` (3, H, W) and ``instances`` of frame t and, for pairs, ``next_image`` and
                ``next_instances`` of frame t + tau; instances have ``gt_boxes, gt_classes, gt_instance_ids``.
                In testing ``image`` and optionally ``height, width`` of the original; with ``next_image`` the pair is
                detected in and tracked through.

        Returns:
            In training, a dict of losses (eq. 1 and the RPN's). In testing, for each item a dict with ``instances``
            in original pixels, and for pairs ``next_instances``, the ``link_candidates`` and
            ``next_link_candidates`` of both frames, and the ``tracklets`` between them.
        """
        if self.training:
            return self.losses(batched_inputs)
        paired = ["next_image" in x for x in batched_inputs]
        if any(paired):
            if not all(paired):
                raise ValueError("some of the inputs have a next_image, others don't: give pairs and pictures apart")
            return infer_pairs(self, batched_inputs)
        if not batched_inputs:
            return []
        images = self.preprocess([x["image"] for x in batched_inputs])
        maps = self.encode(images)
        found = self.detect(images, maps, self.given_proposals(batched_inputs))
        check_found(found, maps, self.proposal_generator, batched_inputs)
        return [
            {"instances": self.roi_heads.frame_result(c, original_size(x, c.image_size))}
            for c, x in zip(found, batched_inputs, strict=True)
        ]

    def losses(self, batched_inputs: Inputs) -> dict[str, Tensor]:
        """All terms of eq. 1 and the RPN's, for a batch of pairs (D&T) or of single frames (D)."""
        paired = self.track_head is not None
        if paired and any("next_image" not in x for x in batched_inputs):
            raise ValueError(
                "a training item has no next_image: a network with a track head is trained on pairs; "
                'set MODEL.TRACK_HEAD.NAME to "" to train D on single frames'
            )
        num_pairs = len(batched_inputs)
        targets = [x["instances"] for x in batched_inputs]
        if paired:
            targets += [x["next_instances"] for x in batched_inputs]
        for target, x in zip(targets, batched_inputs * 2, strict=False):
            check_given(target.gt_boxes.tensor, x, "gt_boxes")
        # A box one pixel wide has no width as Detectron2 counts, and no logarithm of it; moves are divided by it.
        targets = [t[t.gt_boxes.nonempty(_LEAST_SIDE)].to(self.device) for t in targets]
        images, maps = self._encode_training(batched_inputs, paired)
        proposals, losses = self._training_proposals(batched_inputs, images, maps, targets)
        pair_of_frame = torch.arange(num_pairs, device=self.device).repeat(2 if paired else 1)
        losses |= self.roi_heads.losses(maps.cls_maps, maps.box_maps, proposals, targets, pair_of_frame)
        if self.track_head is not None:
            now, later = maps[:num_pairs], maps[num_pairs:]
            losses |= self.track_head.losses(now, later, targets[:num_pairs], targets[num_pairs:])
        return losses

    def _training_proposals(
        self, items: Inputs, images: ImageList, maps: FrameMaps, targets: list[Instances]
    ) -> tuple[list[Instances], dict[str, Tensor]]:
        """Proposals of all frames t, then of all frames t + tau, and the RPN's losses, if there is one."""
        if self.proposal_generator is not None:
            with rpn_named():
                return self.proposal_generator(images, maps.features, targets)
        kinds = ["", "next_"] if self.track_head is not None else [""]
        return [p for kind in kinds for p in self.given_proposals(items, kind) or []], {}

    def _encode_training(self, batched_inputs: Inputs, paired: bool) -> tuple[ImageList, FrameMaps]:
        """Maps of all frames t, then of all frames t + tau. A still's second frame is its first: no second pass."""
        pictures = [x["image"] for x in batched_inputs]
        if not paired:
            images = self.preprocess(pictures)
            return images, self.encode(images)
        place = list(range(len(batched_inputs)))
        for i, x in enumerate(batched_inputs):
            still = x.get("video_length") == 1
            place.append(i if still else len(pictures))
            if not still:
                pictures.append(x["next_image"])
        images = self.preprocess(pictures)
        index = torch.tensor(place, device=self.device)
        maps = self.encode(images)[index]
        return ImageList(images.tensor[index], [images.image_sizes[i] for i in place]), maps
