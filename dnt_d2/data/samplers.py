"""Which items a rank sees: pairs in training, chunks of whole videos in testing."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from itertools import count

from detectron2.utils import comm
from torch.utils.data import Sampler


class PairSampler(Sampler[int]):
    """The endless stream of one rank's items of a :class:`PairDataset`.

    Item k of rank r of W is the number n = 2 * ((k // 2) * W + r) + k % 2. So each rank alternates strictly between
    videos (even n) and stills (odd n), in batches of any size; no two ranks share an item; and together, after an even
    number of items each, they have seen exactly the first n, for any W.
    """

    def __init__(self, *, rank: int | None = None, world_size: int | None = None, start: int = 0) -> None:
        """
        Args:
            rank, world_size: those of this process by default.
            start: the first k; see :meth:`seek`.
        """
        self.rank = comm.get_rank() if rank is None else rank
        self.world_size = comm.get_world_size() if world_size is None else world_size
        if not 0 <= self.rank < self.world_size:
            raise ValueError(f"rank {self.rank} is not one of {self.world_size} ranks")
        self.start = start

    @property
    def state(self) -> dict[str, int]:
        """Where iteration begins, and for which rank: all that the order of the items depends on."""
        return {"start": self.start, "rank": self.rank, "world_size": self.world_size}

    def seek(self, iteration: int, batch_size: int) -> None:
        """Begin where a run stands that has done ``iteration`` iterations with ``batch_size`` items on each rank.

        To be called before iteration begins. The iteration counts, not what was handed out: workers read ahead.
        """
        self.start = iteration * batch_size

    def item(self, k: int) -> int:
        """The number n of this rank's k-th item."""
        return 2 * ((k // 2) * self.world_size + self.rank) + k % 2

    def __iter__(self) -> Iterator[int]:
        return map(self.item, count(self.start))


class VideoChunkSampler(Sampler[list[int]]):
    """Batches of consecutive frames of one video, whole videos to ranks.

    Videos go to ranks longest first, each to the rank that has the fewest frames so far, so ranks finish together.
    A rank goes through its videos in their order in the data set; with more ranks than videos, some have nothing to do.
    """

    def __init__(
        self,
        videos: Mapping[Hashable, Sequence[int]] | Sequence[Sequence[int]],
        *,
        frames_per_batch: int = 1,
        temporal_stride: int = 1,
        rank: int | None = None,
        world_size: int | None = None,
    ) -> None:
        """
        Args:
            videos: for each video, perhaps by its id, the places of its frames in the data set, in video order.
            frames_per_batch: the longest batch.
            temporal_stride: tau; every tau-th frame of a video is taken, and its last one.
            rank, world_size: those of this process by default.
        """
        if frames_per_batch < 1 or temporal_stride < 1:
            raise ValueError(
                f"TEST.FRAMES_PER_BATCH {frames_per_batch} and TEST.TEMPORAL_STRIDE {temporal_stride} must be 1 or more"
            )
        by_id: Mapping[Hashable, Sequence[int]] = videos if isinstance(videos, Mapping) else dict(enumerate(videos))
        self._sampled = {video: sample_frames(frames, temporal_stride) for video, frames in by_id.items()}
        self._frames_per_batch = frames_per_batch
        self._rank = comm.get_rank() if rank is None else rank
        self._world_size = comm.get_world_size() if world_size is None else world_size
        self.leave_out(())

    def leave_out(self, finished: Collection[Hashable]) -> None:
        """Share out all videos but these, by id. To be called before iteration begins, on all ranks alike."""
        left = [video for video in self._sampled if video not in finished]
        shares = assign_videos([len(self._sampled[video]) for video in left], self._world_size)
        self.videos = [left[place] for place in shares[self._rank]]
        size = self._frames_per_batch
        self.batches = [
            self._sampled[video][i : i + size]
            for video in self.videos
            for i in range(0, len(self._sampled[video]), size)
        ]

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.batches)

    def __len__(self) -> int:
        """The number of batches of this rank."""
        return len(self.batches)


def sample_frames(video: Sequence[int], temporal_stride: int) -> list[int]:
    """Every ``temporal_stride``-th frame of a video, and its last one."""
    frames = list(video[::temporal_stride])
    return frames if len(video) % temporal_stride == 1 or temporal_stride == 1 or not frames else [*frames, video[-1]]


def assign_videos(lengths: Sequence[int], ranks: int) -> list[list[int]]:
    """Share videos out: longest first, each to the rank with the fewest frames; the lower number wins ties.

    Args:
        lengths: frames of each video.
        ranks: how many.

    Returns:
        For each rank the places of its videos in ``lengths``, rising.
    """
    loads = [(0, rank) for rank in range(ranks)]
    shares: list[list[int]] = [[] for _ in range(ranks)]
    for video in sorted(range(len(lengths)), key=lambda v: (-lengths[v], v)):
        load, rank = heapq.heappop(loads)
        shares[rank].append(video)
        heapq.heappush(loads, (load + lengths[video], rank))
    return [sorted(share) for share in shares]
