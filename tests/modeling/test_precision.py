"""Half precision and channels-last: the same results as float32 in the usual order, up to rounding."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from detectron2.checkpoint import DetectionCheckpointer
from detectron2.engine import DefaultPredictor
from detectron2.structures import Instances, pairwise_iou
from detectron2.utils.events import EventStorage
from torch import Tensor

from dnt_d2 import VideoPredictor
from dnt_d2.modeling import DetectAndTrack, VideoStream
from dnt_d2.modeling.precision import PRECISIONS, at_least_float32, autocast

Make = Callable[..., Any]
HALF = ("TEST.PRECISION", "bfloat16")
LAST = ("MODEL.CHANNELS_LAST", True)


def build(small_cfg: Make, small_model: Make, *overrides: Any) -> DetectAndTrack:
    """The same weights for any overrides; random numbers are drawn in the order of memory, so they are copied."""
    model = small_model(small_cfg(*overrides), lively=True)
    model.load_state_dict(small_model(lively=True).state_dict())
    return model


# The two functions


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_at_least_float32(dtype: torch.dtype) -> None:
    maps = torch.tensor([1.5, -3.0], dtype=dtype)
    found = at_least_float32(maps)
    assert found.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    assert torch.equal(found.double(), maps.double())
    assert (found is maps) == (dtype in (torch.float32, torch.float64))


@pytest.mark.parametrize("precision", PRECISIONS)
def test_autocast_sets_the_precision_of_convolutions(precision: str, device: torch.device) -> None:
    layer = torch.nn.Conv2d(1, 1, 1).to(device)
    with autocast(device, precision):
        assert layer(torch.ones(1, 1, 2, 2)).dtype == PRECISIONS[precision]
    assert layer.weight.dtype == torch.float32


def test_float32_leaves_the_callers_autocast_alone(device: torch.device) -> None:
    layer = torch.nn.Conv2d(1, 1, 1).to(device)
    with torch.autocast(device.type, torch.bfloat16), autocast(device, "float32"):
        assert layer(torch.ones(1, 1, 2, 2)).dtype == torch.bfloat16


def test_an_unknown_precision(small_cfg: Make, small_model: Make) -> None:
    with pytest.raises(ValueError, match=r"TEST\.PRECISION is 'half'.* float32, bfloat16, float16"):
        build(small_cfg, small_model, "TEST.PRECISION", "half")


# In the network


def relative(found: Tensor, expected: Tensor) -> float:
    return float((found.float() - expected).norm() / expected.norm())


@pytest.mark.parametrize(
    ("overrides", "dtype", "tolerance"),
    [
        (LAST, torch.float32, 1e-5),
        (HALF, torch.bfloat16, 0.02),
        ((*HALF, *LAST), torch.bfloat16, 0.02),
        (("TEST.PRECISION", "float16"), torch.float16, 0.003),
    ],
)
@torch.no_grad()
def test_maps(
    small_cfg: Make,
    small_model: Make,
    make_video: Make,
    overrides: tuple[Any, ...],
    dtype: torch.dtype,
    tolerance: float,
) -> None:
    """The trunk's maps are in half precision, which correlation reads; what is pooled is in float32."""
    plain, model = build(small_cfg, small_model), build(small_cfg, small_model, *overrides)
    found, expected = (m.encode(m.preprocess([x["image"] for x in make_video(0, 2)])) for m in (model, plain))
    for name in ("res3", "res4", "res5"):
        assert found.features[name].dtype == dtype
        assert found.features[name].is_contiguous(memory_format=model.memory_format)
        assert relative(found.features[name], expected.features[name]) < tolerance
    assert found.cls_maps.dtype == found.box_maps.dtype == torch.float32
    assert relative(found.cls_maps, expected.cls_maps) < tolerance
    assert relative(found.box_maps, expected.box_maps) < tolerance
    boxes = torch.tensor([[10.0, 10, 60, 70], [30, 5, 90, 80]])
    assert model.track_head is not None
    assert plain.track_head is not None
    with model.autocast():
        (moved,) = model.track_head.track(found[:1], found[1:], [boxes])
    (truth,) = plain.track_head.track(expected[:1], expected[1:], [boxes])
    assert moved.dtype == torch.float32
    assert relative(moved - boxes, truth - boxes) < 3 * tolerance


