"""From dataset dicts to what the network reads: pairs of frames for training, single frames for testing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from detectron2.config import CfgNode, configurable
from detectron2.structures import Boxes, BoxMode, Instances

from .augmentation import flip_boxes, flip_image, input_shape, resize, to_tensor
from .checked_images import read_checked
from .images import ImageReader
from .proposals import proposal_instances, proposal_topk

FRAME_KEYS = ("file_name", "image_id", "video_id", "frame_index", "video_length", "height", "width")
"""What an item takes over from its dataset dict."""


class PairMapper:
    """Reads two frames of a video, mirrors both or none, and resizes both by one scale."""

    @configurable
    def __init__(
        self,
        *,
        shorter_sides: Sequence[int],
        longest_side: int,
        sampling: str = "choice",
        horizontal_flip: bool = True,
        image_format: str = "BGR",
        cache_mb: float = 0,
        proposal_topk: int | None = None,
    ) -> None:
        """
        Args:
            shorter_sides: lengths of the shorter side to choose from, in pixels ("choice"), or the least and the
                largest ("range"). 0 leaves images as they are.
            longest_side: the longer side is never above it.
            sampling: "choice" or "range".
            horizontal_flip: whether items that ask for a flip get one.
            image_format: "BGR" or "RGB".
            cache_mb: memory for decoded images, in MiB per loader worker.
            proposal_topk: how many precomputed proposals of a frame are used; None: frames have none.

        Raises:
            ValueError: for a ``sampling`` or a format that there isn't.
        """
        if (
            sampling not in ("choice", "range")
            or not shorter_sides
            or (sampling == "range" and len(shorter_sides) != 2)
        ):
            raise ValueError(
                f"INPUT.MIN_SIZE_TRAIN_SAMPLING is {sampling!r} and MIN_SIZE_TRAIN {tuple(shorter_sides)}; "
                "'choice' needs at least one size, 'range' two"
            )
        self.shorter_sides, self.longest_side, self.sampling = tuple(shorter_sides), longest_side, sampling
        self.horizontal_flip, self.proposal_topk = horizontal_flip, proposal_topk
        self.read = ImageReader(image_format, cache_mb)

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict[str, Any]:
        if cfg.INPUT.RANDOM_FLIP not in ("horizontal", "none"):
            raise ValueError(f"INPUT.RANDOM_FLIP is {cfg.INPUT.RANDOM_FLIP!r}; a pair knows 'horizontal' and 'none'")
        if cfg.INPUT.CROP.ENABLED:
            raise ValueError("INPUT.CROP.ENABLED is on, but pairs are not cropped; turn it off")
        return {
            "shorter_sides": cfg.INPUT.MIN_SIZE_TRAIN,
            "longest_side": cfg.INPUT.MAX_SIZE_TRAIN,
            "sampling": cfg.INPUT.MIN_SIZE_TRAIN_SAMPLING,
            "horizontal_flip": cfg.INPUT.RANDOM_FLIP == "horizontal",
            "image_format": cfg.INPUT.FORMAT,
            "cache_mb": cfg.DATALOADER.CACHE_MB,
            "proposal_topk": proposal_topk(cfg, "TRAIN"),
        }

    def __call__(
        self, frame: dict[str, Any], next_frame: dict[str, Any] | None, *, flip: bool, seed: int
    ) -> dict[str, Any]:
        """Read one item. The same arguments give the same item.

        Args:
            frame: the dataset dict of frame t; not changed.
            next_frame: of frame t + tau; the same object for a still, which is read once; None for single-frame items.
            flip: whether to mirror (only with ``horizontal_flip``).
            seed: decides the scale.

        Returns:
            ``image`` (3, H, W) uint8, ``instances`` with ``gt_boxes`` (N, 4), ``gt_classes`` (N,) and
            ``gt_instance_ids`` (N,) int64, for N >= 0; the same of frame t + tau as ``next_image, next_instances``; of
            frame t also ``file_name, image_id, video_id, frame_index, video_length``, original ``height, width``.
            With precomputed proposals ``proposals`` and ``next_proposals``, see :func:`proposal_instances`.

        Raises:
            FileNotFoundError, ValueError: an image is missing, broken or without annotations.
            SizeMismatchError: an image is not as large as its annotation says. Messages name the file.
        """
        height, width = frame["height"], frame["width"]
        shape = input_shape(height, width, self._shorter_side(seed), self.longest_side)
        view = _View(flip and self.horizontal_flip, shape[0] / height, shape[1] / width)
        item = {key: frame[key] for key in FRAME_KEYS if key in frame}
        item["image"], item["instances"] = self._frame(frame, view)
        if next_frame is frame:
            item["next_image"], item["next_instances"] = item["image"], item["instances"][:]
        elif next_frame is not None:
            item["next_image"], item["next_instances"] = self._frame(next_frame, view)
        if self.proposal_topk is not None:
            item["proposals"] = self._proposals(frame, item["instances"].image_size, view)
            if next_frame is not None:
                item["next_proposals"] = self._proposals(next_frame, item["next_instances"].image_size, view)
        return item

    def _shorter_side(self, seed: int) -> int:
        rng = np.random.default_rng(seed)
        if self.sampling == "range":
            return int(rng.integers(self.shorter_sides[0], self.shorter_sides[1] + 1))
        return self.shorter_sides[rng.integers(len(self.shorter_sides))]

    def _frame(self, frame: dict[str, Any], view: _View) -> tuple[torch.Tensor, Instances]:
        if "annotations" not in frame:
            raise ValueError(f"{frame['file_name']}: a training image without 'annotations'; an empty list means none")
        image = read_checked(self.read, frame)
        height, width = image.shape[:2]
        shape = (int(height * view.scale_y + 0.5), int(width * view.scale_x + 0.5))
        instances = _instances(frame["annotations"], (height, width), shape, view)
        return to_tensor(resize(flip_image(image) if view.flip else image, shape)), instances

    def _proposals(self, frame: dict[str, Any], shape: tuple[int, int], view: _View) -> Instances:
        assert self.proposal_topk is not None
        original = (frame["height"], frame["width"])
        return proposal_instances(frame, original, shape, top_k=self.proposal_topk, flip=view.flip)


class FrameMapper:
    """Reads one frame for testing."""

    @configurable
    def __init__(
        self, *, shorter_side: int, longest_side: int, image_format: str = "BGR", proposal_topk: int | None = None
    ) -> None:
        """
        Args:
            shorter_side: its length in pixels; 0 leaves images as they are.
            longest_side: the longer side is never above it.
            image_format: "BGR" or "RGB".
            proposal_topk: as in :class:`PairMapper`.
        """
        self.shorter_side, self.longest_side, self.proposal_topk = shorter_side, longest_side, proposal_topk
        self.read = ImageReader(image_format)

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict[str, Any]:
        return {
            "shorter_side": cfg.INPUT.MIN_SIZE_TEST,
            "longest_side": cfg.INPUT.MAX_SIZE_TEST,
            "image_format": cfg.INPUT.FORMAT,
            "proposal_topk": proposal_topk(cfg, "TEST"),
        }

    def __call__(self, frame: dict[str, Any]) -> dict[str, Any]:
        """
        Args:
            frame: a dataset dict; not changed.

        Returns:
            ``image`` (3, H, W) uint8; ``height, width`` of the original; and, as far as the dict has them, ``file_name,
            image_id, video_id, frame_index, video_length``; with precomputed proposals ``proposals``.

        Raises:
            FileNotFoundError, ValueError, SizeMismatchError: as in :class:`PairMapper`.
        """
        image = read_checked(self.read, frame)
        height, width = image.shape[:2]
        item = {key: frame[key] for key in FRAME_KEYS if key in frame} | {"height": height, "width": width}
        shape = input_shape(height, width, self.shorter_side, self.longest_side)
        item["image"] = to_tensor(resize(image, shape))
        if self.proposal_topk is not None:
            item["proposals"] = proposal_instances(frame, (height, width), shape, top_k=self.proposal_topk)
        return item


@dataclass(frozen=True)
class _View:
    """How both frames of a pair are shown to the network."""

    flip: bool
    scale_y: float
    scale_x: float


def _instances(
    annotations: list[dict[str, Any]], original: tuple[int, int], shape: tuple[int, int], view: _View
) -> Instances:
    """The objects that have an area inside the image, mirrored first, then scaled."""
    things = [(i, a) for i, a in enumerate(annotations) if not a.get("iscrowd", 0)]
    boxes = np.array(
        [BoxMode.convert(list(a["bbox"]), a["bbox_mode"], BoxMode.XYXY_ABS) for _, a in things], dtype=np.float64
    ).reshape(-1, 4)
    height, width = original
    boxes = boxes.clip(0, [width - 1, height - 1] * 2)
    kept = np.flatnonzero((boxes[:, 2:] > boxes[:, :2]).all(axis=1))
    boxes = boxes[kept]
    if view.flip:
        boxes = flip_boxes(boxes, width)
    scale = np.array([shape[1] / width, shape[0] / height] * 2)
    instances = Instances(shape)
    instances.gt_boxes = Boxes(torch.from_numpy((boxes * scale).astype(np.float32)))
    instances.gt_classes = torch.tensor([things[k][1]["category_id"] for k in kept], dtype=torch.int64)
    # Stills of other data sets have no track ids: an object is then known by its position.
    ids = [things[k][1].get("instance_id", things[k][0]) for k in kept]
    instances.gt_instance_ids = torch.tensor(ids, dtype=torch.int64)
    return instances
