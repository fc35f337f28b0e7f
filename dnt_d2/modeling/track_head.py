"""RoI tracking (sec. 3.2-3.4): regress how each box moves from frame t to frame t + tau."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from detectron2.config import CfgNode, configurable
from detectron2.layers import ShapeSpec
from detectron2.modeling.box_regression import Box2BoxTransform
from detectron2.structures import Instances
from detectron2.utils.registry import Registry
from torch import Tensor, nn
from torch.nn import functional as F

from ..layers import PSRoIPool, local_correlation
from .frames import FrameMaps
from .post_processing import boxes_to_rois
from .precision import at_least_float32
from .rfcn_loss import average_over_pairs

TRACK_HEAD_REGISTRY = Registry("TRACK_HEAD")
TRACK_HEAD_REGISTRY.__doc__ = """
Track heads: called with (cfg, input_shape), see :class:`CorrelationTrackHead` for the methods they need.
"""

CORRELATION_NORMS = ("none", "std", "softmax")


def build_track_head(cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> CorrelationTrackHead | None:
    """Build ``cfg.MODEL.TRACK_HEAD.NAME``; an empty name gives None: the network is then D."""
    name = cfg.MODEL.TRACK_HEAD.NAME
    return TRACK_HEAD_REGISTRY.get(name)(cfg, input_shape) if name else None


def normalise_correlation(maps: Tensor, norm: str, temperature: float = 1.0) -> Tensor:
    """Bring correlation maps to a scale that the tracking convolution can use.

    Args:
        maps: (P, D, H, W) correlations over D displacements. Half precision is normalised in, and becomes, float32:
            a sharp softmax of rounded numbers is off by some percent.
        norm: "none"; "std": zero mean and unit deviation over all of a pair's maps; "softmax": over the displacements
            of each position, after standardising them there, times D, so that 1 is a flat answer and D a sure one.
        temperature: of the softmax; smaller is sharper.

    Raises:
        ValueError: for another norm.
    """
    if norm == "none" or maps.numel() == 0:
        return maps
    maps = at_least_float32(maps)
    dims = (1, 2, 3) if norm == "std" else (1,)
    deviation, mean = torch.std_mean(maps, dim=dims, keepdim=True, correction=0)
    standard = (maps - mean) / (deviation + 1e-6)
    if norm == "std":
        return standard
    if norm == "softmax":
        return (standard / temperature).softmax(dim=1) * maps.shape[1]
    raise ValueError(f"MODEL.TRACK_HEAD.NORM is {norm!r}: it must be one of {', '.join(CORRELATION_NORMS)}")


def of_one_length(features: Tensor) -> Tensor:
    """Features (N, C, H, W), each position's scaled to a length of sqrt(C), so that eq. 4, divided by C, is a cosine.

    Without it a position answers to the strongest ones around it, whatever they look like. Zeros stay zeros. Half
    precision is measured in float32.
    """
    length = features.shape[1] ** 0.5
    return (F.normalize(at_least_float32(features), dim=1) * length).to(features.dtype)


def matched_ground_truth(now: Instances, later: Instances) -> tuple[Tensor, Tensor]:
    """The ground-truth boxes of frame t whose track goes on in frame t + tau (sec. 3.3), with where they go.

    Args:
        now, later: with ``gt_boxes`` and ``gt_instance_ids``.

    Returns:
        (M, 4) boxes in t and (M, 4) boxes of the same tracks in t + tau; M may be 0.
    """
    same = now.gt_instance_ids[:, None] == later.gt_instance_ids[None, :]
    first, second = same.nonzero(as_tuple=True)
    return now.gt_boxes.tensor[first], later.gt_boxes.tensor[second]


@TRACK_HEAD_REGISTRY.register()
class CorrelationTrackHead(nn.Module):
    """Box maps of both frames and their correlations, stacked, one 1x1 convolution, position-sensitive pooling."""

    @configurable
    def __init__(
        self,
        *,
        in_features: Sequence[str],
        use_box_maps: bool,
        strides: Sequence[int],
        displacement_strides: Sequence[int],
        max_displacement: int,
        norm: str,
        temperature: float,
        box_channels: int,
        grid_size: int,
        output_maps: int,
        stride: int,
        loss_weight: float,
        smooth_l1_beta: float,
        move_unit: float = 0.0,
        cosine: bool = False,
        init_std: float = 0.01,
        both_directions: bool = False,
    ) -> None:
        """
        Args:
            in_features: names of the maps to correlate (sec. 3.4), each with its entry in the next two.
            use_box_maps: whether the box maps of both frames are stacked on the correlations.
            strides, displacement_strides: of the correlations.
            max_displacement: d, in cells.
            norm, temperature: see :func:`normalise_correlation`.
            box_channels: channels of a frame's box maps.
            grid_size: k.
            output_maps: 4, or 8 for the authors' layout (the last 4 are the move).
            stride: pixels per cell of the box maps.
            loss_weight, smooth_l1_beta: of the tracking loss.
            move_unit: pixels, in which the maps say how far a box moves; 0: in its widths and heights.
            cosine: whether features are brought to one length before they are correlated, see :func:`of_one_length`.
            init_std: deviation of the first weights.
            both_directions: whether it learns from t + tau to t, too.
        """
        super().__init__()
        if not len(in_features) == len(strides) == len(displacement_strides):
            raise ValueError("MODEL.TRACK_HEAD: IN_FEATURES, STRIDES and DISPLACEMENT_STRIDES differ in length")
        if norm not in CORRELATION_NORMS:
            raise ValueError(f"MODEL.TRACK_HEAD.NORM is {norm!r}: it must be one of {', '.join(CORRELATION_NORMS)}")
        if not temperature > 0:
            raise ValueError(f"MODEL.TRACK_HEAD.SOFTMAX_TEMPERATURE is {temperature}: it must be above 0")
        if not in_features and not use_box_maps:
            raise ValueError("MODEL.TRACK_HEAD: without IN_FEATURES and USE_BOX_MAPS there is nothing to track by")
        self.in_features, self.use_box_maps = list(in_features), use_box_maps
        self.strides = list(zip(strides, displacement_strides, strict=True))
        self.max_displacement, self.norm, self.temperature = max_displacement, norm, temperature
        channels = 2 * box_channels * use_box_maps + sum(
            (2 * (max_displacement // s) + 1) ** 2 for s in displacement_strides
        )
        self.conv = nn.Conv2d(channels, grid_size**2 * output_maps, 1)
        nn.init.normal_(self.conv.weight, std=init_std)
        nn.init.zeros_(self.conv.bias)  # type: ignore[arg-type]
        self.pool = PSRoIPool(grid_size, 1.0 / stride)
        self.transform = Box2BoxTransform(weights=(1.0, 1.0, 1.0, 1.0))  # eq. 2 and 3, unnormalised
        self.loss_weight, self.smooth_l1_beta, self.move_unit = loss_weight, smooth_l1_beta, move_unit
        self.cosine, self.both_directions = cosine, both_directions

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict[str, Any]:
        head, rfcn = cfg.MODEL.TRACK_HEAD, cfg.MODEL.RFCN
        stride = input_shape[rfcn.IN_FEATURE].stride
        for name, step in zip(head.IN_FEATURES, head.STRIDES, strict=False):
            if name not in input_shape:
                raise ValueError(
                    f"MODEL.TRACK_HEAD.IN_FEATURES names {name!r}: the trunk gives {', '.join(input_shape)}"
                )
            if input_shape[name].stride * step != stride:
                raise ValueError(
                    f"MODEL.TRACK_HEAD: {name} has stride {input_shape[name].stride}, with STRIDES {step} its "
                    f"correlation can't be stacked on box maps of stride {stride}; "
                    f"use {stride // input_shape[name].stride}"
                )
        return {
            "in_features": head.IN_FEATURES,
            "use_box_maps": head.USE_BOX_MAPS,
            "strides": head.STRIDES,
            "displacement_strides": head.DISPLACEMENT_STRIDES,
            "max_displacement": head.MAX_DISPLACEMENT,
            "norm": head.NORM,
            "temperature": head.SOFTMAX_TEMPERATURE,
            "box_channels": rfcn.GRID_SIZE**2 * rfcn.BOX_MAPS,
            "grid_size": rfcn.GRID_SIZE,
            "output_maps": rfcn.BOX_MAPS,
            "stride": stride,
            "loss_weight": head.LOSS_WEIGHT,
            "smooth_l1_beta": head.SMOOTH_L1_BETA,
            "move_unit": head.MOVE_UNIT,
            "cosine": head.COSINE,
            "init_std": head.INIT_STD,
            "both_directions": head.BOTH_DIRECTIONS,
        }

    def correlate(self, now: FrameMaps, later: FrameMaps) -> list[Tensor]:
        """Eq. 4 for every map of ``in_features``: P pairs of frames in, (P, D_l, H, W) each out, normalised."""
        stacks = []
        for name, (stride, displacement_stride) in zip(self.in_features, self.strides, strict=True):
            first, second = now.features[name], later.features[name]
            if self.cosine:
                first, second = of_one_length(first), of_one_length(second)
            maps = local_correlation(first, second, self.max_displacement, stride, displacement_stride)
            stacks.append(normalise_correlation(maps, self.norm, self.temperature))
        return stacks

    def maps(self, now: FrameMaps, later: FrameMaps) -> Tensor:
        """The position-sensitive track maps (P, 4 k^2, H, W) of P pairs of frames, at least in float32."""
        box_maps = [now.box_maps, later.box_maps] if self.use_box_maps else []
        stacked = torch.cat([*box_maps, *self.correlate(now, later)], dim=1)
        return at_least_float32(self.conv(stacked))

    def predict(self, track_maps: Tensor, boxes: Sequence[Tensor]) -> Tensor:
        """(R, 4) moves (eq. 2, 3) of the boxes of all pairs, given per pair as (R_i, 4) corners in frame t."""
        moves = self.pool(track_maps, boxes_to_rois(boxes)).mean(dim=(2, 3))[:, -4:].float()
        if not self.move_unit:
            return moves
        corners = torch.cat(list(boxes))
        sides = (corners[:, 2:] - corners[:, :2]).clamp(min=1.0)
        return torch.cat([moves[:, :2] * self.move_unit / sides, moves[:, 2:]], dim=1)

    def track(self, now: FrameMaps, later: FrameMaps, boxes: Sequence[Tensor]) -> list[Tensor]:
        """Where boxes of frame t are in frame t + tau.

        Args:
            now, later: P frames each.
            boxes: for each pair (R_i, 4) corners in frame t, in input pixels.

        Returns:
            For each pair (R_i, 4) corners in frame t + tau, not clipped.
        """
        if not any(len(b) for b in boxes):
            return [b.clone() for b in boxes]
        moved = self.transform.apply_deltas(self.predict(self.maps(now, later), boxes), torch.cat(list(boxes)))
        return list(moved.split([len(b) for b in boxes]))

    def losses(
        self, now: FrameMaps, later: FrameMaps, targets_now: list[Instances], targets_later: list[Instances]
    ) -> dict[str, Tensor]:
        """The last term of eq. 1, on ground-truth boxes that are in both frames.

        Per pair it is divided by the number of its tracks, and then averaged over all pairs. Pairs without a common
        track add 0; the head takes part all the same, since distributed training wants every gradient. With
        ``both_directions`` it is the mean of this and of the same with the frames exchanged. What weighs nothing isn't
        computed.
        """
        if not self.loss_weight:
            return {"loss_track": sum(parameter.sum() for parameter in self.parameters()) * now.box_maps.new_zeros(())}
        loss = self._loss(now, later, targets_now, targets_later)
        if self.both_directions:
            loss = (loss + self._loss(later, now, targets_later, targets_now)) / 2
        return {"loss_track": self.loss_weight * loss}

    def _loss(
        self, now: FrameMaps, later: FrameMaps, targets_now: list[Instances], targets_later: list[Instances]
    ) -> Tensor:
        matched = [matched_ground_truth(a, b) for a, b in zip(targets_now, targets_later, strict=True)]
        moves = self.predict(self.maps(now, later), [start for start, _ in matched])
        truth = self.transform.get_deltas(torch.cat([a for a, _ in matched]), torch.cat([b for _, b in matched]))
        loss = F.smooth_l1_loss(moves, truth, reduction="none", beta=self.smooth_l1_beta).sum(dim=1)
        counts = torch.tensor([len(a) for a, _ in matched], device=loss.device)
        pair = torch.repeat_interleave(torch.arange(len(matched), device=loss.device), counts, output_size=len(loss))
        return average_over_pairs(loss, counts, pair)
