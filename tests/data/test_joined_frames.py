"""dnt_d2/data/joined_frames.py: data sets one after another."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from detectron2.data import DatasetFromList

from dnt_d2.data.frame_dicts import FrameDicts
from dnt_d2.data.imagenet_vid import load_vid
from dnt_d2.data.joined_frames import JoinedFrames, pack_frames, parts_of

OTHERS: list[dict[str, Any]] = [{"file_name": "a"}, {"file_name": "b", "dataset": "x"}]


@pytest.fixture
def frames(tiny_ilsvrc: Path) -> FrameDicts:
    return load_vid(str(tiny_ilsvrc), "val")


def test_nothing_joined_is_empty() -> None:
    for none in (JoinedFrames([]), JoinedFrames([("a", [])]), pack_frames(JoinedFrames([("a", [])])), pack_frames([])):
        assert len(none) == 0
        assert list(none) == []
        with pytest.raises(IndexError):
            none[0]


def test_each_says_where_it_is_from(frames: FrameDicts) -> None:
    joined = JoinedFrames([("a", OTHERS), ("", []), ("b", frames), ("", OTHERS)])
    expected = [*(d | {"dataset": "a"} for d in OTHERS), *(d | {"dataset": "b"} for d in frames), *OTHERS]
    for same in (joined, pack_frames(joined), pickle.loads(pickle.dumps(pack_frames(joined)))):
        assert len(same) == len(expected) == 18
        assert list(same) == expected
        assert [same[i] for i in range(-18, 18)] == expected * 2
        assert same[1:15:4] == expected[1:15:4]
    for place in (18, -19):
        with pytest.raises(IndexError, match=f"no frame {place}: there are 18"):
            joined[place]
    assert "dataset" not in OTHERS[0]


def test_packing_leaves_columns_alone_and_serialises_lists(frames: FrameDicts) -> None:
    assert pack_frames(frames) is frames
    assert isinstance(pack_frames(OTHERS), DatasetFromList)
    packed = pack_frames(JoinedFrames([("a", OTHERS), ("b", frames)]))
    assert [type(part) for _, part in parts_of(packed)] == [DatasetFromList, FrameDicts]


def test_parts() -> None:
    assert parts_of(OTHERS) == [("", OTHERS)]
    assert parts_of(JoinedFrames([("a", OTHERS), ("b", [])])) == [("a", OTHERS), ("b", [])]
