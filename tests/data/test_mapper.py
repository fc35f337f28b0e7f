"""dnt_d2/data/mapper.py: what the network reads."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from detectron2.config import CfgNode, get_cfg
from detectron2.data import DatasetMapper
from detectron2.data.detection_utils import SizeMismatchError
from detectron2.structures import BoxMode

from dnt_d2.config import add_dnt_config
from dnt_d2.data import FrameMapper, PairMapper, load_det, load_vid


@pytest.fixture
def frames(tiny_ilsvrc: Path) -> list[dict[str, Any]]:
    return load_vid(str(tiny_ilsvrc), [f"train_{k}" for k in range(1, 31)])


@pytest.fixture
def cfg() -> CfgNode:
    cfg = get_cfg()
    add_dnt_config(cfg)
    cfg.INPUT.MIN_SIZE_TRAIN = (64,)
    cfg.INPUT.MIN_SIZE_TEST = 64
    return cfg


def _mapper(**changes: Any) -> PairMapper:
    return PairMapper(**({"shorter_sides": (0,), "longest_side": 1000} | changes))


def test_a_frame_without_objects_has_empty_instances(frames) -> None:
    item = _mapper()(frames[8], frames[9], flip=False, seed=0)
    empty, one = item["instances"], item["next_instances"]
    assert (len(empty), len(one)) == (0, 1)
    assert empty.gt_boxes.tensor.shape == (0, 4)
    for field in ("gt_classes", "gt_instance_ids"):
        assert empty.get(field).dtype == one.get(field).dtype == torch.int64
        assert empty.get(field).shape == (0,)
    both = type(empty).cat([empty, one])
    assert len(both) == 1


def test_everything_of_a_pair(frames) -> None:
    before = copy.deepcopy(frames[2:4])
    item = _mapper()(frames[2], frames[3], flip=False, seed=0)
    assert frames[2:4] == before
    keys = ("file_name", "image_id", "video_id", "frame_index", "video_length", "height", "width")
    assert all(item[key] == frames[2][key] for key in keys)
    assert set(item) == {*keys, "image", "instances", "next_image", "next_instances"}
    assert item["image"].dtype == torch.uint8
    assert item["image"].shape == item["next_image"].shape == (3, 64, 96)
    assert item["instances"].image_size == (64, 96)
    for name, frame in (("instances", frames[2]), ("next_instances", frames[3])):
        assert item[name].gt_boxes.tensor.tolist() == [a["bbox"] for a in frame["annotations"]]
        assert item[name].gt_boxes.tensor.dtype == torch.float32
        assert item[name].gt_instance_ids.tolist() == [0, 1]


def test_a_single_frame_has_no_next(frames) -> None:
    item = _mapper()(frames[2], None, flip=False, seed=0)
    assert "next_image" not in item
    assert "next_instances" not in item


def test_a_still_is_read_once_and_does_not_move(tiny_ilsvrc: Path) -> None:
    mapper = _mapper(shorter_sides=(50,))
    reads = []
    inner = mapper.read
    mapper.read = lambda name: reads.append(name) or inner(name)  # type: ignore[assignment,func-returns-value]
    still = load_det(str(tiny_ilsvrc), "train")[2]
    item = mapper(still, still, flip=True, seed=0)
    assert len(reads) == 1
    assert torch.equal(item["image"], item["next_image"])
    now, later = item["instances"], item["next_instances"]
    assert now is not later
    assert torch.equal(now.gt_boxes.tensor, later.gt_boxes.tensor)
    assert now.gt_instance_ids.tolist() == later.gt_instance_ids.tolist() == [0, 1]


def _is_red(image: torch.Tensor) -> torch.Tensor:
    """Where the dog is: BGR (30, 60, 250), through JPEG."""
    blue, green, red = image.int()
    return (red > 180) & (green < 130) & (blue < 110)


@pytest.mark.parametrize("flip", [False, True])
def test_box_pixels_follow_the_image(frames, flip: bool) -> None:
    item = _mapper()(frames[0], frames[1], flip=flip, seed=0)
    for image, instances in (("image", "instances"), ("next_image", "next_instances")):
        x1, y1, x2, y2 = item[instances].gt_boxes.tensor[0].int().tolist()
        mask = torch.zeros(item[image].shape[1:], dtype=torch.bool)
        mask[y1 : y2 + 1, x1 : x2 + 1] = True
        wrong = (mask != _is_red(item[image])).nonzero()
        # JPEG blurs the border of the rectangle by a pixel.
        on_border = ((wrong - torch.tensor([y1, x1])).abs() <= 1) | ((wrong - torch.tensor([y2, x2])).abs() <= 1)
        assert on_border.any(dim=1).all()
        assert len(wrong) < 40


def test_a_flip_mirrors_both_frames(frames) -> None:
    plain = _mapper()(frames[0], frames[1], flip=False, seed=0)
    flipped = _mapper()(frames[0], frames[1], flip=True, seed=0)
    for image in ("image", "next_image"):
        assert torch.equal(flipped[image], plain[image].flip(2))
    for instances in ("instances", "next_instances"):
        x1, y1, x2, y2 = plain[instances].gt_boxes.tensor.unbind(1)
        expected = torch.stack([95 - x2, y1, 95 - x1, y2], dim=1)
        assert torch.equal(flipped[instances].gt_boxes.tensor, expected)
    never = _mapper(horizontal_flip=False)(frames[0], frames[1], flip=True, seed=0)
    assert torch.equal(never["image"], plain["image"])


def test_one_scale_for_both_frames(frames) -> None:
    mapper = _mapper(shorter_sides=(32, 48, 80), longest_side=100)
    sizes = set()
    for seed in range(12):
        item = mapper(frames[0], frames[1], flip=False, seed=seed)
        again = mapper(frames[0], frames[1], flip=False, seed=seed)
        assert item["image"].shape == item["next_image"].shape == again["image"].shape
        assert item["instances"].image_size == tuple(item["image"].shape[1:])
        height, width = item["image"].shape[1:]
        boxes = torch.tensor([a["bbox"] for a in frames[1]["annotations"]])
        scaled = boxes * torch.tensor([width / 96, height / 64] * 2)
        assert torch.allclose(item["next_instances"].gt_boxes.tensor, scaled)
        sizes.add((height, width))
    assert sizes == {(32, 48), (48, 72), (67, 100)}


def test_a_range_of_scales(frames) -> None:
    mapper = _mapper(shorter_sides=(40, 42), sampling="range")
    heights = {mapper(frames[0], None, flip=False, seed=s)["image"].shape[1] for s in range(30)}
    assert heights == {40, 41, 42}


def test_memory_changes_nothing(frames) -> None:
    plain, cached = _mapper(shorter_sides=(50,)), _mapper(shorter_sides=(50,), cache_mb=1)
    for flip in (False, True, False):
        a, b = (mapper(frames[0], frames[1], flip=flip, seed=0) for mapper in (plain, cached))
        assert torch.equal(a["image"], b["image"])
        assert torch.equal(a["next_image"], b["next_image"])
    assert cached.read.used == 2 * 64 * 96 * 3


def test_channel_order(frames) -> None:
    bgr = _mapper()(frames[0], None, flip=False, seed=0)["image"]
    rgb = _mapper(image_format="RGB")(frames[0], None, flip=False, seed=0)["image"]
    assert torch.equal(bgr.flip(0), rgb)


def test_plain_detectron2_dicts_will_do(frames) -> None:
    frame = {key: frames[2][key] for key in ("file_name", "image_id", "height", "width")}
    frame["annotations"] = [
        {"bbox": [10, 10, 20, 30], "bbox_mode": BoxMode.XYWH_ABS, "category_id": 3, "iscrowd": 1},
        {"bbox": [10, 10, 20, 30], "bbox_mode": BoxMode.XYWH_ABS, "category_id": 4, "iscrowd": 0},
        {"bbox": [200, 10, 20, 30], "bbox_mode": BoxMode.XYWH_ABS, "category_id": 5},
        {"bbox": [90, 10, 20, 30], "bbox_mode": BoxMode.XYWH_ABS, "category_id": 6},
    ]
    instances = _mapper()(frame, frame, flip=False, seed=0)["instances"]
    assert instances.gt_boxes.tensor.tolist() == [[10, 10, 30, 40], [90, 10, 95, 40]]
    assert instances.gt_classes.tolist() == [4, 6]
    assert instances.gt_instance_ids.tolist() == [1, 3]


def test_errors_name_the_file(frames, tmp_path: Path) -> None:
    mapper = _mapper()
    with pytest.raises(SizeMismatchError, match=r"000000\.JPEG has 96 x 64 pixels, but its annotation says 90 x 64"):
        mapper(frames[0] | {"width": 90}, None, flip=False, seed=0)
    broken = tmp_path / "broken.JPEG"
    broken.write_bytes(Path(frames[0]["file_name"]).read_bytes()[:600])
    with pytest.raises(ValueError, match=r"broken\.JPEG: broken or cut-off"):
        mapper(frames[0], frames[1] | {"file_name": str(broken)}, flip=False, seed=0)
    with pytest.raises(ValueError, match=r"000000\.JPEG: a training image without 'annotations'"):
        mapper({k: v for k, v in frames[0].items() if k != "annotations"}, None, flip=False, seed=0)


def test_pair_mapper_from_config(cfg, frames) -> None:
    cfg.INPUT.MIN_SIZE_TRAIN_SAMPLING = "range"
    cfg.INPUT.MIN_SIZE_TRAIN = (32, 32)
    cfg.INPUT.FORMAT = "RGB"
    cfg.INPUT.RANDOM_FLIP = "none"
    item = PairMapper(cfg)(frames[0], frames[1], flip=True, seed=0)
    assert item["image"].shape == (3, 32, 48)
    expected = _mapper(shorter_sides=(32,), image_format="RGB")(frames[0], frames[1], flip=False, seed=0)
    assert torch.equal(item["image"], expected["image"])


@pytest.mark.parametrize(
    ("key", "value"),
    [("RANDOM_FLIP", "vertical"), ("FORMAT", "L"), ("MIN_SIZE_TRAIN_SAMPLING", "range"), ("CROP.ENABLED", True)],
)
def test_configs_that_make_no_sense_are_refused(cfg, key: str, value: Any) -> None:
    cfg.merge_from_list([f"INPUT.{key}", value])
    with pytest.raises(ValueError, match=rf"INPUT\.{key} is"):
        PairMapper(cfg)


def test_frame_mapper(cfg, frames) -> None:
    cfg.INPUT.MIN_SIZE_TEST = 32
    item = FrameMapper(cfg)(frames[3])
    assert item["image"].shape == (3, 32, 48)
    assert (item["height"], item["width"], item["video_id"], item["frame_index"], item["video_length"]) == (
        64,
        96,
        0,
        3,
        6,
    )
    assert "annotations" not in item
    # The same pixels as Detectron2's own mapper.
    expected = DatasetMapper(cfg, is_train=False)(copy.deepcopy(frames[3]))["image"]
    assert (item["image"].int() - expected.int()).abs().max() <= 1


def test_frame_mapper_on_a_bare_image(frames) -> None:
    item = FrameMapper(shorter_side=0, longest_side=10)({"file_name": frames[0]["file_name"]})
    assert set(item) == {"file_name", "image", "height", "width"}
    assert item["image"].shape == (3, 64, 96)
    with pytest.raises(SizeMismatchError, match="64 x 96"):
        FrameMapper(shorter_side=0, longest_side=10)(frames[0] | {"height": 96, "width": 64})


def _with_proposals(frame: dict[str, Any], boxes: Any) -> dict[str, Any]:
    return frame | {
        "proposal_boxes": np.array(boxes, np.float32).reshape(-1, 4),
        "proposal_objectness_logits": -np.arange(len(boxes), dtype=np.float32),
        "proposal_bbox_mode": BoxMode.XYXY_ABS,
    }


@pytest.mark.parametrize("flip", [False, True])
def test_proposals_of_a_pair_go_with_their_frames(frames, flip: bool) -> None:
    """The first proposal of each frame is its first object: it stays so, mirrored and scaled."""
    pair = [_with_proposals(f, [f["annotations"][0]["bbox"], [-9, 3, -1, 8], [0, 0, 95, 63]]) for f in frames[2:4]]
    item = _mapper(shorter_sides=(50,), proposal_topk=2)(*pair, flip=flip, seed=0)
    for prefix in ("", "next_"):
        proposals, objects = item[f"{prefix}proposals"], item[f"{prefix}instances"]
        assert proposals.image_size == objects.image_size
        assert proposals.objectness_logits.tolist() == [0, -2]
        assert torch.equal(proposals.proposal_boxes.tensor[0], objects.gt_boxes.tensor[0])
    assert not torch.equal(item["proposals"].proposal_boxes.tensor, item["next_proposals"].proposal_boxes.tensor)


def test_proposals_of_single_frames_and_of_none(frames) -> None:
    frame = _with_proposals(frames[2], [])
    item = _mapper(proposal_topk=2)(frame, None, flip=True, seed=0)
    assert len(item["proposals"]) == 0
    assert "next_proposals" not in item
    assert "proposals" not in _mapper()(frame, frame, flip=False, seed=0)
    still = _mapper(proposal_topk=2)(frame, frame, flip=False, seed=0)
    assert still["proposals"] is not still["next_proposals"]


def test_proposals_from_config(cfg, frames) -> None:
    frame = _with_proposals(frames[2], [[10, 10, 20, 20], [0, 0, 50, 50]])
    assert "proposals" not in PairMapper(cfg)(frame, frame, flip=False, seed=0)
    assert "proposals" not in FrameMapper(cfg)(frame)
    cfg.MODEL.LOAD_PROPOSALS = True
    cfg.DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TRAIN = cfg.DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TEST = 1
    cfg.INPUT.MIN_SIZE_TEST = 32
    assert len(PairMapper(cfg)(frame, frame, flip=False, seed=0)["next_proposals"]) == 1
    item = FrameMapper(cfg)(frame)
    assert item["proposals"].proposal_boxes.tensor.tolist() == [[5, 5, 10, 10]]
    assert item["proposals"].image_size == (32, 48)
    with pytest.raises(ValueError, match=r"000003\.JPEG: MODEL\.LOAD_PROPOSALS is on, but there are no proposals"):
        FrameMapper(cfg)(frames[3])
