"""PairDataset: turns a number into a pair of frames, the item that D&T trains on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from ..faults import Skip
from .checked_images import Unreadable
from .imagenet_vid import evenly_spaced
from .joined_frames import JoinedFrames, pack_frames, parts_of
from .video_index import VideoIndex, index_videos
from .xml_table import Ints

# What random numbers are for: each use has its own stream.
_ORDER, _ITEM, _AGAIN = 0, 1, 2

# An item with an unreadable image is drawn again: so often in its own video, and so often in all.
_IN_ITS_VIDEO, _DRAWS = 3, 32


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


@dataclass(frozen=True, eq=False)
class Starts:
    """Where items may begin, for each of V videos or stills.

    Attributes:
        places: (K, 2) of frame t and t + tau, video by video.
        edges: (V + 1,) the first row of each video, and K.
    """

    places: Ints
    edges: Ints

    def __len__(self) -> int:
        return len(self.edges) - 1

    def __getitem__(self, member: int) -> Ints:
        """The rows of one video."""
        return self.places[self.edges[member] : self.edges[member + 1]]


class PairDataset(Dataset):
    """Pairs of frames from videos, and stills as pairs without motion, strictly in turn.

    Item n is a video's where n is even, a still where n is odd (sec. 5.2; with one kind alone, all are of that kind).
    All videos come once in a random order, then all once in another, and so on: sampling is uniform over videos, not
    over frames. Stills likewise. Item n is a function of (seed, n) alone.

    With ``skip_faults`` an item that has an unreadable image is drawn again, at first from the same video, then from
    any: item n is then a function of (seed, n) and of the files, so that a resumed run still sees what comes next.
    """

    def __init__(
        self,
        video_dicts: Sequence[dict[str, Any]],
        still_dicts: Sequence[dict[str, Any]],
        mapper: Callable[..., dict[str, Any]],
        *,
        seed: int,
        stride: int = 1,
        frames_per_video: int = 0,
        pairs: bool = True,
        skip_faults: bool = False,
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
            skip_faults: False makes an unreadable image an error.

        Raises:
            ValueError: there are neither videos nor stills, a number is out of range, or ``stride`` is longer than
                every video.
        """
        if seed < 0 or stride < 1 or frames_per_video < 0:
            raise ValueError(
                f"need seed >= 0, stride >= 1, frames_per_video >= 0; got {seed}, {stride}, {frames_per_video}"
            )
        self.mapper, self.seed = mapper, seed
        videos = _starts(index_videos(video_dicts), stride, frames_per_video, pairs)
        first = len(video_dicts)
        still = np.arange(first, first + len(still_dicts))
        stills = Starts(np.stack([still, still], axis=1), np.arange(len(still) + 1))
        self._kinds = [kind for kind in (videos, stills) if len(kind)]
        if not self._kinds:
            raise ValueError("There is nothing to train on: the data sets in DATASETS.TRAIN are empty")
        self._pairs, self._draws = pairs, _DRAWS if skip_faults else 1
        self._frames = pack_frames(JoinedFrames([*parts_of(video_dicts), *parts_of(still_dicts)]))
        self._last_order: dict[int, tuple[int, NDArray[np.int64]]] = {}

    def pick(self, n: int, draw: int = 0) -> Pick:
        """What item n is made of, for any n >= 0; ``draw`` counts how often it has been drawn before."""
        kind, m = n % len(self._kinds), n // len(self._kinds)
        members = self._kinds[kind]
        epoch, place = divmod(m, len(members))
        starts = members[int(self._order(kind, epoch)[place])]
        rng = np.random.default_rng([self.seed, _AGAIN, n, draw] if draw else [self.seed, _ITEM, n])
        if draw > _IN_ITS_VIDEO or (draw and len(starts) == 1):
            starts = members[int(rng.integers(len(members)))]
        frame, next_frame = (int(i) for i in starts[rng.integers(len(starts))])
        flip, seed = bool(rng.random() < 0.5), int(rng.integers(2**31))
        return Pick(frame, next_frame if self._pairs else None, flip, seed)

    def __getitem__(self, n: int) -> dict[str, Any]:
        """Item n, as the mapper makes it, for any n >= 0.

        Where it was drawn again, ``skipped`` is a list of :class:`dnt_d2.faults.Skip`, one for each unreadable file.

        Raises:
            Unreadable: an image can't be read.
            ValueError: with ``skip_faults``, those of all draws; or the mapper returned None.
        """
        skipped: dict[str, Skip] = {}
        for draw in range(self._draws):
            try:
                item = self._item(self.pick(n, draw))
                return item | {"skipped": list(skipped.values())} if skipped else item
            except Unreadable as error:
                if self._draws == 1:
                    raise
                skipped[error.path] = Skip(error.what, error.path, str(error))
        last = list(skipped.values())[-1].why
        raise ValueError(
            f"item {n} was drawn {self._draws} times, and each time an image was unreadable: too many are for "
            f"DATASETS.ON_FAULT 'skip'; `python datasets/check_dataset.py ROOT --full` counts them. One of them: {last}"
        )

    def _item(self, pick: Pick) -> dict[str, Any]:
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


def _starts(index: VideoIndex, stride: int, frames_per_video: int, pairs: bool) -> Starts:
    """For each video all t that an item may begin with, each with t + tau."""
    spaced, video = _evenly_spaced(index, frames_per_video), index.video
    next_place = _next_places(index, stride) if pairs else index.place
    has_next = next_place >= 0
    if pairs and len(index.place):
        _check_stride(index, has_next, stride)
    # The last of the evenly spaced frames of a short video may be its last; then any frame with a next one is better.
    chosen = spaced & has_next
    for others in (has_next, np.ones_like(has_next)):
        without = np.bincount(video, chosen, minlength=len(index.videos)) == 0
        chosen |= others & without[video]
    second = np.where(has_next, next_place, index.place)
    count = np.bincount(video[chosen], minlength=len(index.videos))
    places = np.stack([index.place[chosen], second[chosen]], axis=1)
    return Starts(places, np.concatenate([[0], np.cumsum(count)]))


def _evenly_spaced(index: VideoIndex, count: int) -> NDArray[np.bool_]:
    """(N,) which frames of the index are among as many evenly spaced ones of their video; 0 takes all."""
    chosen = np.full(len(index.place), not count)
    for start, end in pairwise(index.start.tolist() if count else []):
        chosen[np.add(evenly_spaced(count, end - start), start)] = True
    return chosen


def _next_places(index: VideoIndex, stride: int) -> Ints:
    """(N,) the place of the frame that comes ``stride`` after each, in its video; -1 where there is none."""
    if not len(index.place):
        return index.place
    # Rising, since frames are in order video by video: numbers of frames never reach from one video into another.
    frame = index.frame_index - index.frame_index.min()
    key = index.video * (frame.max() + stride + 1) + frame
    found = np.searchsorted(key, key + stride, side="right") - 1
    return np.where(key[found] == key + stride, index.place[found], -1)


def _check_stride(index: VideoIndex, has_next: NDArray[np.bool_], stride: int) -> None:
    """Refuse a stride at which no video gives a pair, so that nothing would ever move; single frames are stills."""
    if has_next.any():
        return
    longest = int((index.frame_index[index.start[1:] - 1] - index.frame_index[index.start[:-1]]).max())
    if longest:
        raise ValueError(
            f"INPUT.PAIR_STRIDE is {stride}, but in no video of DATASETS.TRAIN are two frames so far apart: the "
            f"longest spans {longest + 1} frames; lower the stride"
        )
