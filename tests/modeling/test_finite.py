"""What is not finite: boxes that come in are named; a network that says NaN is not one that says nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from detectron2.structures import Boxes, Instances
from detectron2.utils.events import EventStorage

from dnt_d2.modeling import VideoStream
from dnt_d2.modeling.finite import check_found, check_given, check_tracks, rpn_named
from dnt_d2.modeling.frames import Candidates, FrameMaps

NAN, INF = float("nan"), float("inf")
Make = Callable[..., Any]


def test_no_boxes_and_usual_ones_pass() -> None:
    check_given(torch.zeros(0, 4), {}, "gt_boxes")
    check_given(torch.tensor([[-1e8, 0, 0, 1e8], [5, 5, 5, 5]]), {}, "gt_boxes")


@pytest.mark.parametrize("value", [NAN, INF, -INF, 1e30])
def test_a_box_that_comes_in_is_named(value: float) -> None:
    boxes = torch.tensor([[0, 0, 1, 1], [0, 0, value, 1]])
    with pytest.raises(FloatingPointError, match=r"^a\.jpg: row 1 of gt_boxes is \[0\.0, 0\.0, .*not finite"):
        check_given(boxes, {"file_name": "a.jpg"}, "gt_boxes")


def test_losses_of_the_rpn_are_named() -> None:
    with pytest.raises(FloatingPointError, match=r"not finite \(loss_rpn_cls, loss_rpn_loc\): diverged"), rpn_named():
        raise FloatingPointError("diverged")


def found(boxes: torch.Tensor, probs: torch.Tensor) -> list[Candidates]:
    return [Candidates(boxes, probs, (8, 8), boxes), Candidates(torch.zeros(0, 4), torch.zeros(0, 2), (8, 8), boxes)]


def maps(value: float) -> FrameMaps:
    return FrameMaps({}, torch.tensor([0.0, value]).view(2, 1, 1, 1), torch.zeros(2, 1, 1, 1))


def test_each_kind_of_output_is_looked_at() -> None:
    items = [{"file_name": "a.jpg"}, {"frame_index": 7}]
    boxes, probs, rpn = torch.zeros(3, 4), torch.zeros(3, 2), torch.nn.Linear(1, 1)
    check_found([], maps(NAN), rpn, [])
    check_found(found(boxes, probs), maps(0.0), rpn, items)
    check_tracks([boxes, boxes[:0]], items)
    for bad in (found(boxes + NAN, probs), found(boxes, probs + NAN)):
        with pytest.raises(FloatingPointError, match=r"^a\.jpg: the network's boxes or scores are not finite"):
            check_found(bad, maps(0.0), rpn, items)
    with pytest.raises(FloatingPointError, match=r"^frame 7: the network's proposals are not finite"):
        check_found(found(boxes, probs), maps(INF), None, items)
    rpn.weight.data.fill_(NAN)
    with pytest.raises(FloatingPointError, match=r"^frame 7: the network's proposals are not finite"):
        check_found(found(boxes, probs), maps(0.0), rpn, items)
    with pytest.raises(FloatingPointError, match=r"^frame 7: the network's tracks are not finite.*TEST\.PRECISION"):
        check_tracks([boxes, boxes - INF], items)


@pytest.mark.parametrize("room", ["backbone", "proposal_generator", "roi_heads", "track_head"])
def test_a_network_of_nan_says_so(small_model: Make, make_video: Make, make_pair: Make, room: str) -> None:
    model = small_model()
    for parameter in getattr(model, room).parameters():
        parameter.data.fill_(NAN)
    with pytest.raises(FloatingPointError, match=r"^frame [01]: the network's (proposals|boxes or scores|tracks)"):
        VideoStream(model).eval()(make_video(0, 2))
    with torch.no_grad(), pytest.raises(FloatingPointError, match=r"^drawn: the network's"):
        model([make_pair()])
    if room != "track_head":
        with torch.no_grad(), pytest.raises(FloatingPointError, match=r"^frame 0: the network's"):
            model([{"image": make_video(0, 1)[0]["image"], "frame_index": 0}])


def test_true_boxes_and_given_proposals_are_looked_at(small_cfg: Make, small_model: Make, make_pair: Make) -> None:
    item = make_pair()
    item["next_instances"].gt_boxes.tensor[0, 2] = NAN
    with EventStorage(), pytest.raises(FloatingPointError, match=r"^drawn: row 0 of gt_boxes"):
        small_model().train()([item])
    model = small_model(small_cfg("MODEL.PROPOSAL_GENERATOR.NAME", "PrecomputedProposals"))
    proposals = Instances((96, 128), proposal_boxes=Boxes(torch.full((1, 4), NAN)), objectness_logits=torch.zeros(1))
    with pytest.raises(FloatingPointError, match=r"^drawn: row 0 of proposals"):
        model([{"image": item["image"], "file_name": "drawn", "proposals": proposals}])