def agreement(mine: Instances, other: Instances) -> tuple[float, float]:
    """The share of the other's candidates that are here too, at IoU 0.7, and how much scores of those differ."""
    iou, place = pairwise_iou(mine.pred_boxes, other.pred_boxes).max(dim=0)
    same = iou > 0.7
    difference = (mine.class_scores[place] - other.class_scores)[same].abs().max()
    return float(same.float().mean()), float(difference)


@pytest.mark.parametrize(
    ("overrides", "share", "tolerance"),
    [(LAST, 0.96, 1e-4), (HALF, 0.9, 0.1), ((*HALF, *LAST), 0.9, 0.1), (("TEST.PRECISION", "float16"), 0.96, 0.03)],
)
@pytest.mark.parametrize("average", ["none", "both"])
def test_a_video(
    small_cfg: Make,
    small_model: Make,
    make_video: Make,
    overrides: tuple[Any, ...],
    share: float,
    tolerance: float,
    average: str,
) -> None:
    """Near-ties of the RPN may fall the other way, so that a few of its proposals are others."""
    frames, key = make_video(0, 4), ("TEST.SCORE_AVERAGE", average)
    found = VideoStream(build(small_cfg, small_model, *key, *overrides))(frames)
    expected = VideoStream(build(small_cfg, small_model, *key))(frames)
    for mine, other in zip(found, expected, strict=True):
        assert mine.keys() == other.keys()
        for part in mine.values():
            values = [getattr(x, "tensor", x) for x in part.get_fields().values()]
            assert all(x.dtype == torch.float32 for x in values if x.is_floating_point())
        alike, difference = agreement(mine["link_candidates"], other["link_candidates"])
        assert alike >= share
        assert difference < tolerance
    for before, after in pairwise(found):
        assert len(after["tracklets"]) == len(before["link_candidates"])


@torch.no_grad()
def test_several_sizes_of_each_picture(small_cfg: Make, small_model: Make, make_video: Make) -> None:
    scales = ("TEST.PROPOSAL_SCALES", (128, 64))
    items = make_video(0, 1)
    (mine,), (other,) = (
        VideoStream(build(small_cfg, small_model, *scales, *more))(items) for more in ((*HALF, *LAST), ())
    )
    alike, difference = agreement(mine["link_candidates"], other["link_candidates"])
    assert alike >= 0.9
    assert difference < 0.1


def test_training_is_in_float32(small_cfg: Make, small_model: Make, make_pair: Make) -> None:
    """Half precision of testing isn't that of training; the order in memory is."""
    terms = []
    for overrides in ((), HALF, LAST):
        model = build(small_cfg, small_model, "MODEL.RPN.BATCH_SIZE_PER_IMAGE", 4000, *overrides).train()
        with EventStorage():
            losses = model([make_pair()])
        sum(losses.values()).backward()
        assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)
        terms.append({name: value.item() for name, value in losses.items()})
    assert terms[1] == terms[0]
    assert terms[2] == pytest.approx(terms[0], rel=1e-4)


def test_predictors_follow_the_config(small_cfg: Make, small_model: Make, make_video: Make, tmp_path: Path) -> None:
    """Weights in a file have no order: they were saved by a network in the usual one."""
    DetectionCheckpointer(build(small_cfg, small_model), str(tmp_path)).save("model")
    exact = ("TEST.FOLD_BATCH_NORM", False)  # which DefaultPredictor knows nothing of
    cfg = small_cfg(*HALF, *LAST, *exact, "MODEL.WEIGHTS", str(tmp_path / "model.pth"), "DATASETS.TEST", ())
    picture = make_video(0, 1)[0]["image"].permute(1, 2, 0).contiguous().numpy()
    predictors = DefaultPredictor(cfg), VideoPredictor(cfg)
    for model in (predictors[0].model, predictors[1].stream_model.model):
        assert model.precision == "bfloat16"
        assert model.backbone.res2[0].conv2.weight.is_contiguous(memory_format=torch.channels_last)
    (result,) = predictors[1].stream([picture])
    assert result.detections is not None
    assert torch.equal(result.detections.scores, predictors[0](picture)["instances"].scores.cpu())
