"""OHEM keeps, of each frame, the RoIs that a plain sort would keep."""

from __future__ import annotations

import pytest
import torch

from dnt_d2.modeling.ohem import hardest_rois


def brute_force(losses: list[float], rois_per_frame: list[int], keep: int) -> list[int]:
    picked, start = [], 0
    for count in rois_per_frame:
        places = range(start, start + count)
        picked += sorted(places, key=lambda i: (-losses[i], i))[: keep or count]
        start += count
    return picked


@pytest.mark.parametrize("keep", [0, 4])
def test_nothing(keep: int) -> None:
    for frames in ([], [0], [0, 0]):
        kept = hardest_rois(torch.zeros(0), frames, keep)
        assert kept.dtype == torch.int64
        assert kept.shape == (0,)


@pytest.mark.parametrize("keep", [1, 3, 7, 100])
@pytest.mark.parametrize("frames", [[12], [5, 7], [0, 5, 0, 7], [1, 11], [3, 0, 9]])
def test_equals_brute_force(frames: list[int], keep: int) -> None:
    torch.manual_seed(keep)
    # Few different values, so that there are ties: those are kept in the order of the proposals.
    losses = torch.randint(0, 4, (12,)) / 4
    kept = hardest_rois(losses, frames, keep)
    assert kept.tolist() == brute_force(losses.tolist(), frames, keep)
    assert len(kept) == sum(min(count, keep) for count in frames)


def test_zero_keeps_all_in_their_order() -> None:
    assert hardest_rois(torch.rand(6), [2, 4], 0).tolist() == [0, 1, 2, 3, 4, 5]


def test_the_choice_is_not_differentiated() -> None:
    losses = torch.rand(6, requires_grad=True)
    assert not hardest_rois(losses, [3, 3], 2).requires_grad
