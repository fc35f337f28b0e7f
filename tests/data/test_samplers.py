"""dnt_d2/data/samplers.py: which items and which videos a rank sees."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from dnt_d2.data import PairSampler, VideoChunkSampler
from dnt_d2.data.samplers import assign_videos, sample_frames


@pytest.mark.parametrize("world", [1, 2, 3, 4])
def test_kinds_alternate_and_no_item_is_shared(world: int) -> None:
    ranks = [list(islice(PairSampler(rank=r, world_size=world), 40)) for r in range(world)]
    for items in ranks:
        assert [n % 2 for n in items] == [0, 1] * 20
    assert sorted(n for items in ranks for n in items) == list(range(40 * world))


@pytest.mark.parametrize("world", [1, 2, 3, 4])
@pytest.mark.parametrize("batch", [1, 2, 3, 4])
def test_resuming_is_continuing(world: int, batch: int) -> None:
    for rank in range(world):
        whole = list(islice(PairSampler(rank=rank, world_size=world), 60))
        sampler = PairSampler(rank=rank, world_size=world)
        sampler.seek(7, batch)
        assert sampler.state == {"start": 7 * batch, "rank": rank, "world_size": world}
        assert list(islice(sampler, 10)) == whole[7 * batch : 7 * batch + 10]


def test_the_first_items_do_not_depend_on_the_number_of_ranks() -> None:
    for world in (1, 2, 4):
        seen = [n for r in range(world) for n in islice(PairSampler(rank=r, world_size=world), 16 // world)]
        assert sorted(seen) == list(range(16))


def test_a_rank_must_exist() -> None:
    assert next(iter(PairSampler())) == 0  # without torch.distributed: rank 0 of 1
    with pytest.raises(ValueError, match="rank 2 is not one of 2 ranks"):
        PairSampler(rank=2, world_size=2)


@pytest.mark.parametrize("stride", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("length", [1, 2, 3, 6, 7, 11])
def test_strided_frames(length: int, stride: int) -> None:
    frames = sample_frames(range(50, 50 + length), stride)
    expected = sorted({*range(50, 50 + length, stride), 50 + length - 1})
    assert frames == expected


def _videos(lengths: list[int]) -> list[list[int]]:
    ends = np.cumsum(lengths)
    return [list(range(end - length, end)) for end, length in zip(ends, lengths, strict=True)]


@pytest.mark.parametrize("world", [1, 2, 3, 7])
@pytest.mark.parametrize("chunk", [1, 3, 64])
def test_every_frame_once_and_whole_videos(world: int, chunk: int) -> None:
    videos = _videos([5, 1, 12, 7, 7])
    video_of = {frame: v for v, frames in enumerate(videos) for frame in frames}
    seen: list[int] = []
    owner: dict[int, int] = {}
    for rank in range(world):
        sampler = VideoChunkSampler(videos, frames_per_batch=chunk, rank=rank, world_size=world)
        batches = list(sampler)
        assert len(sampler) == len(batches)
        for batch in batches:
            assert 1 <= len(batch) <= chunk
            assert len({video_of[frame] for frame in batch}) == 1
            assert batch == list(range(batch[0], batch[0] + len(batch)))
            assert owner.setdefault(video_of[batch[0]], rank) == rank
        frames = [frame for batch in batches for frame in batch]
        assert frames == sorted(frames)
        seen += frames
    assert sorted(seen) == list(range(32))


def test_more_ranks_than_videos_leaves_some_without_work() -> None:
    sizes = [len(VideoChunkSampler(_videos([3, 4]), rank=r, world_size=4)) for r in range(4)]
    assert sorted(sizes) == [0, 0, 3, 4]


def test_strided_chunks() -> None:
    videos = _videos([7, 4])
    sampler = VideoChunkSampler(videos, frames_per_batch=2, temporal_stride=4, rank=0, world_size=1)
    assert list(sampler) == [[0, 4], [6], [7, 10]]


def test_videos_may_have_ids() -> None:
    frames = {9: [0, 1, 2], "still": [3], (0, 4): [4, 5]}
    samplers = [VideoChunkSampler(frames, frames_per_batch=2, rank=r, world_size=2) for r in (0, 1)]
    assert [sampler.videos for sampler in samplers] == [[9], ["still", (0, 4)]]
    assert [list(sampler) for sampler in samplers] == [[[0, 1], [2]], [[3], [4, 5]]]
    # Without ids they are places, and the shares are the same.
    for sampler, rank in zip(samplers, (0, 1), strict=True):
        assert list(VideoChunkSampler(list(frames.values()), frames_per_batch=2, rank=rank, world_size=2)) == list(
            sampler
        )


@pytest.mark.parametrize("world", [1, 2, 3, 5])
@pytest.mark.parametrize("finished", [(), (30,), (10, 40), (10, 20, 30, 40, 50)])
@pytest.mark.parametrize("stride", [1, 3])
def test_what_is_left_is_shared_out_as_if_it_were_all(world: int, finished: tuple[int, ...], stride: int) -> None:
    videos = dict(zip((30, 10, 50, 20, 40), _videos([5, 1, 12, 7, 7]), strict=True))
    left = {video: frames for video, frames in videos.items() if video not in finished}
    options = {"frames_per_batch": 3, "temporal_stride": stride, "world_size": world}
    seen: list[int] = []
    for rank in range(world):
        sampler = VideoChunkSampler(videos, rank=rank, **options)
        sampler.leave_out(set(finished))
        alone = VideoChunkSampler(left, rank=rank, **options)
        assert sampler.videos == alone.videos
        assert list(sampler) == list(alone)
        assert len(sampler) == len(alone.batches)
        seen += sampler.videos
    assert sorted(seen) == sorted(left)


def test_leaving_out_starts_from_all_videos_each_time() -> None:
    sampler = VideoChunkSampler(_videos([2, 3]), frames_per_batch=9, rank=0, world_size=1)
    sampler.leave_out([0, 1])
    assert (list(sampler), len(sampler), sampler.videos) == ([], 0, [])
    sampler.leave_out([0, 77])  # one that is not there does no harm
    assert list(sampler) == [[2, 3, 4]]
    sampler.leave_out([])
    assert list(sampler) == [[0, 1], [2, 3, 4]]


def test_nothing_and_nonsense() -> None:
    assert list(VideoChunkSampler([], rank=0, world_size=1)) == []
    with pytest.raises(ValueError, match=r"TEST\.FRAMES_PER_BATCH 0"):
        VideoChunkSampler([[0]], frames_per_batch=0)
    with pytest.raises(ValueError, match=r"TEMPORAL_STRIDE 0"):
        VideoChunkSampler([[0]], temporal_stride=0)


def test_longest_first_is_balanced() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        lengths = [int(n) for n in rng.integers(1, 300, rng.integers(1, 40))]
        ranks = int(rng.integers(1, 9))
        shares = assign_videos(lengths, ranks)
        assert sorted(v for share in shares for v in share) == list(range(len(lengths)))
        loads = [sum(lengths[v] for v in share) for share in shares]
        # No rank has more than the least loaded one had before it took its shortest (so its last) video.
        for share, load in zip(shares, loads, strict=True):
            if share:
                assert load - min(lengths[v] for v in share) <= min(loads)
    assert assign_videos([2, 2, 2], 2) == [[0, 2], [1]]
