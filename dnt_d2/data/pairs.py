"""PairDataset: turns a number into a pair of frames, the item that D&T trains on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from detectron2.data import DatasetFromList
from numpy.typing import NDArray
from torch.utils.data import Dataset

from .imagenet_vid import evenly_spaced

# What random numbers are for: each use has its own stream.
_ORDER, _ITEM = 0, 1


class Pick(NamedTuple):
    """What an item is made of.

    Attributes:
        frame: the place of frame t in the joined list of dicts, videos first.
        next_frame: of frame t + tau; equal to ``frame`` for a still, None for single-frame items.
        flip: whether the item is mirrored.
        seed: for whatever else the mapper decides.
    """

    frame: int
    next_frame: int | None
    flip: bool
    seed: int


class PairDataset(Dataset):
    """Pairs of frames from videos, and stills as pairs without motion, strictly in turn.

    Item n is a video's where n is even, a still where n is odd (sec. 5.2; with one kind alone, all are of that kind).
    All videos come once in a random order, then all once in another, and so on: sampling is uniform over videos, not
    over frames. Stills likewise. Item n is a function of (seed, n) alone.
    """

    def __init__(
        self,
        video_dicts: Sequence[Mapping[str, Any]],
        still_dicts: Sequence[Mapping[str, Any]],
        mapper: Callable[..., dict[str, Any]],
        *,
        seed: int,
        stride: int = 1,
        frames_per_video: int = 0,
        pairs: bool = True,
    ) -> None:
        """
        Args:
            video_dicts: one dict per frame, with ``video_id`` and ``frame_index`` and, where data sets are joined,
                ``dataset``: a video is known by (dataset, video_id).
            still_dicts: one dict per image.
            mapper: called as ``mapper(frame, next_frame, flip=..., seed=...)``, see :class:`dnt_d2.data.PairMapper`.
            seed: not negative.
            stride: tau, in frames. The first frame is uniform among those t for which the data set has t + tau, too. A
                video without any, such as one of a single frame, gives each of its frames as a still; not all may.
            frames_per_video: t is one of this many evenly spaced frames; 0 takes all.
            pairs: False gives frame t alone, for D.

        Raises:
            ValueError: there are neither videos nor stills, a number is out of range, or ``stride`` is longer than
                every video.
        """
        if seed < 0 or stride < 1 or frames_per_video < 0:
            raise ValueError(
                f"need seed >= 0, stride >= 1, frames_per_video >= 0; got {seed}, {stride}, {frames_per_video}"
            )
        self.mapper, self.seed = mapper, seed
        videos = [
            _starts(video, video_dicts, stride, frames_per_video, pairs)
            for video in group_by_video(video_dicts).values()
        ]
        if pairs:
            _check_stride(videos, video_dicts, stride)
        first = len(video_dicts)
        stills = [np.array([[i, i]]) for i in range(first, first + len(still_dicts))]
        # For each kind, for each video or still, (K, 2): the places of t and t + tau.
        self._kinds: list[list[NDArray[np.int64]]] = [kind for kind in (videos, stills) if kind]
        if not self._kinds:
            raise ValueError("There is nothing to train on: the data sets in DATASETS.TRAIN are empty")
        self._pairs = pairs
        # Serialised into one block of memory, which loader workers share.
        self._frames = DatasetFromList([*video_dicts, *still_dicts], copy=False)
        self._last_order: dict[int, tuple[int, NDArray[np.int64]]] = {}

    def pick(self, n: int) -> Pick:
        """What item n is made of, for any n >= 0."""
        kind, m = n % len(self._kinds), n // len(self._kinds)
        members = self._kinds[kind]
        epoch, place = divmod(m, len(members))
        starts = members[self._order(kind, epoch)[place]]
        rng = np.random.default_rng([self.seed, _ITEM, n])
        frame, next_frame = (int(i) for i in starts[rng.integers(len(starts))])
        flip, seed = bool(rng.random() < 0.5), int(rng.integers(2**31))
        return Pick(frame, next_frame if self._pairs else None, flip, seed)

    def __getitem__(self, n: int) -> dict[str, Any]:
        """Item n, as the mapper makes it, for any n >= 0."""
        pick = self.pick(n)
        frame = self._frames[pick.frame]
        if pick.next_frame is None or pick.next_frame == pick.frame:
            next_frame = None if pick.next_frame is None else frame
        else:
            next_frame = self._frames[pick.next_frame]
        item = self.mapper(frame, next_frame, flip=pick.flip, seed=pick.seed)
        if item is None:
            raise ValueError(
                f"{frame['file_name']}: the mapper returned None; it must return an item or raise an error"
            )
        return item

    def _order(self, kind: int, epoch: int) -> NDArray[np.int64]:
        """The order of one round through the videos or stills; the last one is kept, since rounds follow each other."""
        if kind not in self._last_order or self._last_order[kind][0] != epoch:
            rng = np.random.default_rng([self.seed, _ORDER, kind, epoch])
            self._last_order[kind] = (epoch, rng.permutation(len(self._kinds[kind])))
        return self._last_order[kind][1]


def group_by_video(dicts: Sequence[Mapping[str, Any]]) -> dict[tuple[str, Any], list[int]]:
    """For each video, known by (data set, video_id), the places of its frames, in order of ``frame_index``.

    Videos are in order of their first frame. A dict without ``video_id`` is a video of its own.
    """
    videos: dict[tuple[str, Any], list[int]] = {}
    for place, d in enumerate(dicts):
        video = d.get("video_id", f"image {place}")
        videos.setdefault((d.get("dataset", ""), video), []).append(place)
    for frames in videos.values():
        frames.sort(key=lambda place: dicts[place].get("frame_index", 0))
    return videos


def _starts(
    frames: list[int], dicts: Sequence[Mapping[str, Any]], stride: int, frames_per_video: int, pairs: bool
) -> NDArray[np.int64]:
    """(K, 2): the places of t and t + tau, for all t that an item of this video may begin with."""
    spaced = [frames[i] for i in evenly_spaced(frames_per_video or len(frames), len(frames))]
    if not pairs:
        return np.array([[place, place] for place in spaced])
    at = {dicts[place]["frame_index"]: place for place in frames}
    after = {place: at.get(dicts[place]["frame_index"] + stride) for place in frames}
    # The last of the evenly spaced frames of a short video may be its last; then any frame with a next one is better.
    for candidates in (spaced, frames):
        if starts := [[place, after[place]] for place in candidates if after[place] is not None]:
            return np.array(starts)
    return np.array([[place, place] for place in frames])


def _check_stride(videos: list[NDArray[np.int64]], dicts: Sequence[Mapping[str, Any]], stride: int) -> None:
    """Refuse a stride at which no video gives a pair, so that nothing would ever move; single frames are stills."""
    if any((starts[:, 0] != starts[:, 1]).any() for starts in videos):
        return
    spans = [np.ptp([dicts[place]["frame_index"] for place in starts[:, 0]]) for starts in videos]
    if longest := int(max(spans, default=0)):
        raise ValueError(
            f"INPUT.PAIR_STRIDE is {stride}, but in no video of DATASETS.TRAIN are two frames so far apart: the "
            f"longest spans {longest + 1} frames; lower the stride"
        )
