"""A training step as Detectron2's trainers make it, in parts that can be timed, on made-up pairs of frames."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from detectron2.config import CfgNode
from detectron2.modeling.proposal_generator.proposal_utils import add_ground_truth_to_proposals
from detectron2.structures import Boxes, Instances
from detectron2.utils.events import EventStorage
from torch import Tensor

from ..engine import Trainer
from ..modeling import DetectAndTrack
from ..modeling.ohem import hardest_rois
from ..modeling.post_processing import boxes_to_rois
from ..modeling.rfcn import RFCNHeads
from .networks import made_clip, network_inputs

OBJECTS = 3
"""In every frame."""


def made_pairs(count: int, size: tuple[int, int], seed: int = 0, *, classes: int = 30) -> list[dict[str, Any]]:
    """Training items of D&T: each two frames of a video, with three objects that move from one to the next.

    Args:
        count: of pairs.
        size: height and width of the frames.
        seed: of pictures and objects.
        classes: of the network.
    """
    frames = network_inputs(made_clip(2 * count, *size, seed))
    return [_pair(frames[2 * i], frames[2 * i + 1], seed + i, classes) for i in range(count)]


def single_frames(pairs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same frames as training items of D."""
    return [
        {"image": x[f"{kind}image"], "instances": x[f"{kind}instances"], "video_length": x["video_length"]}
        for x in pairs
        for kind in ("", "next_")
    ]


def still(pair: dict[str, Any], *, known: bool = True) -> dict[str, Any]:
    """The first frame of a pair twice.

    Args:
        pair: a training item.
        known: whether the item says that it is a still.
    """
    length = 1 if known else 2
    return pair | {"next_image": pair["image"], "next_instances": pair["instances"], "video_length": length}


def _pair(now: dict[str, Any], later: dict[str, Any], seed: int, classes: int) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(seed)
    height, width = now["height"], now["width"]
    sides = torch.tensor([width, height]) * (0.15 + 0.3 * torch.rand(OBJECTS, 2, generator=generator))
    corner = torch.tensor([width, height]) * 0.5 * torch.rand(OBJECTS, 2, generator=generator)
    boxes = torch.cat([corner, corner + sides], dim=1)
    labels = torch.randint(0, classes, (OBJECTS,), generator=generator)
    return {
        "image": now["image"],
        "instances": _instances(boxes, labels, (height, width)),
        "next_image": later["image"],
        "next_instances": _instances(boxes + torch.tensor([8.0, 4, 8, 4]), labels, (height, width)),
        "video_length": 2,
    }


def _instances(boxes: Tensor, labels: Tensor, size: tuple[int, int]) -> Instances:
    ids = torch.arange(len(labels))
    return Instances(size, gt_boxes=Boxes(boxes), gt_classes=labels, gt_instance_ids=ids)


class TrainingStep:
    """Forward, backward, update: what ``SimpleTrainer`` does with a batch, and in half precision ``AMPTrainer``."""

    def __init__(
        self, model: DetectAndTrack, cfg: CfgNode, items: list[dict[str, Any]], precision: torch.dtype = torch.float32
    ) -> None:
        """
        Args:
            model: D or D&T; it is put into training mode.
            cfg: of the optimizer. With a learning rate near 0 all steps do the same.
            items: the batch of every step.
            precision: of convolutions. float16 scales the loss, as it must.
        """
        self.model, self.items, self.precision = model.train(), items, precision
        self.optimizer = Trainer.build_optimizer(cfg, model)
        self._scaler = torch.amp.GradScaler(model.device.type, enabled=precision == torch.float16)

    def __call__(self) -> None:
        """One update."""
        self.backward(self.forward())
        self.update()

    def forward(self) -> Tensor:
        """The sum of the losses."""
        with EventStorage(), self._autocast():
            losses = self.model(self.items)
        return torch.stack(list(losses.values())).sum()

    def backward(self, loss: Tensor) -> None:
        """All gradients."""
        self.optimizer.zero_grad()
        self._scaler.scale(loss).backward()

    def update(self) -> None:
        """The weights."""
        self._scaler.step(self.optimizer)
        self._scaler.update()

    def _autocast(self) -> AbstractContextManager[object]:
        if self.precision == torch.float32:
            return nullcontext()
        return torch.autocast(self.model.device.type, self.precision)


def losses_by_two_passes(
    heads: RFCNHeads, maps: tuple[Tensor, Tensor], proposals: list[Instances], targets: list[Instances]
) -> dict[str, Tensor]:
    """What ``RFCNHeads.losses`` gives, as OHEM was first done: a pass to choose RoIs, and one to learn from them.

    Args:
        heads: with OHEM.
        maps: class maps and box maps of N frames, each a pair of its own.
        proposals, targets: of each frame.
    """
    joined = add_ground_truth_to_proposals(targets, proposals)
    boxes = [p.proposal_boxes.tensor for p in joined]
    rois = boxes_to_rois(boxes)
    labels, deltas = heads._targets(joined, targets)
    with torch.no_grad():
        cls_loss, box_loss = heads.loss.per_roi(*heads.predict(*maps, rois), labels, deltas)
        kept = hardest_rois(cls_loss + box_loss, [len(b) for b in boxes], heads.ohem_rois)
    logits, predicted = heads.predict(*maps, rois[kept])
    cls_loss, box_loss = heads.loss.per_roi(logits, predicted, labels[kept], deltas[kept])
    foreground, pair = labels[kept] < heads.num_classes, rois[kept, 0].long()
    return heads.loss(cls_loss, box_loss, foreground, pair, torch.arange(len(boxes), device=rois.device))
