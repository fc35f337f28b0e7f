"""R-FCN: what it predicts, and that its losses are those of a plain loop over frames and RoIs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from detectron2.layers import ShapeSpec
from detectron2.structures import Boxes, ImageList, Instances, pairwise_iou
from detectron2.utils.events import EventStorage
from torch import Tensor
from torch.nn import functional as F

from dnt_d2.modeling import RFCNHeads

SIZE = (96, 128)  # pixels; the maps have 6 x 8 cells
SHAPE = {"res5": ShapeSpec(channels=12, stride=16)}
NO_BOXES = torch.zeros(0, 4)


@pytest.fixture
def make_heads(small_cfg: Callable[..., Any]) -> Callable[..., RFCNHeads]:
    def make(*overrides: Any) -> RFCNHeads:
        torch.manual_seed(0)
        heads = RFCNHeads(small_cfg(*overrides), SHAPE)
        for conv in (heads.cls_conv, heads.box_conv):  # livelier than at the start of a training
            torch.nn.init.normal_(conv.weight, std=0.5)
        return heads.to(NO_BOXES.device)  # where all tensors of the tests are

    return make


def make_maps(heads: RFCNHeads, n: int) -> tuple[Tensor, Tensor]:
    torch.manual_seed(n)
    return heads.maps({"res5": torch.randn(n, 12, 6, 8)})


def make_proposals(boxes: Tensor, size: tuple[int, int] = SIZE) -> Instances:
    return Instances(size, proposal_boxes=Boxes(boxes), objectness_logits=torch.zeros(len(boxes)))


def random_boxes(n: int, seed: int = 0) -> Tensor:
    torch.manual_seed(seed)
    corner = torch.rand(n, 2) * torch.tensor([80.0, 60.0])
    return torch.cat([corner, corner + 12 + torch.rand(n, 2) * 36], dim=1)


def around(truth: Instances, seed: int = 0) -> Tensor:
    """Proposals near the objects, and anywhere."""
    torch.manual_seed(seed)
    near = truth.gt_boxes.tensor.repeat(6, 1)
    near = near + torch.randn(len(near), 4) * 4
    return torch.cat([random_boxes(15, seed + 1), near])


def losses(
    heads: RFCNHeads,
    maps: tuple[Tensor, Tensor],
    boxes: Sequence[Tensor],
    truth: Sequence[Instances],
    pairs: Sequence[int],
) -> dict[str, Tensor]:
    with EventStorage():
        return heads.losses(*maps, [make_proposals(b) for b in boxes], list(truth), torch.tensor(pairs))


# Empty


@pytest.mark.parametrize("norm", ["rois", "foreground"])
@pytest.mark.parametrize("keep", [0, 16])
def test_no_proposals_and_no_objects(
    make_heads: Callable[..., RFCNHeads], ground_truth: Callable[..., Instances], norm: str, keep: int
) -> None:
    heads = make_heads("MODEL.RFCN.BOX_LOSS_NORM", norm, "MODEL.RFCN.OHEM_ROIS", keep)
    nothing = ground_truth([], [], [], SIZE)
    result = losses(heads, make_maps(heads, 2), [NO_BOXES, NO_BOXES], [nothing, nothing], [0, 0])
    assert [value.item() for value in result.values()] == [0, 0]
    (result["loss_cls"] + result["loss_box_reg"]).backward()  # distributed training wants every gradient
    for parameter in heads.parameters():
        assert parameter.grad is not None
        assert not parameter.grad.any()


def test_no_objects_are_all_background(
    make_heads: Callable[..., RFCNHeads], ground_truth: Callable[..., Instances]
) -> None:
    heads = make_heads("MODEL.RFCN.OHEM_ROIS", 0)
    maps, boxes = make_maps(heads, 1), random_boxes(9)
    result = losses(heads, maps, [boxes], [ground_truth([], [], [], SIZE)], [0])
    logits, _ = heads.predict(*maps, torch.cat([torch.zeros(9, 1), boxes], dim=1))
    assert result["loss_cls"].item() == pytest.approx(-logits.log_softmax(dim=1)[:, 3].mean().item(), rel=1e-5)
    assert result["loss_box_reg"].item() == 0


def test_no_proposals_are_no_candidates(make_heads: Callable[..., RFCNHeads]) -> None:
    heads = make_heads()
    found = heads.candidates(*make_maps(heads, 2), [make_proposals(NO_BOXES), make_proposals(random_boxes(3))])
    assert [len(c.boxes) for c in found] == [0, 3]
    assert [c.probs.shape for c in found] == [(0, 4), (3, 4)]
    (nothing,) = heads.candidates(*make_maps(heads, 1), [make_proposals(NO_BOXES)])
    assert nothing.boxes.shape == (0, 4)
    assert len(heads.frame_result(nothing, SIZE)) == 0


# Prediction


def test_shapes_and_counts(make_heads: Callable[..., RFCNHeads]) -> None:
    heads = make_heads()
    cls_maps, box_maps = make_maps(heads, 2)
    assert cls_maps.shape == (2, 9 * 4, 6, 8)
    assert box_maps.shape == (2, 9 * 4, 6, 8)
    rois = torch.cat([torch.tensor([[0.0], [1.0], [1.0]]), random_boxes(3)], dim=1)
    logits, deltas = heads.predict(cls_maps, box_maps, rois)
    assert logits.shape == (3, 4)
    assert deltas.shape == (3, 4)


def test_boxes_are_classified_as_they_are(make_heads: Callable[..., RFCNHeads]) -> None:
    """As a proposal would be, but none is moved; frame by frame."""
    heads = make_heads()
    cls_maps, box_maps = make_maps(heads, 3)
    a, b = random_boxes(2), random_boxes(4, seed=1)
    found = heads.classify(cls_maps, [a, NO_BOXES, b])
    assert [x.shape for x in found] == [(2, 4), (0, 4), (4, 4)]
    for place, boxes in ((0, a), (2, b)):
        logits, _ = heads.predict(cls_maps, box_maps, torch.cat([torch.full((len(boxes), 1), float(place)), boxes], 1))
        assert torch.allclose(found[place], logits.softmax(dim=1))
    assert not torch.allclose(heads.classify(cls_maps[1:2], [a])[0], found[0])
    assert [x.shape for x in heads.classify(cls_maps[:1], [NO_BOXES])] == [(0, 4)]


def test_predictions_are_float32_under_half_precision(make_heads: Callable[..., RFCNHeads]) -> None:
    heads = make_heads()
    cls_maps, box_maps = (x.bfloat16() for x in make_maps(heads, 1))
    logits, deltas = heads.predict(cls_maps, box_maps, torch.tensor([[0.0, 5, 5, 60, 60]]))
    assert logits.dtype == deltas.dtype == torch.float32


def test_only_the_last_four_of_eight_box_maps_are_the_box(make_heads: Callable[..., RFCNHeads]) -> None:
    heads = make_heads("MODEL.RFCN.BOX_MAPS", 8)
    cls_maps, box_maps = make_maps(heads, 1)
    assert box_maps.shape[1] == 72
    rois = torch.tensor([[0.0, 5, 5, 60, 60]])
    _, before = heads.predict(cls_maps, box_maps, rois)
    box_maps = box_maps.detach().clone()
    box_maps[:, :36] += 10  # the background's half
    assert torch.equal(heads.predict(cls_maps, box_maps, rois)[1], before)
    box_maps[:, 36:] += 10
    assert torch.allclose(heads.predict(cls_maps, box_maps, rois)[1], before + 10, atol=1e-5)


def test_ignored_rois_are_refused(small_cfg: Callable[..., Any]) -> None:
    cfg = small_cfg("MODEL.ROI_HEADS.IOU_THRESHOLDS", [0.4, 0.5], "MODEL.ROI_HEADS.IOU_LABELS", [0, -1, 1])
    with pytest.raises(ValueError, match=r"IOU_LABELS is \[0, -1, 1\]: R-FCN ignores no RoI"):
        RFCNHeads.from_config(cfg, SHAPE)


def test_other_numbers_of_box_maps_are_refused(make_heads: Callable[..., RFCNHeads]) -> None:
    with pytest.raises(ValueError, match="BOX_MAPS is 6: it must be 4"):
        make_heads("MODEL.RFCN.BOX_MAPS", 6)


def test_candidates_keep_the_order_of_the_proposals_and_end_at_the_last_pixel(
    make_heads: Callable[..., RFCNHeads],
) -> None:
    heads = make_heads()
    torch.nn.init.zeros_(heads.box_conv.weight)
    boxes = torch.tensor([[10.0, 20, 50, 60], [-20, -30, 40, 50], [60, 50, 500, 400], [1, 2, 3, 4]])
    maps = make_maps(heads, 2)
    found = heads.candidates(*maps, [make_proposals(boxes), make_proposals(boxes[:1])])
    expected = [[10, 20, 50, 60], [0, 0, 40, 50], [60, 50, 127, 95], [1, 2, 3, 4]]
    assert torch.allclose(found[0].boxes, torch.tensor(expected, dtype=torch.float32), atol=1e-4)
    for c in found:
        assert torch.allclose(c.probs.sum(dim=1), torch.ones(len(c.boxes)))
    # The second frame is classified on its own maps.
    assert torch.allclose(found[1].boxes[0], found[0].boxes[0])
    assert not torch.allclose(found[1].probs[0], found[0].probs[0], atol=1e-3)


# Losses


def by_loops(
    heads: RFCNHeads,
    maps: tuple[Tensor, Tensor],
    boxes: Sequence[Tensor],
    truth: Sequence[Instances],
    pairs: Sequence[int],
    norm: str,
) -> tuple[float, float]:
    """Eq. 1's first two terms: per pair, over each frame's hardest 16 RoIs."""
    per_pair: dict[int, list[tuple[float, float, bool]]] = {p: [] for p in pairs}
    for i, (proposals, target) in enumerate(zip(boxes, truth, strict=True)):
        rows = []
        for box in torch.cat([proposals, target.gt_boxes.tensor]):
            logits, delta = heads.predict(*maps, torch.cat([torch.tensor([float(i)]), box])[None])
            overlaps = pairwise_iou(Boxes(box[None]), target.gt_boxes)[0]
            if len(overlaps) and overlaps.max() >= 0.5:
                best = overlaps.argmax()
                label = target.gt_classes[best][None]
                aim = heads.box2box_transform.get_deltas(box[None], target.gt_boxes.tensor[best][None])
                box_loss = F.smooth_l1_loss(delta, aim, reduction="sum", beta=1.0).item()
            else:
                label, box_loss = torch.tensor([3]), 0.0
            rows.append((F.cross_entropy(logits, label).item(), box_loss, label.item() < 3))
        per_pair[pairs[i]] += sorted(rows, key=lambda row: -(row[0] + row[1]))[:16]
    cls, box = [], []
    for pair, rows in per_pair.items():
        cls.append(sum(row[0] for row in rows) / len(rows))
        divisor = 16 * list(pairs).count(pair) if norm == "rois" else max(sum(row[2] for row in rows), 1)
        box.append(sum(row[1] for row in rows) / divisor)
    return sum(cls) / len(cls), sum(box) / len(box)


@pytest.mark.parametrize("norm", ["rois", "foreground"])
def test_losses_equal_plain_loops(
    make_heads: Callable[..., RFCNHeads], make_pair: Callable[..., Any], norm: str
) -> None:
    heads = make_heads("MODEL.RFCN.BOX_LOSS_NORM", norm)
    items = [make_pair(objects=2), make_pair(objects=1), make_pair(objects=0)]
    truth = [x["instances"] for x in items] + [x["next_instances"] for x in items]
    boxes = [around(t, seed=i) for i, t in enumerate(truth)]
    boxes[4] = boxes[4][-5:]  # fewer RoIs than OHEM keeps
    pairs = [0, 1, 2, 0, 1, 2]
    maps = make_maps(heads, 6)
    cls, box = by_loops(heads, maps, boxes, truth, pairs, norm)
    assert box > 0
    result = losses(heads, maps, boxes, truth, pairs)
    assert result["loss_cls"].item() == pytest.approx(cls, rel=1e-4)
    assert result["loss_box_reg"].item() == pytest.approx(box, rel=1e-4)


def test_ground_truth_joins_the_proposals_only_if_asked(
    make_heads: Callable[..., RFCNHeads], make_pair: Callable[..., Any]
) -> None:
    truth = [make_pair(objects=1)["instances"]]
    with_truth, without = make_heads(), make_heads("MODEL.ROI_HEADS.PROPOSAL_APPEND_GT", False)
    maps = make_maps(with_truth, 1)
    assert losses(without, maps, [NO_BOXES], truth, [0])["loss_cls"].item() == 0
    alone = losses(with_truth, maps, [NO_BOXES], truth, [0])["loss_cls"]
    direct = losses(without, maps, [truth[0].gt_boxes.tensor], truth, [0])["loss_cls"]
    assert alone.item() == pytest.approx(direct.item())
    assert alone.item() > 0


def test_gradients_reach_the_maps_of_the_kept_rois_frames(
    make_heads: Callable[..., RFCNHeads], make_pair: Callable[..., Any]
) -> None:
    heads = make_heads()
    item = make_pair()
    result = losses(
        heads, make_maps(heads, 2), [random_boxes(8)] * 2, [item["instances"], item["next_instances"]], [0, 0]
    )
    (result["loss_cls"] + result["loss_box_reg"]).backward()
    for parameter in heads.parameters():
        assert parameter.grad is not None
        assert parameter.grad.isfinite().all()
        assert parameter.grad.any()


def test_it_keeps_detectron2s_contract(make_heads: Callable[..., RFCNHeads], make_pair: Callable[..., Any]) -> None:
    heads, item = make_heads(), make_pair()
    features = {"res5": torch.randn(1, 12, 6, 8)}
    images = ImageList.from_tensors([item["image"].to(features["res5"])])
    proposals = [make_proposals(around(item["instances"]))]
    with EventStorage():
        same, terms = heads(images, features, proposals, [item["instances"]])
    assert same == proposals
    assert set(terms) == {"loss_cls", "loss_box_reg"}
    found, nothing = heads.eval()(images, features, proposals)
    assert nothing == {}
    assert found[0].image_size == SIZE
    assert {"pred_boxes", "scores", "pred_classes"} <= set(found[0].get_fields())
