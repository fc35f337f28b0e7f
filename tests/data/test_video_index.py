"""dnt_d2/data/video_index.py: which frames are of one video."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnt_d2.data.imagenet_vid import load_vid
from dnt_d2.data.joined_frames import JoinedFrames
from dnt_d2.data.video_index import group_by_video, index_videos

Dicts = list[dict[str, Any]]


def _videos(lengths: list[int]) -> Dicts:
    return [{"video_id": v, "frame_index": t} for v, n in enumerate(lengths) for t in range(n)]


def _one_by_one(dicts: Dicts) -> dict[tuple[str, Any], list[int]]:
    videos: dict[tuple[str, Any], list[int]] = {}
    for place, d in enumerate(dicts):
        videos.setdefault((d.get("dataset", ""), d.get("video_id", f"image {place}")), []).append(place)
    return {key: sorted(places, key=lambda i: dicts[i].get("frame_index", 0)) for key, places in videos.items()}


def test_no_videos() -> None:
    index = index_videos([])
    assert (index.videos, len(index.place), index.start.tolist(), len(index.video)) == ([], 0, [0], 0)
    assert group_by_video(JoinedFrames([("a", [])])) == {}


def test_frames_are_put_in_order_and_images_without_a_video_stay_apart() -> None:
    assert group_by_video(_videos([3])[::-1]) == {("", 0): [2, 1, 0]}
    assert len(group_by_video([{"file_name": "a"}, {"file_name": "b"}])) == 2
    index = index_videos(_videos([2, 3]))
    assert index.video.tolist() == [0, 0, 1, 1, 1]
    assert index.frame_index.tolist() == [0, 1, 0, 1, 2]


def test_joined_data_sets_may_use_the_same_video_ids() -> None:
    joined = [d | {"dataset": name} for name in ("a", "b") for d in _videos([3, 2])]
    assert [len(frames) for frames in group_by_video(joined).values()] == [3, 2, 3, 2]
    parts = JoinedFrames([(name, _videos([3, 2])) for name in ("a", "b")])
    assert list(group_by_video(parts).items()) == list(group_by_video(joined).items())
    twice = JoinedFrames([("a", _videos([2])), ("a", _videos([2]))])
    assert group_by_video(twice) == {("a", 0): [0, 2, 1, 3]}


@pytest.mark.parametrize("seed", range(5))
def test_columns_and_dicts_say_the_same(tiny_ilsvrc: Path, seed: int) -> None:
    frames = load_vid(str(tiny_ilsvrc), "val")
    r = random.Random(seed)
    places = [r.randrange(len(frames)) for _ in range(20)]
    some = frames.take(np.array(places))
    others = [{"file_name": "x"}, *_videos([2])]
    assert list(group_by_video(some).items()) == list(_one_by_one(list(some)).items())
    joined = JoinedFrames([("a", some), ("b", others), ("a", frames)])
    assert list(group_by_video(joined).items()) == list(_one_by_one(list(joined)).items())
