"""dnt_d2/benchmark/training_step.py: what is compared does the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from detectron2.structures import Boxes, Instances
from detectron2.utils.events import EventStorage

from dnt_d2.benchmark.training_step import TrainingStep, losses_by_two_passes, made_pairs, single_frames, still

Make = Callable[..., Any]
SIZE = (64, 96)


def test_no_pairs() -> None:
    assert made_pairs(0, SIZE) == []
    assert single_frames([]) == []


def test_pairs_have_objects_that_move_within_the_frame() -> None:
    pairs = made_pairs(2, SIZE, classes=3)
    for pair in pairs:
        now, later = pair["instances"], pair["next_instances"]
        assert tuple(pair["image"].shape) == tuple(pair["next_image"].shape) == (3, *SIZE)
        assert not torch.equal(pair["image"], pair["next_image"])
        assert torch.equal(now.gt_instance_ids, later.gt_instance_ids)
        assert (later.gt_boxes.tensor[:, :2] > now.gt_boxes.tensor[:, :2]).all()
        assert (now.gt_boxes.tensor >= 0).all()
        assert (now.gt_boxes.tensor < torch.tensor([96, 64, 96, 64])).all()
        assert now.gt_classes.max() < 3
    frames = single_frames(pairs)
    assert torch.equal(frames[0]["image"], pairs[0]["image"])
    assert torch.equal(frames[1]["image"], pairs[0]["next_image"])
    assert len(frames) == 4


def test_a_step_updates_the_weights(small_cfg: Make, small_model: Make) -> None:
    cfg = small_cfg("SOLVER.BASE_LR", 0.01)
    model = small_model(cfg)
    before = model.track_head.conv.weight.detach().clone()
    step = TrainingStep(model, cfg, made_pairs(1, SIZE, classes=3))
    step()
    assert not torch.equal(model.track_head.conv.weight, before)
    half = TrainingStep(model, cfg, step.items, torch.bfloat16)
    assert torch.allclose(half.forward(), step.forward(), rtol=0.1)


@pytest.mark.parametrize("known", [True, False])
def test_the_trunk_reads_a_known_still_once(small_model: Make, known: bool) -> None:
    model, counts = small_model().train(), []
    handle = model.backbone.register_forward_pre_hook(lambda _, args: counts.append(len(args[0])))
    with EventStorage():
        model([still(made_pairs(1, SIZE, classes=3)[0], known=known)])
    handle.remove()
    assert counts == [1 if known else 2]


def test_two_passes_give_what_one_gives(small_cfg: Make, small_model: Make) -> None:
    model = small_model(small_cfg(), lively=True)
    frames = single_frames(made_pairs(1, SIZE, classes=3))
    targets = [x["instances"].to(model.device) for x in frames]
    generator = torch.Generator().manual_seed(0)
    proposals = []
    for _ in frames:
        corner = torch.rand(40, 2, generator=generator) * 40
        boxes = torch.cat([corner, corner + 5 + torch.rand(40, 2, generator=generator) * 30], dim=1)
        found = Instances(SIZE, proposal_boxes=Boxes(boxes), objectness_logits=torch.zeros(40))
        proposals.append(found.to(model.device))
    maps = model.encode(model.preprocess([x["image"] for x in frames]))
    each_its_own = torch.arange(2, device=model.device)
    with EventStorage():
        one = model.roi_heads.losses(maps.cls_maps, maps.box_maps, proposals, targets, each_its_own)
    two = losses_by_two_passes(model.roi_heads, (maps.cls_maps, maps.box_maps), proposals, targets)
    assert model.roi_heads.ohem_rois < 40
    assert one.keys() == two.keys()
    for name, value in one.items():
        torch.testing.assert_close(two[name], value)
