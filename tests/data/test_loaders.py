"""dnt_d2/data/loaders.py: the loaders of a config."""

from __future__ import annotations

import pickle
import shutil
from itertools import islice
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import torch
from detectron2.config import CfgNode, get_cfg
from detectron2.data import DatasetCatalog, MetadataCatalog

import dnt_d2.data.builtin  # noqa: F401  registers
from dnt_d2.config import add_dnt_config
from dnt_d2.data import PairSampler, build_pair_train_loader, build_video_test_loader


@pytest.fixture
def cfg(tiny_datasets: Path) -> CfgNode:
    cfg = get_cfg()
    add_dnt_config(cfg)
    cfg.DATASETS.TRAIN = ("minivid_vid_train", "minivid_det_train")
    cfg.DATALOADER.FILTER_EMPTY_ANNOTATIONS = False
    cfg.DATALOADER.ASPECT_RATIO_GROUPING = False
    cfg.DATALOADER.NUM_WORKERS = 0
    cfg.SOLVER.IMS_PER_BATCH = 3
    cfg.INPUT.MIN_SIZE_TRAIN = (48, 64)
    cfg.INPUT.MIN_SIZE_TEST = 48
    cfg.SEED = 3
    return cfg


def _signature(batch: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [
        (x["file_name"], x["frame_index"], tuple(x["image"].shape), int(x["image"].sum()), int(x["next_image"].sum()))
        for x in batch
    ]


def _is_still(item: dict[str, Any]) -> bool:
    return "/DET/" in item["file_name"]


@pytest.mark.parametrize("batch", [1, 2, 3, 4])
def test_videos_and_stills_alternate_over_batches(cfg, batch: int) -> None:
    cfg.SOLVER.IMS_PER_BATCH = batch
    batches = list(islice(build_pair_train_loader(cfg), 6))
    assert all(len(b) == batch for b in batches)
    assert [_is_still(x) for b in batches for x in b] == [i % 2 == 1 for i in range(6 * batch)]
    assert all("next_image" in x for b in batches for x in b)


@pytest.mark.parametrize("workers", [0, 2])
def test_resuming_is_continuing(cfg, workers: int) -> None:
    whole = [_signature(b) for b in islice(build_pair_train_loader(cfg), 6)]
    cfg.DATALOADER.NUM_WORKERS = workers
    loader = build_pair_train_loader(cfg)
    loader.sampler.seek(4, loader.batch_size)
    assert [_signature(b) for b in islice(loader, 2)] == whole[4:]


def test_starting_the_loader_leaves_the_random_state_alone(cfg) -> None:
    loader = build_pair_train_loader(cfg)
    state = torch.get_rng_state()
    next(iter(loader))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("world", [2, 3])
def test_ranks_share_the_batch(cfg, world: int) -> None:
    cfg.SOLVER.IMS_PER_BATCH = 6
    names: list[tuple[Any, ...]] = []
    for rank in range(world):
        with patch("dnt_d2.data.loaders.comm.get_world_size", return_value=world):
            loader = build_pair_train_loader(cfg, sampler=PairSampler(rank=rank, world_size=world))
        assert loader.batch_size == 6 // world
        items = [x for b in islice(loader, 2 * world) for x in b]
        assert [_is_still(x) for x in items] == [i % 2 == 1 for i in range(12)]
        names += [(x["file_name"], x["frame_index"]) for x in items]
    alone = [x for b in islice(build_pair_train_loader(cfg), 2 * world) for x in b]
    assert sorted(names) == sorted((x["file_name"], x["frame_index"]) for x in alone)


def test_without_a_track_head_items_are_single_frames(cfg) -> None:
    cfg.MODEL.TRACK_HEAD.NAME = ""
    cfg.INPUT.FRAMES_PER_VIDEO = 1
    items = [x for b in islice(build_pair_train_loader(cfg), 10) for x in b]
    assert all("next_image" not in x for x in items)
    middle = {(x["video_id"], x["frame_index"]) for x in items if not _is_still(x)}
    assert middle == {(0, 3), (1, 2), (2, 0)}


def test_one_kind_alone(cfg) -> None:
    cfg.DATASETS.TRAIN = ("minivid_vid_train",)
    items = [x for b in islice(build_pair_train_loader(cfg), 3) for x in b]
    assert not any(_is_still(x) for x in items)
    assert {x["video_id"] for x in items[:3]} == {0, 1, 2}


def test_an_own_mapper_and_a_negative_seed(cfg) -> None:
    cfg.SEED = -1

    def mapper(frame: dict[str, Any], next_frame: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return {"name": frame["file_name"], "dataset": frame["dataset"], **kwargs}

    first, again = (next(iter(build_pair_train_loader(cfg, mapper=mapper))) for _ in range(2))
    assert first == again
    assert [x["dataset"] for x in first] == ["minivid_vid_train", "minivid_det_train", "minivid_vid_train"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("DATALOADER.FILTER_EMPTY_ANNOTATIONS", True),
        ("DATALOADER.ASPECT_RATIO_GROUPING", True),
        ("DATASETS.TRAIN", ()),
        ("SOLVER.IMS_PER_BATCH", 0),
    ],
)
def test_configs_that_break_pairs_are_refused_in_one_sentence(cfg, key: str, value: Any) -> None:
    cfg.merge_from_list([key, value])
    with pytest.raises(ValueError, match=key.replace(".", r"\.")):
        build_pair_train_loader(cfg)


def test_a_batch_that_ranks_cannot_share_is_refused(cfg) -> None:
    with (
        patch("dnt_d2.data.loaders.comm.get_world_size", return_value=2),
        pytest.raises(ValueError, match=r"IMS_PER_BATCH is 3, not a positive multiple of the 2 processes"),
    ):
        build_pair_train_loader(cfg)


@pytest.fixture
def plain_dataset():
    """A data set that somebody else registered: no kind, other classes."""
    dicts: list[dict[str, Any]] = []
    DatasetCatalog.register("test_plain", lambda: dicts)
    yield dicts
    DatasetCatalog.remove("test_plain")
    MetadataCatalog.remove("test_plain")


def test_data_sets_of_others(cfg, plain_dataset) -> None:
    cfg.DATASETS.TRAIN = ("minivid_vid_train", "test_plain")
    with pytest.raises(ValueError, match="'test_plain' is empty"):
        build_pair_train_loader(cfg)
    still = DatasetCatalog.get("minivid_det_train")[0]
    plain_dataset.append({key: still[key] for key in ("file_name", "image_id", "height", "width", "annotations")})
    items = next(iter(build_pair_train_loader(cfg)))
    assert items[1]["file_name"] == still["file_name"]
    MetadataCatalog.get("test_plain").thing_classes = ["kite"]
    with pytest.raises(ValueError, match="different classes"):
        build_pair_train_loader(cfg)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_test_loader_gives_whole_videos_in_order(cfg, chunk: int, workers: int) -> None:
    cfg.TEST.FRAMES_PER_BATCH = chunk
    cfg.DATALOADER.NUM_WORKERS = workers
    loader = build_video_test_loader(cfg, "imagenet_vid_val")
    batches = list(loader)
    assert len(loader) == len(batches)
    assert all(len(b) <= chunk and len({x["video_id"] for x in b}) == 1 for b in batches)
    frames = [(x["video_id"], x["frame_index"]) for b in batches for x in b]
    assert frames == [(v, t) for v, n in enumerate((8, 5, 1)) for t in range(n)]
    for x in (x for b in batches for x in b):
        assert x["image"].shape == ((3, 72, 48) if x["width"] == 64 else (3, 48, 72))
        assert "annotations" not in x


def test_test_loader_with_a_stride(cfg) -> None:
    cfg.TEST.TEMPORAL_STRIDE = 3
    frames = [(x["video_id"], x["frame_index"]) for b in build_video_test_loader(cfg, "imagenet_vid_val") for x in b]
    assert frames == [*((0, t) for t in (0, 3, 6, 7)), *((1, t) for t in (0, 3, 4)), (2, 0)]


@pytest.mark.parametrize("world", [1, 2, 3, 5])
def test_ranks_together_test_every_frame_once(cfg, world: int) -> None:
    frames: list[tuple[int, int]] = []
    for rank in range(world):
        with (
            patch("dnt_d2.data.samplers.comm.get_rank", return_value=rank),
            patch("dnt_d2.data.samplers.comm.get_world_size", return_value=world),
        ):
            loader = build_video_test_loader(cfg, "imagenet_vid_val")
        frames += [(x["video_id"], x["frame_index"]) for b in loader for x in b]
    assert sorted(frames) == [(v, t) for v, n in enumerate((8, 5, 1)) for t in range(n)]


def test_stills_can_be_tested_too(cfg) -> None:
    batches = list(build_video_test_loader(cfg, "minivid_det_train"))
    assert [len(b) for b in batches] == [1, 1, 1]


def _proposal_file(path: Path, name: str) -> str:
    dicts = DatasetCatalog.get(name)
    box = np.array([[4, 4, 40, 40]], np.float32)
    boxes = [box + i % 7 for i in range(len(dicts))]
    ids = [d["image_id"] for d in dicts]
    path.write_bytes(
        pickle.dumps({"ids": ids, "boxes": boxes, "objectness_logits": [np.ones(1, np.float32)] * len(ids)})
    )
    return str(path)


def test_proposals_come_with_every_frame(cfg, tmp_path: Path) -> None:
    cfg.MODEL.LOAD_PROPOSALS = True
    cfg.DATASETS.TEST = ("minivid_val_novel", "minivid_val_seen")
    for part in ("TRAIN", "TEST"):
        names = cfg.DATASETS[part]
        cfg.DATASETS[f"PROPOSAL_FILES_{part}"] = tuple(_proposal_file(tmp_path / f"{n}.pkl", n) for n in names)
    for batch in islice(build_pair_train_loader(cfg), 4):
        assert all(len(x["proposals"]) == len(x["next_proposals"]) == 1 for x in batch)
    for name in cfg.DATASETS.TEST:
        assert all(len(x["proposals"]) == 1 for chunk in build_video_test_loader(cfg, name) for x in chunk)


def test_proposal_files_must_match_the_data_sets(cfg, tmp_path: Path) -> None:
    cfg.MODEL.LOAD_PROPOSALS = True
    with pytest.raises(ValueError, match=r"TRAIN names 2 data sets and DATASETS\.PROPOSAL_FILES_TRAIN 0 files"):
        build_pair_train_loader(cfg)
    cfg.DATASETS.TEST = ("minivid_val_novel",)
    cfg.DATASETS.PROPOSAL_FILES_TEST = (_proposal_file(tmp_path / "a.pkl", "minivid_val_seen"),)
    cfg.DATASETS.TEST = ("minivid_vid_train",)
    with pytest.raises(ValueError, match=r"a\.pkl: has no proposals for \d+ of 11 images"):
        build_video_test_loader(cfg, "minivid_vid_train")


@pytest.fixture
def broken(cfg: CfgNode, tiny_ilsvrc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the data with a frame cut off, one missing in a test video, and an annotation missing."""
    root = tmp_path / "minivid"
    shutil.copytree(tiny_ilsvrc, root, ignore=shutil.ignore_patterns(".dnt_d2"))
    monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path))
    (root / "Annotations/VID/train/ILSVRC2015_VID_train_0000/tiny_00000001/000003.xml").unlink()
    still = root / "Data/DET/train/ILSVRC2013_train/n02084071/n02084071_1.JPEG"
    still.write_bytes(still.read_bytes()[:500])
    (root / "Data/VID/val/tiny_val_00000000/000003.JPEG").unlink()
    cfg.DATASETS.ON_FAULT = "skip"
    return root


@pytest.mark.parametrize("workers", [0, 2])
def test_broken_files_are_passed_over_and_counted(cfg: CfgNode, broken: Path, workers: int) -> None:
    cfg.DATALOADER.NUM_WORKERS = workers
    loader = build_pair_train_loader(cfg)
    assert loader.left_out.counts == {"missing annotation": 1}
    batches = list(islice(loader, 6))
    assert [_is_still(x) for b in batches for x in b] == [i % 2 == 1 for i in range(18)]
    news = loader.take()
    assert [skip.path[-24:] for skips in news for skip in skips] == ["rain/n02084071/n02084071_1.JPEG"[-24:]] * len(
        news
    )
    assert len(news) == sum("skipped" in x for b in batches for x in b) > 0
    again = build_pair_train_loader(cfg)
    again.sampler.seek(3, again.batch_size)
    assert [_signature(b) for b in islice(again, 3)] == [_signature(b) for b in batches[3:]]


def test_broken_files_are_errors_by_default(cfg: CfgNode, broken: Path) -> None:
    cfg.DATASETS.ON_FAULT = "error"
    with pytest.raises(FileNotFoundError, match=r"000003\.xml is missing|000003\.JPEG is listed but missing"):
        build_pair_train_loader(cfg)
    with pytest.raises(FileNotFoundError, match=r"000003\.JPEG is missing"):
        build_video_test_loader(cfg, "minivid_val_seen")


@pytest.mark.parametrize(("chunk", "workers", "stride"), [(1, 0, 1), (3, 2, 1), (8, 0, 1), (2, 0, 3)])
def test_the_frame_before_a_missing_one_is_shown(
    cfg: CfgNode, broken: Path, chunk: int, workers: int, stride: int
) -> None:
    cfg.TEST.FRAMES_PER_BATCH, cfg.DATALOADER.NUM_WORKERS, cfg.TEST.TEMPORAL_STRIDE = chunk, workers, stride
    items = {(x["video_id"], x["frame_index"]): x for b in build_video_test_loader(cfg, "minivid_val_seen") for x in b}
    assert len(items) == {1: 9, 3: 5}[stride]
    assert [key for key, x in items.items() if "skipped" in x] == [(0, 3)]
    cfg.TEST.FRAMES_PER_BATCH, cfg.DATALOADER.NUM_WORKERS, cfg.TEST.TEMPORAL_STRIDE = 1, 0, 1
    before = next(b[0] for b in build_video_test_loader(cfg, "minivid_val_seen") if b[0]["frame_index"] == 2)
    assert torch.equal(items[0, 3]["image"], before["image"])
    assert items[0, 3]["file_name"].endswith("000003.JPEG")
