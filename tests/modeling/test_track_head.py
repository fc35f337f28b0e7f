"""The track head: which tracks it learns from, what it reads off the correlation, and how its loss is divided."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from detectron2.layers import ShapeSpec
from detectron2.structures import Instances
from torch import Tensor

from dnt_d2.modeling import CorrelationTrackHead, FrameMaps, build_track_head
from dnt_d2.modeling.track_head import matched_ground_truth, normalise_correlation, of_one_length

SIZE = (96, 128)  # pixels; res3 has 12 x 16 cells, res4 and res5 6 x 8
SHAPES = {name: ShapeSpec(channels=c, stride=s) for name, c, s in (("res3", 64, 8), ("res4", 64, 16), ("res5", 32, 16))}
NO_BOXES = torch.zeros(0, 4)


def make_head(**changes: Any) -> CorrelationTrackHead:
    """On the device of the tests, as all tensors that they make."""
    torch.manual_seed(0)
    settings: dict[str, Any] = {
        "in_features": ["res5", "res3", "res4"],
        "use_box_maps": True,
        "strides": [1, 2, 1],
        "displacement_strides": [1, 2, 1],
        "max_displacement": 2,
        "norm": "none",
        "temperature": 1.0,
        "box_channels": 36,
        "grid_size": 3,
        "output_maps": 4,
        "stride": 16,
        "loss_weight": 1.0,
        "smooth_l1_beta": 1.0,
    }
    return CorrelationTrackHead(**(settings | changes)).to(NO_BOXES.device)


def make_maps(n: int, seed: int = 0, box_channels: int = 36) -> FrameMaps:
    torch.manual_seed(seed)
    features = {name: torch.randn(n, s.channels, 96 // s.stride, 128 // s.stride) for name, s in SHAPES.items()}
    return FrameMaps(features, torch.zeros(n, 9, 6, 8), torch.randn(n, box_channels, 6, 8))


def maps_of(frame: FrameMaps, shift: tuple[int, int]) -> FrameMaps:
    """The same frame with its content moved by (down, right) cells of 16 px, rolling over."""
    down, right = shift
    rolled = {
        name: x.roll((down * 16 // SHAPES[name].stride, right * 16 // SHAPES[name].stride), dims=(2, 3))
        for name, x in frame.features.items()
    }
    return FrameMaps(rolled, frame.cls_maps, frame.box_maps.roll(shift, dims=(2, 3)))


# What it reads


def test_nothing_to_track_by() -> None:
    with pytest.raises(ValueError, match="nothing to track by"):
        make_head(in_features=[], strides=[], displacement_strides=[], use_box_maps=False)


def test_without_box_maps_it_sees_correlations_alone() -> None:
    with_box_maps, head = make_head(), make_head(use_box_maps=False)
    assert with_box_maps.conv.in_channels - head.conv.in_channels == 2 * 36
    now, later = make_maps(2), make_maps(2, seed=1)
    other = FrameMaps(now.features, now.cls_maps, now.box_maps + 1)
    assert torch.equal(head.maps(now, later), head.maps(other, later))
    assert not torch.equal(with_box_maps.maps(now, later), with_box_maps.maps(other, later))


def test_moves_in_pixels_are_divided_by_the_sides_of_the_box() -> None:
    head, other = make_head(), make_head(move_unit=16.0)
    other.load_state_dict(head.state_dict())
    maps = head.maps(make_maps(1), make_maps(1, seed=1))
    boxes = [torch.tensor([[10.0, 20.0, 74.0, 52.0], [30.0, 30.0, 62.0, 94.0], [5.0, 5.0, 5.0, 9.0]])]
    relative, pixels = head.predict(maps, boxes), other.predict(maps, boxes)
    sides = torch.tensor([[64.0, 32.0], [32.0, 64.0], [1.0, 4.0]])  # one without width counts as a pixel wide
    assert torch.allclose(pixels[:, :2], relative[:, :2] * 16.0 / sides)
    assert torch.equal(pixels[:, 2:], relative[:, 2:])


def test_first_weights_are_as_large_as_asked() -> None:
    assert make_head().conv.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert make_head(init_std=0.001).conv.weight.std().item() == pytest.approx(0.001, rel=0.05)
    assert not make_head(init_std=0.0).conv.weight.any()


# Features of one length


def test_features_of_one_length() -> None:
    features = torch.randn(2, 16, 3, 4)
    features[0, :, 1, 2] = 0
    scaled = of_one_length(features)
    lengths = scaled.norm(dim=1)
    assert lengths[0, 1, 2] == 0
    lengths[0, 1, 2] = 4.0
    assert torch.allclose(lengths, torch.full_like(lengths, 4.0))
    assert of_one_length(features[:0]).shape == (0, 16, 3, 4)
    # Too large for half precision when squared.
    assert torch.allclose(of_one_length((features * 300).half()).float(), scaled, atol=1e-2)


def test_cosines_do_not_depend_on_strength() -> None:
    head, plain = make_head(cosine=True), make_head()
    now, later = make_maps(1), make_maps(1, seed=1)
    strength = {name: torch.rand(1, 1, *x.shape[2:]) + 0.5 for name, x in later.features.items()}
    louder = FrameMaps({k: x * strength[k] for k, x in later.features.items()}, later.cls_maps, later.box_maps)
    for correlation, other in zip(head.correlate(now, later), head.correlate(now, louder), strict=True):
        assert torch.allclose(correlation, other, atol=1e-5)
        assert correlation.abs().max() <= 1 + 1e-5
    assert not torch.allclose(plain.correlate(now, later)[0], plain.correlate(now, louder)[0], atol=1e-2)
    # A position correlates fully with itself.
    middle = head.correlate(now, now)[0]
    assert torch.allclose(middle[:, middle.shape[1] // 2], torch.ones(1, 6, 8), atol=1e-5)


# Normalisation of correlations


@pytest.mark.parametrize("norm", ["none", "std", "softmax"])
def test_no_pairs(norm: str) -> None:
    assert normalise_correlation(torch.zeros(0, 25, 3, 4), norm).shape == (0, 25, 3, 4)


@pytest.mark.parametrize("norm", ["std", "softmax"])
def test_flat_maps_stay_finite(norm: str) -> None:
    flat = torch.full((2, 25, 3, 4), 7.0, requires_grad=True)
    result = normalise_correlation(flat, norm)
    assert torch.allclose(result, torch.full_like(result, 0.0 if norm == "std" else 1.0))
    result.square().sum().backward()
    assert flat.grad is not None
    assert flat.grad.isfinite().all()


def test_none_changes_nothing() -> None:
    maps = torch.randn(2, 25, 3, 4)
    assert normalise_correlation(maps, "none") is maps


def test_std_is_over_all_maps_of_a_pair() -> None:
    maps = torch.randn(2, 25, 3, 4) * torch.tensor([3.0, 50.0]).view(2, 1, 1, 1) + 5
    result = normalise_correlation(maps, "std")
    assert torch.allclose(result.mean(dim=(1, 2, 3)), torch.zeros(2), atol=1e-5)
    assert torch.allclose(result.std(dim=(1, 2, 3), correction=0), torch.ones(2), atol=1e-5)
    # Within a pair it is one scale and one shift, whatever the other pair is.
    assert torch.allclose(result[:1], normalise_correlation(maps[:1], "std"), atol=1e-6)


@pytest.mark.parametrize("temperature", [0.25, 1.0])
def test_softmax_is_over_the_displacements_of_a_position(temperature: float) -> None:
    maps = torch.randn(2, 25, 3, 4) * 10
    result = normalise_correlation(maps, "softmax", temperature)
    assert torch.allclose(result.sum(dim=1), torch.full((2, 3, 4), 25.0), atol=1e-3)
    assert (result >= 0).all()
    values = maps[1, :, 2, 3].tolist()
    mean = sum(values) / 25
    deviation = math.sqrt(sum((v - mean) ** 2 for v in values) / 25)
    weights = [math.exp((v - mean) / deviation / temperature) for v in values]
    expected = [25 * w / sum(weights) for w in weights]
    assert result[1, :, 2, 3].tolist() == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("norm", ["std", "softmax"])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_half_precision_is_normalised_in_float32(dtype: torch.dtype, norm: str, scale: float) -> None:
    maps = (torch.randn(2, 25, 6, 7) * scale).to(dtype)
    result = normalise_correlation(maps, norm, 0.1)
    assert result.dtype == torch.float32
    assert torch.allclose(result.double(), normalise_correlation(maps.double(), norm, 0.1), rtol=1e-4, atol=1e-4)


def test_an_unknown_norm_is_refused() -> None:
    with pytest.raises(ValueError, match=r"NORM is 'l2': it must be one of none, std, softmax"):
        normalise_correlation(torch.randn(1, 9, 2, 2), "l2")
    with pytest.raises(ValueError, match=r"NORM is 'l2'"):
        make_head(norm="l2")


# Which tracks are learnt from


def test_frames_without_objects_match_nothing(ground_truth: Callable[..., Instances]) -> None:
    nothing, one = ground_truth([], [], [], SIZE), ground_truth([[1, 2, 30, 40]], [0], [5], SIZE)
    for now, later in ((nothing, nothing), (one, nothing), (nothing, one)):
        start, end = matched_ground_truth(now, later)
        assert start.shape == end.shape == (0, 4)


def test_matches_go_by_track_id_in_any_order(ground_truth: Callable[..., Instances]) -> None:
    torch.manual_seed(2)
    ids = [4, 300, 17, 0, 9]
    now, later = torch.rand(5, 4) * 50, torch.rand(5, 4) * 50
    where = dict(zip(ids, later, strict=True))
    order = torch.randperm(5)
    start, end = matched_ground_truth(
        ground_truth([*now.tolist(), [0, 0, 9, 9]], [0] * 6, [*ids, 77], SIZE),
        ground_truth([[1, 1, 5, 5], *later[order].tolist()], [0] * 6, [88, *(ids[i] for i in order)], SIZE),
    )
    assert torch.allclose(start, now)  # track 77 ends in t, track 88 begins in t + tau
    assert torch.allclose(end, torch.stack([where[i] for i in ids]))


def test_other_ids_match_nothing(make_pair: Callable[..., dict[str, Any]]) -> None:
    pair = make_pair(common=False)
    start, end = matched_ground_truth(pair["instances"], pair["next_instances"])
    assert start.shape == end.shape == (0, 4)


# Building


def test_the_papers_sizes() -> None:
    # 2 x 196 box maps, and 17 x 17 + 9 x 9 + 17 x 17 displacements.
    paper = make_head(max_displacement=8, box_channels=196, grid_size=7)
    assert paper.conv.weight.shape == (196, 1051, 1, 1)
    authors = make_head(max_displacement=8, box_channels=392, grid_size=7, output_maps=8)
    assert authors.conv.weight.shape == (392, 1443, 1, 1)
    assert authors.conv.bias is not None


def test_an_empty_name_builds_no_head(small_cfg: Callable[..., Any]) -> None:
    assert build_track_head(small_cfg("MODEL.TRACK_HEAD.NAME", ""), SHAPES) is None
    assert isinstance(build_track_head(small_cfg(), SHAPES), CorrelationTrackHead)


def test_a_stride_that_does_not_fit_is_refused(small_cfg: Callable[..., Any]) -> None:
    cfg = small_cfg("MODEL.TRACK_HEAD.STRIDES", [1, 1, 1])
    with pytest.raises(ValueError, match=r"res3 has stride 8, with STRIDES 1 .* use 2"):
        build_track_head(cfg, SHAPES)


def test_lists_of_different_lengths_are_refused(small_cfg: Callable[..., Any]) -> None:
    cfg = small_cfg("MODEL.TRACK_HEAD.STRIDES", [1, 2])
    with pytest.raises(ValueError, match="differ in length"):
        build_track_head(cfg, SHAPES)


def test_a_map_that_the_trunk_does_not_give_is_refused(small_cfg: Callable[..., Any]) -> None:
    cfg = small_cfg("MODEL.TRACK_HEAD.IN_FEATURES", ["res5", "res2", "res4"])
    with pytest.raises(ValueError, match=r"names 'res2': the trunk gives .*res5"):
        build_track_head(cfg, SHAPES)


def test_a_temperature_of_zero_is_refused(small_cfg: Callable[..., Any]) -> None:
    cfg = small_cfg("MODEL.TRACK_HEAD.NORM", "softmax", "MODEL.TRACK_HEAD.SOFTMAX_TEMPERATURE", 0.0)
    with pytest.raises(ValueError, match=r"SOFTMAX_TEMPERATURE is 0\.0: it must be above 0"):
        build_track_head(cfg, SHAPES)


def test_without_correlation_it_reads_the_box_maps_alone(small_cfg: Callable[..., Any]) -> None:
    cfg = small_cfg()
    cfg.MODEL.TRACK_HEAD.IN_FEATURES = cfg.MODEL.TRACK_HEAD.STRIDES = cfg.MODEL.TRACK_HEAD.DISPLACEMENT_STRIDES = []
    head = build_track_head(cfg, SHAPES)
    assert head is not None
    assert head.conv.in_channels == 2 * 36
    assert head.to(NO_BOXES.device).maps(make_maps(2), make_maps(2, seed=1)).shape == (2, 36, 6, 8)


# What it predicts


def test_no_boxes_have_nowhere_to_go() -> None:
    head, now, later = make_head(), make_maps(2), make_maps(2, seed=1)
    assert [b.shape for b in head.track(now, later, [NO_BOXES, NO_BOXES])] == [(0, 4), (0, 4)]
    assert [b.shape for b in head.track(now[:0], later[:0], [])] == []
    one = head.track(now, later, [NO_BOXES, torch.tensor([[5.0, 5.0, 40.0, 40.0]])])
    assert [b.shape for b in one] == [(0, 4), (1, 4)]


def test_pairs_do_not_disturb_each_other() -> None:
    head, now, later = make_head(norm="std"), make_maps(3), make_maps(3, seed=1)
    boxes = [torch.tensor([[10.0, 5, 60, 70], [0, 0, 20, 20]]), NO_BOXES, torch.tensor([[30.0, 20, 90, 80]])]
    together = head.track(now, later, boxes)
    for i in (0, 2):
        (alone,) = head.track(now[i : i + 1], later[i : i + 1], [boxes[i]])
        assert torch.allclose(together[i], alone, atol=1e-4)


def test_only_the_last_four_of_eight_maps_are_the_move() -> None:
    head, now, later = make_head(output_maps=8), make_maps(1), make_maps(1, seed=1)
    boxes = [torch.tensor([[10.0, 5, 60, 70]])]
    (before,) = head.track(now, later, boxes)
    with torch.no_grad():
        head.conv.weight[:36] += 10  # the background's half
        head.conv.bias[:36] += 10  # type: ignore[index]
    (same,) = head.track(now, later, boxes)
    assert torch.equal(before, same)
    with torch.no_grad():
        head.conv.bias[36:] += 0.1  # type: ignore[index]
    (other,) = head.track(now, later, boxes)
    assert not torch.allclose(before, other)


def test_zero_weights_leave_boxes_where_they_are() -> None:
    head = make_head()
    torch.nn.init.zeros_(head.conv.weight)
    boxes = torch.tensor([[10.0, 5, 60, 70], [3, 4, 5, 6]])
    (moved,) = head.track(make_maps(1), make_maps(1, seed=1), [boxes])
    assert torch.allclose(moved, boxes)


@pytest.mark.parametrize("norm", ["none", "softmax"])
def test_the_whole_scene_may_lie_elsewhere(norm: str) -> None:
    """Moving both frames' content and the boxes by whole cells changes no move, away from the border."""
    head = make_head(norm=norm)
    now, later = make_maps(1), make_maps(1, seed=1)
    for part in (
        now,
        later,
    ):  # nothing within three cells of the right and the lower border, so that nothing rolls over
        for name, x in {**part.features, "box": part.box_maps}.items():
            cells = 16 // SHAPES[name].stride if name in SHAPES else 1
            x[:, :, -3 * cells :] = 0
            x[:, :, :, -3 * cells :] = 0
    boxes = torch.tensor([[33.0, 34, 60, 50]])
    for shift in ((0, 1), (1, 0), (1, 1)):
        (here,) = head.track(now, later, [boxes])
        offset = 16.0 * torch.tensor([shift[1], shift[0], shift[1], shift[0]])
        (there,) = head.track(maps_of(now, shift), maps_of(later, shift), [boxes + offset])
        assert torch.allclose(there, here + offset, atol=1e-3)


