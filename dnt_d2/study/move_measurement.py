"""How well the track head regresses motion (sec. 3.2, 3.3): true boxes of frame t are moved to t + tau."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from detectron2.config import CfgNode
from detectron2.data import DatasetCatalog
from numpy.typing import NDArray
from tqdm import tqdm

from ..data.mapper import PairMapper
from ..data.video_index import group_by_video
from ..geometry import FloatArray, box_iou
from ..modeling import DetectAndTrack
from ..modeling.frames import FrameMaps
from ..modeling.post_processing import clip_to_frame
from .moves import Ints, Moves, join_moves
from .template_matching import Image, match_templates

Dict = dict[str, Any]


def correlation_reach(model: DetectAndTrack) -> dict[str, int]:
    """How far each correlated map looks (d of eq. 4), in pixels of the network's input; nothing for D."""
    head = model.track_head
    if head is None:
        return {}
    shapes = model.backbone.output_shape()
    steps = {name: step for name, (_, step) in zip(head.in_features, head.strides, strict=True)}
    return {name: head.max_displacement // step * step * shapes[name].stride for name, step in steps.items()}


@torch.no_grad()
def measure_moves(
    cfg: CfgNode,
    model: DetectAndTrack,
    dataset: str,
    *,
    reach: int,
    taus: Sequence[int] = (1, 2, 5, 10),
    every: int = 1,
) -> Moves:
    """Move all true boxes of a data set, by the head and by template matching.

    The head gets what it gets in training: true boxes, at the network's test size. What it says is clipped to the
    frame, as in testing. The trunk runs once a frame.

    Args:
        cfg: of the network: size and format of its input.
        model: D&T, in evaluation mode.
        dataset: name of a registered data set of videos.
        reach: of template matching, px; the largest of :func:`correlation_reach` gives it the same chance.
        taus: frames between t and t + tau.
        every: every so-many-th frame of a video is a t, from its first.

    Raises:
        ValueError: D, which tracks nothing; a model in training mode; ``taus`` or ``every`` below 1.
    """
    if model.track_head is None:
        raise ValueError("the network has no track head (D), so it moves nothing: give a D&T config")
    if model.training:
        raise ValueError("the network is in training mode: call its eval() first")
    if every < 1 or any(tau < 1 for tau in taus):
        raise ValueError(f"taus are {tuple(taus)} and every is {every}: they are numbers of frames, at least 1")
    dicts = DatasetCatalog.get(dataset)
    videos = [[dicts[place] for place in places] for places in group_by_video(dicts).values()]
    watcher = _Watcher(cfg, model)
    parts = []
    for number, video in enumerate(tqdm(videos, desc="moves", unit="video")):
        for tau, now, later in _pairs(watcher, video, taus, every):
            parts.append(_moved(watcher, now, later, reach, number, tau))
    return join_moves(parts)


@dataclass(frozen=True, eq=False)
class _Frame:
    """A frame at the network's input: its pixels, what the network knows of it, and its N objects by track."""

    image: Image
    maps: FrameMaps
    boxes: torch.Tensor
    category: Ints
    track: list[int]
    hidden: NDArray[np.bool_]


class _Watcher:
    """Shows frames to the network."""

    def __init__(self, cfg: CfgNode, model: DetectAndTrack) -> None:
        self.model = model
        # The mapper of training, which also reads boxes, at the size of testing.
        self._read = PairMapper(
            shorter_sides=(cfg.INPUT.MIN_SIZE_TEST,),
            longest_side=cfg.INPUT.MAX_SIZE_TEST,
            horizontal_flip=False,
            image_format=cfg.INPUT.FORMAT,
        )

    def see(self, frame: Dict) -> _Frame:
        item = self._read(frame, None, flip=False, seed=0)
        image, things = item["image"], item["instances"]
        maps = self.model.encode(self.model.preprocess([image]))
        track = things.gt_instance_ids.tolist()
        hidden = {x.get("instance_id") for x in frame["annotations"] if x.get("occluded") or x.get("generated")}
        return _Frame(
            np.ascontiguousarray(image.permute(1, 2, 0).numpy()),
            maps.select(self.model.track_head.in_features if self.model.track_head is not None else []),
            things.gt_boxes.tensor,
            things.gt_classes.numpy(),
            track,
            np.array([i in hidden for i in track], bool),
        )

    def track(self, now: _Frame, later: _Frame, boxes: torch.Tensor) -> torch.Tensor:
        """Where (N, 4) boxes of a frame are in a later one."""
        assert self.model.track_head is not None
        with self.model.autocast():
            (moved,) = self.model.track_head.track(now.maps, later.maps, [boxes.to(self.model.device)])
        return moved.cpu()


def _pairs(
    watcher: _Watcher, video: Sequence[Dict], taus: Sequence[int], every: int
) -> Iterator[tuple[int, _Frame, _Frame]]:
    """All tau, t and t + tau of a video, of one size; frames are kept as long as they are needed."""
    dicts = {frame["frame_index"]: frame for frame in video}
    seen: dict[int, _Frame] = {}
    for t in list(dicts)[::every]:
        seen = {i: frame for i, frame in seen.items() if i >= t}
        for tau in taus:
            if t + tau not in dicts:
                continue
            for i in (t, t + tau):
                if i not in seen:
                    seen[i] = watcher.see(dicts[i])
            if seen[t].image.shape == seen[t + tau].image.shape:
                yield tau, seen[t], seen[t + tau]


def _moved(watcher: _Watcher, now: _Frame, later: _Frame, reach: int, video: int, tau: int) -> Moves:
    """The objects that are in both frames."""
    a = [i for i, track in enumerate(now.track) if track in later.track]
    b = [later.track.index(now.track[i]) for i in a]
    if not a:
        return join_moves([])
    start, end = now.boxes[a].double().numpy(), later.boxes[b].double().numpy()
    head = clip_to_frame(watcher.track(now, later, now.boxes[a]), now.image.shape[:2])
    guesses = (start, head.double().numpy(), match_templates(now.image, later.image, start, reach))
    return Moves(
        np.full(len(a), video),
        now.category[a],
        np.full(len(a), tau),
        _distance(start, end),
        np.sqrt((start[:, 2:] - start[:, :2]).prod(axis=1)),
        now.hidden[a] | later.hidden[b],
        np.stack([box_iou(x, end, inclusive=False).diagonal() for x in guesses], axis=1),
        np.stack([_distance(x, end) for x in guesses], axis=1),
    )


def _distance(a: FloatArray, b: FloatArray) -> FloatArray:
    """Of the centres of (N, 4) boxes."""
    return np.hypot(*((a[:, i] + a[:, i + 2] - b[:, i] - b[:, i + 2]) / 2 for i in (0, 1)))
