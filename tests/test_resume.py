"""dnt_d2/resume.py: what decides whether a video is to be seen again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("detectron2")

import torch
from detectron2.config import CfgNode, get_cfg
from detectron2.evaluation import DatasetEvaluator, DatasetEvaluators
from torch import nn
from torch.utils.data import DataLoader

from dnt_d2.config import add_dnt_config
from dnt_d2.data import VideoChunkSampler
from dnt_d2.evaluation import VIDEvaluator
from dnt_d2.evaluation.video_record import VideoRecorder
from dnt_d2.resume import resume_run, says

if TYPE_CHECKING:
    from dnt_d2.evaluation.saved_run import SavedRun

LENGTHS = {4: 3, 6: 1, 9: 2}  # video id -> frames


def config(*changes: Any) -> CfgNode:
    cfg = get_cfg()
    add_dnt_config(cfg)
    cfg.merge_from_list(list(changes))
    return cfg


def make_dicts() -> list[dict[str, Any]]:
    return [
        {"file_name": f"{video}/{index}.JPEG", "video_id": video, "frame_index": index, "annotations": []}
        for video, length in LENGTHS.items()
        for index in range(length)
    ]


def evaluator_in(folder: Path | None) -> VIDEvaluator:
    return VIDEvaluator((make_dicts(), ["a"]), output_dir=None if folder is None else str(folder), distributed=False)


def make_loader() -> DataLoader:
    sampler = VideoChunkSampler({4: [0, 1, 2], 6: [3], 9: [4, 5]}, frames_per_batch=2, rank=0, world_size=1)
    return DataLoader(list(range(6)), batch_sampler=sampler)  # type: ignore[arg-type]


def batches(loader: DataLoader) -> list[list[int]]:
    return [batch.tolist() for batch in loader]


class Network(nn.Module):
    """Parameters, a buffer without dimensions, one without values, and one that is no float."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.layer = nn.Linear(2, 3).to(torch.bfloat16)
        self.norm = nn.BatchNorm1d(2)
        self.register_buffer("none", torch.zeros(0, 4))
        self.register_buffer("kept", torch.tensor([True, False]))


def finish(run: SavedRun, video: int) -> None:
    recorder = VideoRecorder(1)
    for index in range(LENGTHS[video]):
        recorder.add(index, {"detections": {"boxes": torch.zeros(0, 4).numpy(), "scores": [], "classes": []}})
    run.write(video, recorder.record())


def saved_in(evaluator: VIDEvaluator) -> SavedRun:
    assert evaluator._run is not None
    return evaluator._run


@pytest.mark.parametrize(
    "change",
    [
        ("TUBES.LINK_IOU", 0.9),
        ("TUBES.ONLINE", True),
        ("TUBES.TRIM_SCORE", 0.9),
        ("OUTPUT_DIR", "elsewhere"),
        ("MODEL.WEIGHTS", "other.pth"),
        ("MODEL.DEVICE", "cpu"),
        ("TEST.SAVE_RUN", False),
        ("TEST.EVAL_PERIOD", 77),
        ("TEST.FRAMES_PER_BATCH", 5),
        ("SOLVER.BASE_LR", 7.0),
        ("DATALOADER.NUM_WORKERS", 0),
        ("SEED", 5),
    ],
    ids=lambda change: change[0],
)
def test_what_does_not_matter(change: Sequence[Any]) -> None:
    cfg = config()
    assert cfg_value(cfg, change[0]) != change[1]
    assert says(config(*change)) == says(cfg)