@pytest.mark.parametrize("feature", ["res4", "res3"])
@pytest.mark.parametrize("shift", [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, -1)])
def test_a_head_that_reads_displacements_follows_the_content(feature: str, shift: tuple[int, int]) -> None:
    """Its convolution is set to the mean displacement; then a box goes where its content goes, in x, y, and sign."""
    step = 16 // SHAPES[feature].stride
    head = make_head(
        in_features=[feature], strides=[step], displacement_strides=[step], max_displacement=2, norm="softmax",
        temperature=0.05,
    )  # fmt: skip
    reach = 2 // step
    size = 48.0
    with torch.no_grad():
        head.conv.weight.zero_()
        n = (2 * reach + 1) ** 2
        for i in range(n):
            down, right = i // (2 * reach + 1) - reach, i % (2 * reach + 1) - reach
            head.conv.weight[:9, 72 + i] = 16 * right / size / n  # dx / w
            head.conv.weight[9:18, 72 + i] = 16 * down / size / n  # dy / h
    now = make_maps(1)
    later = maps_of(now, shift)
    box = torch.tensor([[40.0, 24, 40 + size, 24 + size]])
    (moved,) = head.track(now, later, [box])
    expected = box + 16.0 * torch.tensor([shift[1], shift[0], shift[1], shift[0]])
    assert torch.allclose(moved, expected, atol=1.0)


