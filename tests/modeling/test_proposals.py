"""Proposals from several sizes of a picture: against the RPN, against steps by hand, and whatever the batch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from detectron2.checkpoint import DetectionCheckpointer
from detectron2.layers import nms
from detectron2.modeling import build_model
from detectron2.structures import ImageList, Instances
from detectron2.utils.events import EventStorage
from torch import Tensor, nn

from dnt_d2.data import build_pair_train_loader, build_video_test_loader
from dnt_d2.modeling import (
    DetectAndTrack,
    PyramidProposalNetwork,
    VideoStream,
    pyramid_proposals,
    with_proposal_scales,
)
from dnt_d2.modeling.proposals import pyramid_size

Make = Callable[..., Any]
SIDES = (160, 80, 40)


@pytest.fixture(scope="module")
def model(small_model: Make) -> DetectAndTrack:
    return small_model(lively=True)


@pytest.fixture(scope="module")
def pictures(make_video: Make, device: torch.device) -> list[Tensor]:
    sizes = [(96, 128), (70, 90)]
    return [make_video(i, 1, size)[0]["image"].to(device).float() / 60 - 2 for i, size in enumerate(sizes)]


def propose(model: DetectAndTrack, pictures: list[Tensor], sides: Any = SIDES, topk: int = 40) -> list[Instances]:
    with torch.no_grad():
        images = ImageList.from_tensors(pictures)
        return pyramid_proposals(model.backbone, model.proposal_generator, images, sides, 0.7, topk)


def single(model: DetectAndTrack, picture: Tensor) -> Instances:
    with torch.no_grad():
        images = ImageList.from_tensors([picture])
        return model.proposal_generator(images, model.backbone(images.tensor), None)[0][0]


def same(a: Instances, b: Instances) -> bool:
    return (
        a.image_size == b.image_size
        and len(a) == len(b)
        and torch.allclose(a.proposal_boxes.tensor, b.proposal_boxes.tensor, atol=1e-3)
        and torch.allclose(a.objectness_logits, b.objectness_logits, atol=1e-4)
    )


def test_no_pictures_and_no_sizes(model: DetectAndTrack, pictures: list[Tensor]) -> None:
    nothing = ImageList(torch.zeros(0, 3, 8, 8), [])
    assert pyramid_proposals(model.backbone, model.proposal_generator, nothing, SIDES, 0.7, 5) == []
    with pytest.raises(ValueError, match=r"TEST\.PROPOSAL_SCALES is empty"):
        propose(model, pictures, sides=())


@pytest.mark.parametrize(
    ("size", "side", "expected"),
    [
        ((600, 1000), 1400, (840, 1400)),
        ((600, 1000), 1000, (600, 1000)),
        ((33, 17), 88, (88, 45)),
        ((1, 900), 88, (1, 88)),
    ],
)
def test_sizes(size: tuple[int, int], side: int, expected: tuple[int, int]) -> None:
    assert pyramid_size(size, side) == expected


def test_the_pictures_own_size_is_the_rpn(model: DetectAndTrack, pictures: list[Tensor]) -> None:
    """Whose NMS is the same, so that nothing more is suppressed."""
    for picture in pictures:
        (found,) = propose(model, [picture], sides=[max(picture.shape[-2:])])
        assert len(found) > 10
        assert same(found, single(model, picture))


def test_sizes_compete(model: DetectAndTrack, pictures: list[Tensor]) -> None:
    picture = pictures[0]
    boxes, logits = [], []
    for side, size in zip(SIDES, [(120, 160), (60, 80), (30, 40)], strict=True):
        resized = nn.functional.interpolate(picture[None], size, mode="bilinear", antialias=True)[0]
        found = single(model, resized)
        boxes.append((found.proposal_boxes.tensor * (128 / side)).clamp(min=0))
        logits.append(found.objectness_logits)
    joined, scores = torch.cat(boxes), torch.cat(logits)
    kept = nms(joined, scores, 0.7)[:40]
    (found,) = propose(model, [picture])
    assert len(found) == 40
    assert torch.allclose(found.proposal_boxes.tensor, joined[kept], atol=1e-3)
    assert torch.equal(found.objectness_logits, scores[kept])
    assert (found.objectness_logits.diff() <= 0).all()
    # More than one size has a say.
    assert len({int(i) // 30 for i in kept}) > 1


def test_padding_and_batch_change_nothing(model: DetectAndTrack, pictures: list[Tensor]) -> None:
    together = propose(model, pictures)
    for picture, found in zip(pictures, together, strict=True):
        assert same(found, propose(model, [picture])[0])
        assert found.image_size == tuple(picture.shape[-2:])
        height, width = found.image_size
        edge = torch.tensor([width, height, width, height])
        assert ((found.proposal_boxes.tensor >= 0) & (found.proposal_boxes.tensor <= edge)).all()


def test_rpn_alone(small_cfg: Make, make_video: Make) -> None:
    cfg = small_cfg("MODEL.META_ARCHITECTURE", "ProposalNetwork", "MODEL.TRACK_HEAD.NAME", "")
    torch.manual_seed(0)
    network = build_model(cfg).eval()
    assert with_proposal_scales(cfg, network) is network
    cfg.TEST.PROPOSAL_SCALES = (128,)
    wrapped = with_proposal_scales(cfg, network)
    assert isinstance(wrapped, PyramidProposalNetwork)
    video = make_video(0, 2)
    for x, ours, theirs in zip(video, wrapped(video), network(video), strict=True):
        assert set(ours) == {"proposals"}
        # In original pixels, which are twice as many.
        assert ours["proposals"].image_size == (x["height"], x["width"]) == (192, 256)
        assert same(ours["proposals"], theirs["proposals"])
    other = nn.Identity()
    assert with_proposal_scales(cfg, other) is other
    for mode in (True, False):
        assert with_proposal_scales(cfg, network.train(mode)).training == mode


def link_candidates(model: DetectAndTrack, video: list[dict[str, Any]], chunk: int) -> list[Instances]:
    stream = VideoStream(model)
    return [x["link_candidates"] for i in range(0, len(video), chunk) for x in stream(video[i : i + chunk])]


def test_dnt_detects_in_proposals_of_all_sizes(
    small_cfg: Make, small_model: Make, model: DetectAndTrack, make_video: Make
) -> None:
    """Whatever the chunk of video; the picture's own size alone is the network as it is."""
    video = make_video(0, 3)
    plain = link_candidates(model, video, 2)
    for sides, as_it_is in (((128,), True), (SIDES, False)):
        other = small_model(small_cfg("TEST.PROPOSAL_SCALES", sides), lively=True)
        found, again = link_candidates(other, video, 2), link_candidates(other, video, 1)
        for a, b, c in zip(found, again, plain, strict=True):
            assert torch.allclose(a.pred_boxes.tensor, b.pred_boxes.tensor, atol=1e-2)
            same_boxes = torch.allclose(a.pred_boxes.tensor, c.pred_boxes.tensor, atol=1e-2)
            assert same_boxes == as_it_is


