"""dnt_d2/evaluation/share.py: joining what ranks have seen."""

from __future__ import annotations

import numpy as np
import pytest

from dnt_d2.evaluation.share import Share, join_shares


def make(frames: list[int], videos: set[int], hits: int = 0) -> Share:
    share = Share.empty(8, ["frame", "tube"])
    share.seen[frames] = True
    share.spanned[frames] = True
    share.linked |= videos
    one = np.ones(hits, dtype=np.int64)
    share.logs["tube"].add(one, one, one / 2, one > 0)
    return share


def test_empty_shares() -> None:
    joined = join_shares([Share.empty(0, ["frame"]), Share.empty(0, ["frame"])], str)
    assert len(joined.seen) == 0
    assert len(joined.logs["frame"]) == 0


def test_shares_add_up() -> None:
    parts = [make([0, 1], {3}, 2), make([], set()), make([5], {4}, 1)]
    parts[0].without_candidates = 2
    joined = join_shares(parts, str)
    assert joined.seen.nonzero()[0].tolist() == joined.spanned.nonzero()[0].tolist() == [0, 1, 5]
    assert joined.linked == {3, 4}
    assert joined.without_candidates == 2
    assert {name: len(log) for name, log in joined.logs.items()} == {"frame": 0, "tube": 3}
    assert parts[0].seen.sum() == 2  # the parts stay as they are


def test_overlaps_are_errors() -> None:
    with pytest.raises(ValueError, match="frame 1 was processed by 2 ranks"):
        join_shares([make([0, 1], {3}), make([1], {4})], "frame {}".format)
    with pytest.raises(ValueError, match="video 3 was cut between ranks"):
        join_shares([make([0, 1], {3}), make([2], {3})], str)