# Its loss


def smooth_l1(x: Tensor) -> Tensor:
    return torch.where(x.abs() < 1, 0.5 * x * x, x.abs() - 0.5)


def loss_of(head: CorrelationTrackHead, items: list[dict[str, Any]]) -> Tensor:
    now, later = make_maps(len(items)), make_maps(len(items), seed=1)
    losses = head.losses(now, later, [x["instances"] for x in items], [x["next_instances"] for x in items])
    assert list(losses) == ["loss_track"]
    return losses["loss_track"]


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("case", [{"objects": 0}, {"common": False}])
def test_zero_tracks_cost_nothing_and_the_head_takes_part(
    make_pair: Callable[..., Any], case: dict[str, Any], both: bool
) -> None:
    head = make_head(both_directions=both)
    loss = loss_of(head, [make_pair(**case)])
    assert loss.item() == 0
    loss.backward()
    for parameter in head.parameters():
        assert parameter.grad is not None
        assert not parameter.grad.any()


def test_what_weighs_nothing_is_not_computed(make_pair: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    head = make_head(loss_weight=0.0)
    monkeypatch.setattr(CorrelationTrackHead, "maps", lambda *_: 1 / 0)
    loss = loss_of(head, [make_pair()])
    assert (loss.item(), loss.shape) == (0, ())
    loss.backward()
    for parameter in head.parameters():
        assert parameter.grad is not None
        assert not parameter.grad.any()


def test_the_way_back_counts_as_much(make_pair: Callable[..., Any]) -> None:
    there, both = make_head(), make_head(both_directions=True)
    items = [make_pair(move=(12, 8)), make_pair(move=(-4, 20))]
    back = [x | {"instances": x["next_instances"], "next_instances": x["instances"]} for x in items]
    now, later = make_maps(2), make_maps(2, seed=1)
    targets = [[x["instances"] for x in of] for of in (items, back)]
    (one,), (other,) = (
        there.losses(*m, *t).values() for m, t in (((now, later), targets), ((later, now), targets[::-1]))
    )
    assert not torch.allclose(one, other)
    assert torch.allclose(loss_of(both, items), (one + other) / 2)


def test_loss_by_hand(make_pair: Callable[..., Any]) -> None:
    head = make_head(loss_weight=2.0)
    torch.nn.init.zeros_(head.conv.weight)
    assert head.conv.bias is not None
    torch.nn.init.constant_(head.conv.bias, 0.1)  # so every move is (0.1, 0.1, 0.1, 0.1)
    pair = make_pair(move=(12, 8))
    pair["next_instances"].gt_boxes.tensor[0, 2:] += 10  # and grows
    targets = []
    for i in range(2):
        ax1, ay1, ax2, ay2 = pair["instances"].gt_boxes.tensor[i].tolist()
        bx1, by1, bx2, by2 = pair["next_instances"].gt_boxes.tensor[i].tolist()
        width, height = ax2 - ax1, ay2 - ay1
        targets.append(
            [
                ((bx1 + bx2) / 2 - (ax1 + ax2) / 2) / width,
                ((by1 + by2) / 2 - (ay1 + ay2) / 2) / height,
                math.log((bx2 - bx1) / width),
                math.log((by2 - by1) / height),
            ]
        )
    expected = 2.0 * smooth_l1(0.1 - torch.tensor(targets)).sum() / 2
    assert loss_of(head, [pair]).item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_still_is_to_stay_where_it_is(make_pair: Callable[..., Any]) -> None:
    head = make_head()
    torch.nn.init.zeros_(head.conv.weight)
    assert loss_of(head, [make_pair(still=True)]).item() == 0
    assert loss_of(head, [make_pair()]).item() > 0


def test_each_pair_counts_the_same_however_many_tracks_it_has(make_pair: Callable[..., Any]) -> None:
    head = make_head()
    torch.nn.init.zeros_(head.conv.weight)
    alone = [loss_of(head, [item]).item() for item in (make_pair(objects=1), make_pair(objects=2, move=(4, 4)))]
    assert alone[0] != pytest.approx(alone[1])
    items = [make_pair(objects=1), make_pair(objects=2, move=(4, 4)), make_pair(objects=0), make_pair(common=False)]
    assert loss_of(head, items).item() == pytest.approx((alone[0] + alone[1]) / 4, rel=1e-5)
