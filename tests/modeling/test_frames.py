"""Batches of frames and candidates: what is cut can be joined again."""

from __future__ import annotations

import torch

from dnt_d2.modeling import Candidates, FrameMaps


def frames(n: int, names: tuple[str, ...] = ("res3", "res5")) -> FrameMaps:
    torch.manual_seed(n)
    features = {name: torch.rand(n, 4, 6, 5) for name in names}
    return FrameMaps(features, torch.rand(n, 8, 3, 3), torch.rand(n, 4, 3, 3))


def same(a: FrameMaps, b: FrameMaps) -> bool:
    return (
        a.features.keys() == b.features.keys()
        and all(torch.equal(a.features[k], b.features[k]) for k in a.features)
        and torch.equal(a.cls_maps, b.cls_maps)
        and torch.equal(a.box_maps, b.box_maps)
    )


def test_no_frames() -> None:
    empty = frames(3)[:0]
    assert len(empty) == 0
    assert same(FrameMaps.cat([empty, frames(3)]), frames(3))


def test_what_is_cut_can_be_joined() -> None:
    whole = frames(5)
    assert len(whole) == 5
    assert len(whole[1:3]) == 2
    for cut in range(6):
        assert same(FrameMaps.cat([whole[:cut], whole[cut:]]), whole)


def test_select_keeps_the_named_maps_alone() -> None:
    kept = frames(2).select(["res3"])
    assert list(kept.features) == ["res3"]
    assert torch.equal(kept.features["res3"], frames(2).features["res3"])
    assert torch.equal(kept.box_maps, frames(2).box_maps)
    assert frames(2).select([]).features == {}


def test_cat_keeps_the_maps_that_both_ends_have() -> None:
    kept, new = frames(1).select(["res3"]), frames(2)
    joined = FrameMaps.cat([kept, new])
    assert list(joined.features) == ["res3"]
    assert len(joined) == 3
    assert torch.equal(joined.features["res3"], torch.cat([kept.features["res3"], new.features["res3"]]))


def test_scores_leave_the_background_out() -> None:
    nothing = Candidates(torch.zeros(0, 4), torch.zeros(0, 3), (10, 20), torch.zeros(0, 4))
    assert nothing.scores.shape == (0, 2)
    probs = torch.tensor([[0.1, 0.2, 0.7]])
    assert torch.equal(Candidates(torch.zeros(1, 4), probs, (10, 20), torch.zeros(1, 4)).scores, probs[:, :2])


def test_every_look_counts_alike() -> None:
    probs = torch.tensor([[[0.8, 0.2]], [[0.5, 0.5]], [[0.2, 0.8]]])
    once = Candidates(torch.ones(1, 4), probs[0], (10, 20), torch.ones(1, 4))
    twice = once.looked_again(probs[1])
    assert torch.allclose(twice.probs, torch.tensor([[0.65, 0.35]]))
    thrice = twice.looked_again(probs[2])
    assert torch.allclose(thrice.probs, probs.mean(dim=0))
    assert (once.looks, twice.looks, thrice.looks) == (1, 2, 3)
    assert torch.equal(thrice.boxes, once.boxes)
    nothing = Candidates(torch.zeros(0, 4), torch.zeros(0, 2), (10, 20), torch.zeros(0, 4))
    assert nothing.looked_again(torch.zeros(0, 2)).probs.shape == (0, 2)
