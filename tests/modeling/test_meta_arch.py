"""The two-frame network: its losses and gradients, what it does with empty and still frames, that it learns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from detectron2.utils.events import EventStorage
from torch import Tensor, nn

from dnt_d2.modeling import DetectAndTrack, VideoStream

LOSSES = {"loss_rpn_cls", "loss_rpn_loc", "loss_cls", "loss_box_reg", "loss_track"}
# More than there are anchors: then the RPN samples all of them, and nothing in a step is random.
ALL_ANCHORS = ("MODEL.RPN.BATCH_SIZE_PER_IMAGE", 4000)

Make = Callable[..., Any]


def losses(model: DetectAndTrack, items: list[dict[str, Any]]) -> dict[str, Tensor]:
    with EventStorage():
        return model.train()(items)


def gradients(model: DetectAndTrack, items: list[dict[str, Any]]) -> dict[str, Tensor]:
    model.zero_grad()
    sum(losses(model, items).values()).backward()  # type: ignore[union-attr]
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.requires_grad and p.grad is not None}


# Losses


@pytest.mark.parametrize(
    "case", [{}, {"objects": 0}, {"common": False}, {"still": True}, {"still": True, "objects": 0}, {"objects": 1}]
)
def test_every_kind_of_pair_has_all_losses_and_all_gradients(
    small_cfg: Make, small_model: Make, make_pair: Make, case: dict[str, Any]
) -> None:
    model, item = small_model(small_cfg(*ALL_ANCHORS)), make_pair(**case)
    terms = losses(model, [item])
    assert set(terms) == LOSSES
    assert all(value.isfinite() for value in terms.values())
    if not case.get("objects", 2):
        assert terms["loss_box_reg"] == terms["loss_rpn_loc"] == 0
    if not case.get("objects", 2) or not case.get("common", True):
        assert terms["loss_track"] == 0
    found = gradients(model, [item])
    assert set(found) == {name for name, p in model.named_parameters() if p.requires_grad}
    assert all(g.isfinite().all() for g in found.values())


@pytest.mark.parametrize(
    "overrides",
    [
        ("MODEL.RFCN.BOX_MAPS", 8),
        ("MODEL.RFCN.OHEM_ROIS", 0),
        ("MODEL.TRACK_HEAD.NORM", "std"),
        ("MODEL.TRACK_HEAD.NORM", "softmax"),
        ("MODEL.TRACK_HEAD.MAX_DISPLACEMENT", 4),
        ("MODEL.ROI_HEADS.NUM_CLASSES", 1),
    ],
)
def test_every_variant_trains_and_streams(
    small_cfg: Make, small_model: Make, make_pair: Make, make_video: Make, overrides: tuple[Any, ...]
) -> None:
    model = small_model(small_cfg(*overrides))
    item = make_pair(objects=1)  # of class 0
    found = gradients(model, [item])
    assert set(found) == {name for name, p in model.named_parameters() if p.requires_grad}
    assert all(g.isfinite().all() for g in found.values())
    assert found["track_head.conv.weight"].any()
    first, second = VideoStream(model.eval())(make_video(0, 2))
    assert len(second["tracklets"]) == len(first["link_candidates"]) == 30


def test_no_proposals_and_no_objects(small_cfg: Make, small_model: Make, make_pair: Make) -> None:
    terms = losses(small_model(small_cfg("MODEL.RPN.POST_NMS_TOPK_TRAIN", 0)), [make_pair(objects=0)])
    assert terms["loss_cls"] == terms["loss_box_reg"] == 0
    assert terms["loss_rpn_cls"].isfinite()


def test_a_box_without_width_is_left_out(small_cfg: Make, small_model: Make, make_pair: Make) -> None:
    model, item, other = small_model(small_cfg(*ALL_ANCHORS)), make_pair(), make_pair()
    other["instances"].gt_boxes.tensor[1] = torch.tensor([70.0, 30, 70, 50])  # one pixel, as inclusive corners go
    item["instances"] = item["instances"][:1]
    expected, found = losses(model, [item]), losses(model, [other])
    for name, value in expected.items():
        assert found[name].item() == pytest.approx(value.item())
        assert value.isfinite()


def test_a_single_frame_is_refused_by_a_network_that_tracks(small_model: Make, make_pair: Make) -> None:
    item = make_pair()
    del item["next_image"]
    with pytest.raises(ValueError, match=r"no next_image.* MODEL\.TRACK_HEAD\.NAME"):
        losses(small_model(), [make_pair(), item])


def test_pairs_and_pictures_are_not_mixed_in_testing(small_model: Make, make_pair: Make) -> None:
    pair = make_pair()
    with pytest.raises(ValueError, match="give pairs and pictures apart"):
        small_model()([pair, {"image": pair["image"]}])
    assert small_model()([]) == []


def test_d_trains_on_single_frames(small_cfg: Make, small_model: Make, make_pair: Make) -> None:
    model = small_model(small_cfg("MODEL.TRACK_HEAD.NAME", "", *ALL_ANCHORS))
    assert model.track_head is None
    assert not [name for name, _ in model.named_parameters() if "track" in name]
    pair = make_pair()
    single = {key: value for key, value in pair.items() if not key.startswith("next_")}
    terms = losses(model, [single])
    assert set(terms) == LOSSES - {"loss_track"}
    found = gradients(model, [single])
    assert set(found) == {name for name, p in model.named_parameters() if p.requires_grad}


# Stills


def test_the_trunk_reads_a_still_once(small_model: Make, make_pair: Make) -> None:
    model = small_model()
    counts: list[int] = []
    handle = model.backbone.register_forward_pre_hook(lambda _, args: counts.append(len(args[0])))
    losses(model, [make_pair(), make_pair(still=True), make_pair(still=True)])
    handle.remove()
    assert counts == [4]


def test_a_still_equals_a_pair_of_the_same_picture(small_cfg: Make, small_model: Make, make_pair: Make) -> None:
    model, still = small_model(small_cfg(*ALL_ANCHORS)), make_pair(still=True)
    twice = still | {"video_length": 9}
    a, b = gradients(model, [still, make_pair()]), gradients(model, [twice, make_pair()])
    for name, value in a.items():
        assert torch.allclose(value, b[name], rtol=1e-3, atol=1e-4 * value.abs().max().item()), name


def test_the_same_picture_twice_is_to_stay_where_it_is(small_cfg: Make, small_model: Make, make_pair: Make) -> None:
    model = small_model(small_cfg(*ALL_ANCHORS))
    nn.init.zeros_(model.track_head.conv.weight)  # predicts no motion
    assert losses(model, [make_pair(still=True)])["loss_track"] == 0
    assert losses(model, [make_pair(move=(12, 8))])["loss_track"] > 0


# Gradients don't depend on how a batch is cut, or spread


@pytest.mark.parametrize("norm", ["rois", "foreground"])
@pytest.mark.parametrize("case", [{"objects": 1, "move": (5, -3)}, {"still": True}, {"objects": 0}, {"common": False}])
def test_a_batch_is_the_mean_of_its_pairs(
    small_cfg: Make, small_model: Make, make_pair: Make, case: dict[str, Any], norm: str
) -> None:
    model = small_model(small_cfg(*ALL_ANCHORS, "MODEL.RFCN.BOX_LOSS_NORM", norm), lively=True)
    items = [make_pair(), make_pair(**case)]
    together = gradients(model, items)
    alone = [gradients(model, [item]) for item in items]
    for name, value in together.items():
        mean = (alone[0][name] + alone[1][name]) / 2
        assert torch.allclose(value, mean, rtol=1e-3, atol=1e-4 * mean.abs().max().item()), name


def test_two_processes(tmp_path: Path) -> None:
    """Pairs without a track, without objects, and stills, under distributed training: see ``ddp_worker.py``."""
    worker = Path(__file__).with_name("ddp_worker.py")
    # No accelerator: two processes that talk through gloo.
    path = os.pathsep.join([str(worker.parents[2]), str(worker.parents[1]), *sys.path])
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, str(worker), str(tmp_path)], env=environment, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert len(report) == 5
    for step in report:
        assert step["finite"], step
        assert step["between ranks"] == 0, step
        assert step["from one process"] < 1e-3, step


# Testing


def test_pictures_of_different_sizes(small_model: Make, make_pair: Make) -> None:
    model = small_model(lively=True)
    a, b = make_pair()["image"], make_pair(size=(80, 112))["image"]
    first, second = model([{"image": a}, {"image": b, "height": 160, "width": 224}])
    assert list(first) == list(second) == ["instances"]
    assert first["instances"].image_size == (96, 128)
    assert second["instances"].image_size == (160, 224)
    boxes = second["instances"].pred_boxes.tensor
    assert len(boxes)
    assert (boxes >= 0).all()
    assert (boxes <= torch.tensor([223.0, 159, 223, 159])).all()
    # Both are what they would be alone, as far as the second isn't padded.
    (alone,) = model([{"image": a}])
    assert torch.allclose(first["instances"].scores, alone["instances"].scores, atol=1e-4)


def test_nothing_found(small_cfg: Make, small_model: Make, make_video: Make) -> None:
    model = small_model(small_cfg("MODEL.RPN.POST_NMS_TOPK_TEST", 0))
    assert len(model([{"image": make_video(0, 1)[0]["image"]}])[0]["instances"]) == 0
    for output in VideoStream(model)(make_video(0, 3)):
        assert len(output["instances"]) == len(output["tracklets"]) == 0
        assert output["link_candidates"].class_scores.shape == (0, 3)
    frames = make_video(0, 2)
    (pair,) = model([frames[0] | {"next_image": frames[1]["image"]}])
    assert len(pair["tracklets"]) == 0


def test_it_keeps_nothing_between_calls(small_model: Make, make_video: Make) -> None:
    model, (a, b) = small_model(lively=True), make_video(0, 2)
    before = model([a])[0]["instances"]
    model([b])
    after = model([a])[0]["instances"]
    assert torch.equal(before.scores, after.scores)
    assert torch.equal(before.pred_boxes.tensor, after.pred_boxes.tensor)


def test_only_boxes_above_the_threshold_are_tracked(small_cfg: Make, small_model: Make, make_video: Make) -> None:
    frames = make_video(0, 2)
    free, strict = (
        VideoStream(small_model(small_cfg("MODEL.TRACK_HEAD.SCORE_THRESH", t), lively=True))(frames) for t in (0.0, 0.4)
    )
    scores = free[0]["link_candidates"].class_scores.max(dim=1).values
    expected = free[0]["link_candidates"].pred_boxes.tensor[scores > 0.4]
    assert 0 < len(expected) < len(scores)
    assert len(free[1]["tracklets"]) == len(scores)
    assert torch.allclose(strict[1]["tracklets"].start_boxes.tensor, expected)


def test_proposals_are_tracked_where_a_key_says_so(small_cfg: Make, small_model: Make, make_video: Make) -> None:
    frames = make_video(0, 2)
    cfg = small_cfg("MODEL.TRACK_HEAD.TRACK_PROPOSALS", True, "MODEL.TRACK_HEAD.SCORE_THRESH", 0.0)
    results = VideoStream(small_model(cfg, lively=True))(frames)
    start = results[1]["tracklets"].start_boxes.tensor
    assert torch.allclose(start, results[0]["proposals"].proposal_boxes.tensor)
    assert not torch.allclose(start, results[0]["link_candidates"].pred_boxes.tensor)


def test_half_precision(small_model: Make, make_pair: Make, make_video: Make, device: torch.device) -> None:
    model = small_model(lively=True)
    with torch.autocast(device.type, dtype=torch.bfloat16):
        terms = losses(model, [make_pair()])
        assert all(value.isfinite() and value.dtype == torch.float32 for value in terms.values())
        model.eval()
        for output in VideoStream(model)(make_video(0, 2)):
            assert output["instances"].scores.dtype == torch.float32


# Learning


def test_all_losses_halve_in_sixty_steps(small_cfg: Make, make_pair: Make) -> None:
    """One fixed batch of two pairs with motion above 8 px, the loss weights as they are."""
    from detectron2.modeling import build_model

    cfg = small_cfg(
        *("MODEL.RESNETS.NORM", "BN"),
        *("MODEL.RPN.CONV_DIMS", [64]),
        *("MODEL.RPN.BATCH_SIZE_PER_IMAGE", 32),
        *("MODEL.RPN.PRE_NMS_TOPK_TRAIN", 2000),
        *("MODEL.RPN.POST_NMS_TOPK_TRAIN", 300),
        *("MODEL.RFCN.REDUCTION_CHANNELS", 64),
        *("MODEL.RFCN.OHEM_ROIS", 128),
        *("MODEL.RFCN.BOX_LOSS_NORM", "foreground"),
    )
    torch.manual_seed(0)
    model = build_model(cfg).train()
    items = [make_pair(size=(160, 192), move=(14, 9)), make_pair(size=(160, 192), move=(-9, 10))]
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.003, total_steps=60, pct_start=0.1)
    history: list[dict[str, float]] = []
    for _ in range(60):
        terms = losses(model, items)
        optimizer.zero_grad()
        sum(terms.values()).backward()  # type: ignore[union-attr]
        optimizer.step()
        schedule.step()
        history.append({name: value.item() for name, value in terms.items()})
    for name in LOSSES:
        values = [step[name] for step in history]
        first, last = sum(values[:5]) / 5, sum(values[-5:]) / 5
        assert last <= first / 2, f"{name}: {first:.4f} in the first five steps, {last:.4f} in the last"
