"""The watch over training: what is not finite stops it before the update, is named, and can be run again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from detectron2.config import CfgNode, get_cfg
from detectron2.engine import SimpleTrainer
from detectron2.utils import comm
from detectron2.utils.events import EventStorage
from torch import Tensor, distributed, nn

from dnt_d2.training.loss_watch import FOLDER, PATIENCE, LossWatch, NonFiniteError, random_states
from dnt_d2.training.step_file import Step

NAN, INF = float("nan"), float("inf")


class Toy(nn.Module):
    """loss_a is w x; loss_b is the root of v y, whose gradient is infinite at 0."""

    def __init__(self) -> None:
        super().__init__()
        self.w, self.v = nn.Parameter(torch.tensor(2.0)), nn.Parameter(torch.tensor(1.0))
        self.unused = nn.Parameter(torch.tensor(0.0))

    def forward(self, batch: list[dict[str, Any]]) -> dict[str, Tensor]:
        if "refuse" in batch[0]:
            raise FloatingPointError("Predicted boxes contain NaN.")
        x, y = (torch.tensor(batch[0][key]) for key in "xy")
        return {"loss_a": self.w * x, "loss_b": (self.v * y).sqrt()}


class Run:
    """A training with the watch, whose batches are ``items``."""

    def __init__(self, folder: Path, items: list[dict[str, Any]], half: bool = False) -> None:
        cfg: CfgNode = get_cfg()
        cfg.OUTPUT_DIR, cfg.SOLVER.AMP.ENABLED = str(folder), half
        self.model, self.folder = Toy(), folder / FOLDER
        loader = [[{"file_name": f"{n}.jpg", "x": 1.0, "y": 1.0, **item}] for n, item in enumerate(items)]
        self.stepper = SimpleTrainer(self.model, loader, torch.optim.SGD(self.model.parameters(), lr=0.1))  # type: ignore[arg-type]
        self.watch = LossWatch(self.model, cfg)
        self.stepper.register_hooks([self.watch])

    def __call__(self, steps: int) -> None:
        with EventStorage() as self.stepper.storage:
            for self.stepper.iter in range(steps):
                with self.watch.over(self.stepper.iter, seed=3):
                    self.stepper.run_step()

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("*"))


def test_finite_steps_leave_nothing_behind(tmp_path: Path) -> None:
    run = Run(tmp_path, [{}] * 3)
    run(3)
    assert run.model.w.item() == pytest.approx(2.0 - 3 * 0.1)
    assert run.files() == []
    assert not run.model._forward_hooks  # an evaluation on the way copies the model
    assert not run.model._forward_pre_hooks


@pytest.mark.parametrize(
    ("item", "fault"),
    [
        ({"x": NAN}, r"^loss_a is nan \("),
        ({"x": -INF}, r"^loss_a is -inf \("),
        ({"x": INF, "y": -1.0}, r"^loss_a is inf and loss_b is nan \("),
        ({"y": 0.0}, r"^the losses are finite, but not the gradients of v \("),
        ({"x": 1e30}, r"^the gradients are so large that their norm is infinite, up to 1\.0e\+30 in w \("),
        ({"refuse": 1}, r"^Predicted boxes contain NaN \("),
        ({"x": NAN, "z": torch.tensor([NAN])}, r"^loss_a is nan; not finite already in the batch: 0\.z \("),
    ],
)
def test_what_is_not_finite_stops_before_the_update(tmp_path: Path, item: dict[str, Any], fault: str) -> None:
    run = Run(tmp_path, [{}, item])
    with pytest.raises(NonFiniteError, match=fault) as caught:
        run(2)
    assert run.model.w.item() == pytest.approx(1.9)  # as the first step left it
    path = run.folder / "iteration_1_rank_0.pth"
    for words in ("iteration 1, rank 0 of 1", "Images: 1.jpg.", f"python tools/replay_batch.py {path}", " MB)"):
        assert words in str(caught.value)
    assert run.files() == [path.name]
    step = Step.load(path)
    assert (step.iteration, step.rank, step.world_size, step.seed, step.half) == (1, 0, 1, 3, False)
    assert step.batch[0]["file_name"] == "1.jpg"
    assert step.weights["w"].item() == pytest.approx(1.9)
    assert step.terms.keys() == (set() if "refuse" in item else {"loss_a", "loss_b"})
    assert str(caught.value).startswith(step.fault)


def test_weights_that_are_not_finite_are_named(tmp_path: Path) -> None:
    run = Run(tmp_path, [{}])
    run.model.v.data.fill_(NAN)
    with pytest.raises(NonFiniteError, match="loss_b is nan; not finite already in the weights: v "):
        run(1)


def test_without_room_the_error_still_names_the_term(tmp_path: Path) -> None:
    run = Run(tmp_path, [{"x": NAN}])
    run.folder.write_bytes(b"")
    with pytest.raises(NonFiniteError, match=r"^loss_a is nan .*0\.jpg.* could not be written to"):
        run(1)


@pytest.mark.parametrize(
    ("item", "others", "message", "writes"),
    [
        ({}, [0.0, 0.0, 0.0], "", False),
        ({}, [1.0, 0.0, 0.0], "^rank 0 says: it was me$", False),
        ({"x": NAN}, [0.0, 0.0, 0.0], "loss_a is nan .*rank 1 of 2", True),
        ({"x": NAN}, [1.0, 0.0, 1.0], "loss_a is nan .*rank 1 of 2", True),
        ({"y": 0.0}, [0.0, 0.0, 1.0], "gradients of v .*rank 1 of 2", True),
    ],
)
def test_all_ranks_stop_and_those_at_fault_write(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    item: dict[str, Any],
    others: list[float],
    message: str,
    writes: bool,
) -> None:
    run = Run(tmp_path, [item])
    monkeypatch.setattr(comm, "get_rank", lambda: 1)
    monkeypatch.setattr(comm, "get_world_size", lambda: 2)
    monkeypatch.setattr(comm, "gather", lambda x: [x])
    monkeypatch.setattr(comm, "is_main_process", lambda: False)
    monkeypatch.setattr(distributed, "all_reduce", lambda x: x.add_(torch.tensor(others)))
    monkeypatch.setattr(comm, "all_gather", lambda own: ["it was me" if others[0] else "", own])
    if message:
        with pytest.raises(NonFiniteError, match=message):
            run(1)
    else:
        run(1)
    assert run.files() == (["iteration_0_rank_1.pth"] if writes else [])


def test_skipped_updates_of_half_precision_are_no_fault_until_they_are_many(tmp_path: Path) -> None:
    class Scaler:
        def get_scale(self) -> float:
            return 0.25

    run = Run(tmp_path, [{"y": 0.0}] * PATIENCE + [{}] + [{"y": 0.0}] * PATIENCE, half=True)
    run.stepper.grad_scaler = Scaler()  # type: ignore[attr-defined]
    without_updates(run)
    run(PATIENCE - 1)
    with pytest.raises(NonFiniteError, match=f"{PATIENCE} updates in a row were skipped.*gradients of v"):
        run(PATIENCE)
    assert Step.load(next(run.folder.iterdir())).scale == 0.25
    with pytest.raises(NonFiniteError, match="loss_a is nan"):  # a loss is not scaled yet: it always stops
        Run(tmp_path, [{"x": NAN}], half=True)(1)


def without_updates(run: Run) -> None:
    """Updates are skipped, as AMPTrainer does."""
    run.stepper.optimizer.step = lambda *_: None  # type: ignore[method-assign,assignment]


def test_a_step_that_was_not_skipped_starts_the_count_again(tmp_path: Path) -> None:
    items = [{"y": 0.0}] * (PATIENCE - 1) + [{}] + [{"y": 0.0}] * (PATIENCE - 1)
    run = Run(tmp_path, items, half=True)
    without_updates(run)
    run(len(items))
    assert run.files() == []


def test_random_states_are_those_of_the_moment() -> None:
    state = random_states(torch.device("cpu"))
    first = torch.rand(3)
    torch.set_rng_state(state["cpu"])
    assert torch.equal(torch.rand(3), first)
    assert list(state) == ["cpu"]


def test_the_trainer_has_the_watch(
    tmp_path: Path, small_cfg: Callable[..., CfgNode], tiny_datasets: Path, loggers_as_before: None
) -> None:
    from dnt_d2.engine import Trainer

    trainer = Trainer(
        small_cfg(
            *("OUTPUT_DIR", str(tmp_path)),
            *("MODEL.ROI_HEADS.NUM_CLASSES", 30),
            *("DATASETS.TRAIN", ("imagenet_vid_train", "imagenet_det_train_30classes")),
            *("DATASETS.TEST", ()),
            *("SOLVER.MAX_ITER", 2),
        )
    )
    trainer.model.track_head.conv.bias.data.fill_(NAN)
    with pytest.raises(NonFiniteError, match="loss_track is nan"):
        trainer.train()
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["iteration_0_rank_0.pth"]
    assert not list(tmp_path.glob("model_*.pth"))
