"""The trainer: a run that was stopped and resumed sees the same items and ends in the same weights."""

from __future__ import annotations

import logging
import random
import zlib
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from detectron2.config import CfgNode
from detectron2.engine import HookBase
from detectron2.engine.hooks import EvalHook, PeriodicCheckpointer, PeriodicWriter
from detectron2.evaluation import DatasetEvaluator
from torch import nn

from dnt_d2.engine import SeedEachStep, Trainer
from dnt_d2.modeling import DetectAndTrack
from dnt_d2.training.checkpoint import PatientCheckpoints
from dnt_d2.training.preemption import StopOnSignal
from dnt_d2.training.records import Records

pytestmark = pytest.mark.usefixtures("loggers_as_before")

Make = Callable[..., Any]
STEPS = 7


@pytest.fixture
def make_cfg(small_cfg: Make, tiny_datasets: Path, tmp_path: Path) -> Callable[..., CfgNode]:
    """``make_cfg(folder, *overrides)``: seven steps on the tiny data set, a checkpoint after every third."""

    def make(folder: str, *overrides: Any) -> CfgNode:
        return small_cfg(
            *("OUTPUT_DIR", str(tmp_path / folder)),
            *("MODEL.ROI_HEADS.NUM_CLASSES", 30),
            *("DATASETS.TRAIN", ("imagenet_vid_train", "imagenet_det_train_30classes")),
            *("DATASETS.TEST", ()),
            *("SOLVER.MAX_ITER", STEPS),
            *("SOLVER.STEPS", (5,)),
            *("SOLVER.BASE_LR", 0.01),
            *("SOLVER.CHECKPOINT_PERIOD", 3),
            *overrides,
        )

    return make


@pytest.fixture(autouse=True)
def tame_trunk(monkeypatch: pytest.MonkeyPatch, small_model: Make) -> None:
    """A trainer builds the small model with its residual branches damped."""
    monkeypatch.setattr(Trainer, "build_model", classmethod(lambda cls, cfg: small_model(cfg)))


