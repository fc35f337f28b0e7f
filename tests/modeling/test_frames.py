"""Batches of frames and candidates: all that belongs to a frame is cut with it."""

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
    assert [x.shape for x in empty.features.values()] == [(0, 4, 6, 5)] * 2


def test_every_map_is_cut_alike() -> None:
    whole = frames(5)
    assert len(whole) == 5
    for part, chosen in ((whole[1:3], slice(1, 3)), (whole[torch.tensor([4, 0, 4])], [4, 0, 4])):
        features = {name: x[chosen] for name, x in whole.features.items()}
        assert same(part, FrameMaps(features, whole.cls_maps[chosen], whole.box_maps[chosen]))


def test_a_clone_has_memory_of_its_own() -> None:
    whole = frames(3)
    part = whole[2:].clone()
    assert same(part, whole[2:])
    assert part.cls_maps.untyped_storage().nbytes() == whole.cls_maps.untyped_storage().nbytes() // 3
    whole.features["res3"].zero_()
    assert part.features["res3"].any()


def test_select_keeps_the_named_maps_alone() -> None:
    kept = frames(2).select(["res3"])
    assert list(kept.features) == ["res3"]
    assert torch.equal(kept.features["res3"], frames(2).features["res3"])
    assert torch.equal(kept.box_maps, frames(2).box_maps)
    assert frames(2).select([]).features == {}


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