# The RPN alone, as configs/Base-RPN.yaml trains it


@pytest.fixture
def alone(small_cfg: Make, tiny_datasets: Path) -> Any:
    """The config of a small RPN on the tiny data set."""
    return small_cfg("TEST.PROPOSAL_SCALES", (128, 64), config="Base-RPN.yaml")


def test_it_trains_on_frames_and_stills(alone: Any, ground_truth: Make) -> None:
    torch.manual_seed(0)
    network = build_model(alone).train()
    batch = next(iter(build_pair_train_loader(alone)))
    assert ["/VID/" in x["file_name"] for x in batch] == [True, False]
    assert all("next_image" not in x for x in batch)
    batch[1]["instances"] = ground_truth([], [], [], batch[1]["instances"].image_size)  # no object at all
    with EventStorage():
        losses = network(batch)
    assert set(losses) == {"loss_rpn_cls", "loss_rpn_loc"}
    sum(losses.values()).backward()
    learning = [name for name, p in network.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0]
    assert {name.partition(".")[0] for name in learning} == {"backbone", "proposal_generator"}


def test_it_is_tested_on_videos(alone: Any) -> None:
    torch.manual_seed(0)
    network = with_proposal_scales(alone, build_model(alone).eval())
    chunk = next(iter(build_video_test_loader(alone, "imagenet_vid_val")))
    for x, output in zip(chunk, network(chunk), strict=True):
        found = output["proposals"]
        assert found.image_size == (x["height"], x["width"])
        assert 0 < len(found) <= alone.MODEL.RPN.POST_NMS_TOPK_TEST


def test_its_weights_find_their_places_in_d_and_back(
    alone: Any, small_cfg: Make, small_model: Make, tmp_path: Path
) -> None:
    rpn, d = small_model(alone, seed=1), small_model(small_cfg(config="Base-D.yaml"), seed=2)
    saver = DetectionCheckpointer(rpn, str(tmp_path))
    saver.save("model_final")
    assert not same_weights(rpn, d)
    DetectionCheckpointer(d).load(str(tmp_path / "model_final.pth"))
    assert same_weights(rpn, d)
    # A trained D's RPN, for measuring its recall.
    other = small_model(alone, seed=3)
    DetectionCheckpointer(d, str(tmp_path)).save("d_final")
    assert not same_weights(other, d)
    DetectionCheckpointer(other).load(str(tmp_path / "d_final.pth"))
    assert same_weights(other, d)


def same_weights(rpn: nn.Module, d: nn.Module) -> bool:
    theirs = d.state_dict()
    return all(torch.equal(value, theirs[name]) for name, value in rpn.state_dict().items())
