"""VideoStream: feeds a video to the network frame by frame, and computes each frame once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple, Self

import torch
from detectron2.structures import Instances
from torch import nn

from .finite import check_found, check_tracks
from .frames import Candidates, FrameMaps
from .meta_arch import DetectAndTrack, Inputs
from .post_processing import link_candidates, original_size, proposals, tracklets
from .score_average import look_ahead, look_back


class _Place(NamedTuple):
    """Where a frame belongs."""

    video: Any
    frame_index: int
    shape: tuple[int, ...]

    def follows(self, other: _Place) -> bool:
        """Whether this frame can be tracked into from the other one: same video, same size, later."""
        return self.video == other.video and self.shape == other.shape and self.frame_index > other.frame_index


@dataclass(frozen=True)
class _Frame:
    """What the next frame needs of this one; its candidates are averaged with the frame before it, if at all."""

    place: _Place
    maps: FrameMaps
    candidates: Candidates


@dataclass(frozen=True)
class _Pair:
    """What a frame says together with the one before it: tracklets, and with averaging the final earlier scores."""

    tracklets: tuple[torch.Tensor, torch.Tensor]
    revised: Candidates | None = None


class VideoStream(nn.Module):
    """Detects in every frame it is given, and tracks from the frame before it in the same video.

    It takes frames in order, in chunks of any length, and gives the same results however they are cut. A frame of
    another video or another size, or one that doesn't come after the last, begins anew. Memory is one frame's maps.
    """

    def __init__(self, model: nn.Module) -> None:
        """
        Args:
            model: a :class:`DetectAndTrack`, or a ``DistributedDataParallel`` around one.
        """
        super().__init__()
        inner = model.module if isinstance(model, nn.parallel.DistributedDataParallel) else model
        if not isinstance(inner, DetectAndTrack):
            raise TypeError(f"VideoStream needs a DetectAndTrack model, not a {type(inner).__name__}")
        self.model = inner
        self.training = inner.training  # Detectron2's evaluation puts the stream, so the network, back into this mode
        self._last: _Frame | None = None

    def reset(self) -> None:
        """Forget the last frame: the next one is a first frame."""
        self._last = None

    def train(self, mode: bool = True) -> Self:
        """Set the mode, and reset: Detectron2 does so before each data set, and two may number their videos alike."""
        self.reset()
        return super().train(mode)

    @torch.no_grad()
    def forward(self, batched_inputs: Inputs) -> list[dict[str, Instances]]:
        """
        Args:
            batched_inputs: frames in video order: ``image, height, width, video_id, frame_index``. Without a
                ``video_id`` the frames are single pictures, see :meth:`DetectAndTrack.forward`.

        Returns:
            For each frame ``instances`` (the frame-level result) and, for video, ``link_candidates``, the
            ``tracklets`` that end in it and the ``proposals`` that the candidates come from, one for each, all in
            original pixels (see ``dnt_d2.modeling.post_processing``). With
            ``TEST.SCORE_AVERAGE`` the scores of a frame are known when the next one is: its output then has them as
            ``revised_candidates``, which take the place of the ``link_candidates`` of the frame before.
        """
        outputs: list[dict[str, Instances]] = []
        for is_video, run in groupby(batched_inputs, key=lambda x: "video_id" in x):
            if not is_video:
                outputs += self.model(list(run))
                continue
            for frames in _sequences(list(run)):
                outputs += self._video(frames)
        return outputs

    def _video(self, frames: Inputs) -> list[dict[str, Instances]]:
        images = self.model.preprocess([x["image"] for x in frames])
        maps = self.model.encode(images)
        own = self.model.detect(images, maps, self.model.given_proposals(frames))
        check_found(own, maps, self.model.proposal_generator, frames)
        pairs, averaged = self._pairs(frames, maps, own)
        check_tracks([pair.tracklets[1] for pair in pairs], frames)
        outputs = []
        for i, x in enumerate(frames):
            size, network_size = original_size(x, own[i].image_size), own[i].image_size
            start, end = pairs[i].tracklets
            outputs.append(
                {
                    "instances": self.model.roi_heads.frame_result(own[i], size),
                    "link_candidates": link_candidates(averaged[i], size),
                    "tracklets": tracklets(start, end, network_size, size),
                    "proposals": proposals(own[i], size),
                }
            )
            if (revised := pairs[i].revised) is not None:
                outputs[-1]["revised_candidates"] = link_candidates(revised, size)
        kept = maps[-1:].select(self.model.track_head.in_features if self.model.track_head is not None else [])
        self._last = _Frame(_place(frames[-1]), kept.clone() if len(frames) > 1 else kept, averaged[-1])
        return outputs

    def _pairs(
        self, frames: Inputs, maps: FrameMaps, candidates: list[Candidates]
    ) -> tuple[list[_Pair], list[Candidates]]:
        """What each frame's pair with the one before it says; and the candidates, averaged with the earlier frame."""
        last = self._last if self._last is not None and _place(frames[0]).follows(self._last.place) else None
        pairs = [] if last is not None else [_Pair((candidates[0].boxes[:0],) * 2)]
        averaged, previous = candidates[: len(pairs)], candidates[0] if last is None else last.candidates
        for earlier, now in _neighbours(last, maps):
            own = candidates[len(averaged) :][: len(now)]
            final = look_back(self.model, now, earlier, own)
            before = [previous, *final[:-1]]
            if self.model.score_average == "none":
                pairs += map(_Pair, self.model.track(earlier, now, before))
            else:
                revised, found = look_ahead(self.model, earlier, now, before)
                pairs += [_Pair(t, r) for t, r in zip(found, revised, strict=True)]
            averaged, previous = averaged + final, final[-1]
        return pairs, averaged


def _neighbours(last: _Frame | None, maps: FrameMaps) -> list[tuple[FrameMaps, FrameMaps]]:
    """Frames, and the frames after them. The last frame comes apart: to join it to the chunk would copy all maps."""
    inside = [(maps[:-1], maps[1:])] if len(maps) > 1 else []
    return inside if last is None else [(last.maps, maps[:1]), *inside]


def _place(item: dict[str, Any]) -> _Place:
    return _Place(item["video_id"], item["frame_index"], tuple(item["image"].shape))


def _sequences(frames: Inputs) -> list[Inputs]:
    """Cut where a frame doesn't follow the one before it. Videos don't share a batch: padding would change features."""
    sequences: list[Inputs] = []
    for x in frames:
        if sequences and _place(x).follows(_place(sequences[-1][-1])):
            sequences[-1].append(x)
        else:
            sequences.append([x])
    return sequences