@pytest.mark.parametrize(
    "change",
    [
        ("MODEL.ROI_HEADS.NUM_CLASSES", 7),
        ("MODEL.RPN.POST_NMS_TOPK_TEST", 77),
        ("MODEL.TRACK_HEAD.NAME", ""),
        ("MODEL.PIXEL_MEAN", [1.0, 2.0, 3.0]),
        ("INPUT.MIN_SIZE_TEST", 77),
        ("INPUT.FORMAT", "RGB"),
        ("TEST.TEMPORAL_STRIDE", 3),
        ("TEST.SCORE_AVERAGE", "weights"),
        ("TEST.PRECISION", "bfloat16"),
        ("MODEL.CHANNELS_LAST", True),
        ("TEST.DETECTIONS_PER_IMAGE", 77),
        ("DATASETS.PROPOSAL_FILES_TEST", ("boxes.pkl",)),
    ],
    ids=lambda change: change[0],
)
def test_what_matters(change: Sequence[Any]) -> None:
    cfg = config()
    assert cfg_value(cfg, change[0]) != change[1]
    assert says(config(*change)) != says(cfg)


def cfg_value(cfg: CfgNode, key: str) -> Any:
    for part in key.split("."):
        cfg = cfg[part]
    return cfg


def test_saying_changes_no_config() -> None:
    cfg = config()
    cfg.freeze()
    before = cfg.dump()
    says(cfg)
    assert cfg.dump() == before
    assert cfg.is_frozen()


def test_finished_videos_are_left_out_of_the_loader(tmp_path: Path) -> None:
    evaluator, loader = evaluator_in(tmp_path), make_loader()
    resume_run(config(), Network(), loader, evaluator)
    assert batches(loader) == [[0, 1], [2], [3], [4, 5]]
    assert len(loader) == 4
    finish(saved_in(evaluator), 4)
    again = evaluator_in(tmp_path)
    resume_run(config("TUBES.TOP_K", 7), Network(), loader, again)
    assert saved_in(again).folder == saved_in(evaluator).folder
    assert batches(loader) == [[3], [4, 5]]
    assert len(loader) == 2
    for video in (6, 9):
        finish(saved_in(again), video)
    resume_run(config(), Network(), loader, evaluator_in(tmp_path))
    assert batches(loader) == []


@pytest.mark.parametrize("name", ["layer.weight", "norm.running_mean", "norm.num_batches_tracked", "kept"])
def test_other_weights_are_another_run(tmp_path: Path, name: str) -> None:
    first, second, loader = evaluator_in(tmp_path), evaluator_in(tmp_path), make_loader()
    resume_run(config(), Network(), loader, first)
    finish(saved_in(first), 4)
    changed = Network()
    state = changed.state_dict()
    state[name].view(-1)[0] = not state[name].view(-1)[0] if name == "kept" else state[name].view(-1)[0] + 1
    resume_run(config(), changed, loader, second)
    assert saved_in(second).folder != saved_in(first).folder
    assert len(loader) == 4
    # And the first is still there for its own.
    resume_run(config(), Network(), loader, evaluator_in(tmp_path))
    assert len(loader) == 2


def test_another_config_is_another_run(tmp_path: Path) -> None:
    first, second, loader = evaluator_in(tmp_path), evaluator_in(tmp_path), make_loader()
    resume_run(config(), Network(), loader, first)
    finish(saved_in(first), 4)
    resume_run(config("INPUT.MIN_SIZE_TEST", 77), Network(), loader, second)
    assert saved_in(second).folder != saved_in(first).folder
    assert len(loader) == 4


def test_other_evaluators_are_left_alone(tmp_path: Path) -> None:
    loader = make_loader()
    for evaluator in (DatasetEvaluator(), DatasetEvaluators([evaluator_in(tmp_path)])):
        resume_run(config(), Network(), loader, evaluator)
    assert batches(loader) == [[0, 1], [2], [3], [4, 5]]
    assert list(tmp_path.iterdir()) == []


def test_other_loaders_are_left_alone(tmp_path: Path) -> None:
    evaluator = evaluator_in(tmp_path)
    for loader in (DataLoader(list(range(6)), batch_size=4), DataLoader(list(range(6)), batch_size=None)):  # type: ignore[arg-type]
        resume_run(config(), Network(), loader, evaluator)
    assert evaluator._run is None
    assert list(tmp_path.iterdir()) == []


def test_a_run_needs_a_folder() -> None:
    with pytest.raises(ValueError, match="give the evaluator an output_dir"):
        resume_run(config(), Network(), make_loader(), evaluator_in(None))