@pytest.fixture
def items(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Fills with (file name, checksum of the pixels: a mirrored picture has another) of all that is trained on."""
    seen: list[tuple[str, int]] = []
    losses = DetectAndTrack.losses

    def spy(self: DetectAndTrack, batch: list[dict[str, Any]]) -> Any:
        seen.extend((Path(x["file_name"]).name, zlib.crc32(x["image"].numpy().tobytes())) for x in batch)
        return losses(self, batch)

    monkeypatch.setattr(DetectAndTrack, "losses", spy)
    return seen


class StopAt(HookBase):
    """Ends a training as an error would."""

    def __init__(self, iteration: int) -> None:
        self.iteration = iteration

    def after_step(self) -> None:
        if self.trainer.iter == self.iteration:
            raise KeyboardInterrupt


def weights(cfg: CfgNode) -> dict[str, torch.Tensor]:
    return torch.load(Path(cfg.OUTPUT_DIR) / "model_final.pth", weights_only=False)["model"]


def assert_same_weights(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    """A GPU adds gradients in any order, and one step leads to the next."""
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        tolerance = 1e-6 if value.device.type == "cpu" else 2e-3
        assert torch.allclose(value, found[name], rtol=0, atol=tolerance), name


def train(cfg: CfgNode, *, resume: bool = False, stop_at: int | None = None) -> Trainer:
    torch.manual_seed(random.getrandbits(31))  # whatever the process did before doesn't matter
    trainer = Trainer(cfg)
    trainer.resume_or_load(resume=resume)
    if stop_at is None:
        trainer.train()
        return trainer
    trainer.register_hooks([StopAt(stop_at)])
    with pytest.raises(KeyboardInterrupt):
        trainer.train()
    return trainer


# Seeds


def draws(seed: int, iteration: int) -> tuple[Any, ...]:
    class Run:
        pass

    hook, run = SeedEachStep(), Run()
    hook.trainer = run  # type: ignore[assignment]
    run.seed, run.iter = seed, iteration  # type: ignore[attr-defined]
    hook.before_step()
    return random.random(), np.random.rand(), torch.rand(1).item()


def test_random_numbers_of_a_step_depend_on_seed_and_iteration_alone() -> None:
    first = draws(3, 10)
    assert len(set(first)) == 3  # the three generators are not alike
    draws(8, 1)
    assert draws(3, 10) == first
    for other in (draws(3, 11), draws(4, 10)):
        assert not set(first) & set(other)


# Resuming


def test_a_resumed_run_equals_an_uninterrupted_one(
    make_cfg: Callable[..., CfgNode], items: list[tuple[str, int]]
) -> None:
    stopped = make_cfg("stopped", "SEED", -1)
    first = train(stopped, stop_at=4)  # the last checkpoint is of the first three iterations
    assert len(items) == 5 * 2
    del items[3 * 2 :]
    resumed = train(stopped, resume=True)
    assert resumed.start_iter == 3
    assert resumed.seed == first.seed
    in_two_parts = items[:]
    items.clear()
    # A seed was drawn; it is the one that a run in one go must be given.
    whole = make_cfg("whole", "SEED", first.seed)
    train(whole)
    assert in_two_parts == items
    assert len(items) == STEPS * 2
    assert_same_weights(weights(stopped), weights(whole))


def test_runs_without_a_seed_differ(make_cfg: Callable[..., CfgNode]) -> None:
    assert len({Trainer(make_cfg("x", "SEED", -1)).seed for _ in range(3)}) == 3
    assert Trainer(make_cfg("x", "SEED", 3)).seed == 3


def test_resuming_without_a_checkpoint_begins_at_the_beginning(
    make_cfg: Callable[..., CfgNode], items: list[tuple[str, int]]
) -> None:
    cfg = make_cfg("new", "SOLVER.MAX_ITER", 1)
    assert train(cfg, resume=True).start_iter == 0
    assert len(items) == 2


def test_hooks_come_in_an_order_that_loses_nothing(make_cfg: Callable[..., CfgNode]) -> None:
    """A checkpoint before the evaluation that may fail, a stop after the checkpoint, and what finishes a step last."""
    trainer = Trainer(make_cfg("x"))
    kinds = [type(hook) for hook in trainer.build_hooks()]
    order = [PatientCheckpoints, StopOnSignal, EvalHook, PeriodicWriter, Records]
    assert [kind for kind in kinds if kind in order] == order
    assert PeriodicCheckpointer not in kinds
    assert kinds[-1] is Records


def test_a_damaged_checkpoint_costs_its_iterations_alone(
    make_cfg: Callable[..., CfgNode], items: list[tuple[str, int]]
) -> None:
    """The last of two is cut off: the one before is gone on from, with the items of then."""
    cfg = make_cfg("damaged", "SOLVER.MAX_ITER", 4, "SOLVER.CHECKPOINT_PERIOD", 2)
    train(cfg)
    folder, seen = Path(cfg.OUTPUT_DIR), items[:]
    for path in (folder / "model_0000003.pth", folder / "model_final.pth"):
        path.write_bytes(path.read_bytes()[:-100])
    items.clear()
    assert train(cfg, resume=True).start_iter == 2
    assert items == seen[2 * 2 :]


def test_resuming_a_finished_run_trains_no_more(make_cfg: Callable[..., CfgNode], items: list[tuple[str, int]]) -> None:
    cfg = make_cfg("done", "SOLVER.MAX_ITER", 2)
    train(cfg)
    items.clear()
    train(cfg, resume=True)
    assert items == []


def test_another_batch_size_is_said_aloud(make_cfg: Callable[..., CfgNode], caplog: pytest.LogCaptureFixture) -> None:
    train(make_cfg("a", "SOLVER.MAX_ITER", 3))
    logging.getLogger("dnt_d2").propagate = True
    with caplog.at_level(logging.WARNING, logger="dnt_d2"):
        Trainer(make_cfg("a")).resume_or_load(resume=True)
        assert "items per rank" not in caplog.text
        Trainer(make_cfg("a", "SOLVER.IMS_PER_BATCH", 4)).resume_or_load(resume=True)
    assert "trained with 6 items per rank, this run would have had 12" in caplog.text


def test_starting_from_a_model_is_not_resuming(make_cfg: Callable[..., CfgNode], items: list[tuple[str, int]]) -> None:
    """D&T starts from a trained D: its detector is loaded, the training begins at the beginning."""
    d = make_cfg("d", "SOLVER.MAX_ITER", 2, "MODEL.TRACK_HEAD.NAME", "")
    train(d)
    items.clear()
    path = str(Path(d.OUTPUT_DIR) / "model_final.pth")
    dnt = Trainer(make_cfg("dnt", "MODEL.WEIGHTS", path))
    dnt.resume_or_load(resume=False)
    assert dnt.start_iter == 0
    state = dnt.model.state_dict()
    for name, value in weights(d).items():
        assert torch.equal(state[name], value), name


# Training


def test_pairs_for_dnt_and_single_frames_for_d(make_cfg: Callable[..., CfgNode]) -> None:
    pairs = next(iter(Trainer.build_train_loader(make_cfg("x"))))
    assert len(pairs) == 2
    assert all("next_image" in x for x in pairs)
    # A video and a still in turn.
    assert [x["video_length"] == 1 for x in pairs][1]
    frames = next(iter(Trainer.build_train_loader(make_cfg("x", "MODEL.TRACK_HEAD.NAME", ""))))
    assert all("next_image" not in x for x in frames)


def test_batches_follow_each_other(make_cfg: Callable[..., CfgNode]) -> None:
    """What the loader gives after a seek is what it would have given then."""
    cfg = make_cfg("x")
    whole = [[x["file_name"] for x in batch] for batch in islice(Trainer.build_train_loader(cfg), 6)]
    loader: Any = Trainer.build_train_loader(cfg)
    loader.sampler.seek(4, loader.batch_size)
    assert [[x["file_name"] for x in batch] for batch in islice(loader, 2)] == whole[4:]


def test_evaluation_during_training(make_cfg: Callable[..., CfgNode], items: list[tuple[str, int]]) -> None:
    """It changes nothing of the training: neither the mode nor the random numbers."""
    plain = make_cfg("plain", "SOLVER.MAX_ITER", 3)
    train(plain)
    without = items[:]
    items.clear()
    cfg = make_cfg("evaluated", "SOLVER.MAX_ITER", 3, "TEST.EVAL_PERIOD", 1, "DATASETS.TEST", ("minivid_val_novel",))
    trainer = train(cfg)
    assert {"frame/AP50", "tube/AP50"} <= set(trainer.storage.histories())
    assert items == without
    assert_same_weights(weights(cfg), weights(plain))


def test_d_trains(make_cfg: Callable[..., CfgNode], items: list[tuple[str, int]]) -> None:
    cfg = make_cfg("d", "MODEL.TRACK_HEAD.NAME", "", "SOLVER.MAX_ITER", 3)
    trainer = train(cfg)
    assert len(items) == 6
    names = {name for name in trainer.storage.histories() if name.startswith("loss_")}
    assert names == {"loss_rpn_cls", "loss_rpn_loc", "loss_cls", "loss_box_reg"}


def test_half_precision(make_cfg: Callable[..., CfgNode], items: list[tuple[str, int]], device: torch.device) -> None:
    """Detectron2's AMPTrainer; its loss scale is resumed along with the weights."""
    if device.type != "cuda":
        pytest.skip("Detectron2 trains in half precision on GPUs alone: --device cuda")
    cfg = make_cfg("half", "SOLVER.AMP.ENABLED", True)
    train(cfg, stop_at=4)
    resumed = train(cfg, resume=True)
    assert resumed.start_iter == 3
    assert resumed.state_dict()["stepper"]["grad_scaler"]["scale"] > 0
    assert len(items) == (5 + STEPS - 3) * 2
    assert all(value.isfinite().all() for value in weights(cfg).values())
    assert all(loss.latest() < 1e4 for name, loss in resumed.storage.histories().items() if "loss" in name)


# Testing


class Counter(DatasetEvaluator):
    """Keeps what it is given."""

    def reset(self) -> None:
        self.outputs: list[tuple[int, int, dict[str, Any]]] = []

    def process(self, inputs: Any, outputs: Any) -> None:
        for x, output in zip(inputs, outputs, strict=True):
            self.outputs.append((x["video_id"], x["frame_index"], output))

    def evaluate(self) -> dict[str, Any]:
        return {"frames": len(self.outputs)}


@pytest.mark.parametrize("chunk", [1, 3])
def test_testing_streams_videos(make_cfg: Callable[..., CfgNode], small_model: Make, chunk: int) -> None:
    cfg = make_cfg("x", "DATASETS.TEST", ("imagenet_vid_val",), "TEST.FRAMES_PER_BATCH", chunk)
    model, counter, images = small_model(cfg, lively=True), Counter(), []
    handle = model.backbone.register_forward_pre_hook(lambda _, args: images.append(len(args[0])))
    assert Trainer.test(cfg, model, counter) == {"frames": 14}
    handle.remove()
    assert sum(images) == 14  # each frame's trunk runs once
    assert [(v, f) for v, f, _ in counter.outputs] == [(v, f) for v, n in enumerate((8, 5, 1)) for f in range(n)]
    for _, frame, output in counter.outputs:
        assert set(output) == {"instances", "link_candidates", "tracklets", "proposals"}
        assert (len(output["tracklets"]) > 0) == (frame > 0)


@pytest.mark.parametrize("training", [True, False])
def test_testing_leaves_the_mode_as_it_was(make_cfg: Callable[..., CfgNode], small_model: Make, training: bool) -> None:
    cfg = make_cfg("x", "DATASETS.TEST", ("minivid_val_novel",))
    model = small_model(cfg).train(training)
    Trainer.test(cfg, model, Counter())
    assert model.training is training
    assert model.backbone.training is training


def test_our_evaluator_is_the_default(make_cfg: Callable[..., CfgNode], small_model: Make) -> None:
    cfg = make_cfg("x", "DATASETS.TEST", ("imagenet_vid_val",))
    results = Trainer.test(cfg, small_model(cfg, lively=True))
    assert {"frame", "tube"} <= set(results)
    assert 0 <= results["frame"]["AP50"] <= 100
    assert (Path(cfg.OUTPUT_DIR) / "inference").is_dir()


def test_average_precision_does_not_depend_on_chunks(make_cfg: Callable[..., CfgNode], small_model: Make) -> None:
    """Nor does it on one rank's share: whole videos."""
    results = []
    for chunk in (1, 2, 5):
        cfg = make_cfg("x", "DATASETS.TEST", ("imagenet_vid_val",), "TEST.FRAMES_PER_BATCH", chunk)
        found = Trainer.test(cfg, small_model(cfg, lively=True))
        results.append({f"{kind}/{name}": ap for kind, row in found.items() for name, ap in row.items()})
    for other in results[1:]:
        assert other == pytest.approx(results[0], abs=0.1, nan_ok=True)


def test_another_architecture_is_tested_as_it_is(make_cfg: Callable[..., CfgNode]) -> None:
    class Other(nn.Module):
        def forward(self, batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return [{} for _ in batch]

    cfg = make_cfg("x", "DATASETS.TEST", ("minivid_val_novel",))
    assert Trainer.test(cfg, Other(), Counter()) == {"frames": 5}
