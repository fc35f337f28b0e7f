"""train_net.py from the command line: train, get killed, resume, evaluate, meet expectations or not."""

from __future__ import annotations

import argparse
import functools
import importlib.util
import json
import os
import signal
import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from detectron2.checkpoint import DetectionCheckpointer

from dnt_d2.modeling import DetectAndTrack

pytestmark = pytest.mark.usefixtures("loggers_as_before")

ROOT = Path(__file__).parents[1]
STEPS = 6
Make = Callable[..., Any]


@functools.cache
def load_train_net() -> ModuleType:
    spec = importlib.util.spec_from_file_location("train_net", ROOT / "train_net.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def train_net() -> ModuleType:
    return load_train_net()


@pytest.fixture
def items(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Fills with the file name and a checksum (a mirrored picture has another) of all that is trained on."""
    seen: list[str] = []
    losses = DetectAndTrack.losses

    def spy(self: DetectAndTrack, batch: list[dict[str, Any]]) -> Any:
        seen.extend(f"{Path(x['file_name']).name} {zlib.crc32(x['image'].numpy().tobytes())}" for x in batch)
        return losses(self, batch)

    monkeypatch.setattr(DetectAndTrack, "losses", spy)
    return seen


@pytest.fixture
def command(small_cfg: Make, small_model: Make, tiny_datasets: Path, tmp_path: Path) -> Callable[..., list[str]]:
    """``command(folder, *options, **keys)``: arguments of train_net.py, for the tiny data set and a small network.

    A key is written with two underscores for each dot. The network starts from (and is evaluated with) ``start.pth``.
    """
    cfg = small_cfg(
        *("MODEL.ROI_HEADS.NUM_CLASSES", 30),
        *("MODEL.WEIGHTS", str(tmp_path / "start.pth")),
        *("DATASETS.TRAIN", ("imagenet_vid_train", "imagenet_det_train_30classes")),
        *("DATASETS.TEST", ("imagenet_vid_val",)),
        *("SOLVER.MAX_ITER", STEPS),
        *("SOLVER.CHECKPOINT_PERIOD", 2),
        *("SOLVER.BASE_LR", 0.01),
    )
    DetectionCheckpointer(small_model(cfg), str(tmp_path)).save("start")
    (tmp_path / "tiny.yaml").write_text(cfg.dump())

    def make(folder: str, *options: str, **keys: Any) -> list[str]:
        pairs = [str(part) for key, value in keys.items() for part in (key.replace("__", "."), value)]
        return ["--config-file", str(tmp_path / "tiny.yaml"), *options, "OUTPUT_DIR", str(tmp_path / folder), *pairs]

    return make


def parse(arguments: list[str]) -> argparse.Namespace:
    return load_train_net().get_parser().parse_args(arguments)


def final(folder: Path) -> dict[str, Any]:
    return torch.load(folder / "model_final.pth", weights_only=False)


def test_killed_and_resumed(
    train_net: ModuleType,
    command: Make,
    items: list[str],
    in_a_copy: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same command with --resume goes on from the last checkpoint, with the items that come next."""
    # Killed in the sixth step; the last checkpoint is of the fourth. No seed is given: one is drawn. On the CPU, where
    # sums are always made in one order.
    task, log = command("killed", DATASETS__TEST="()", SEED=-1, MODEL__DEVICE="cpu"), tmp_path / "items.txt"
    losses = DetectAndTrack.losses

    def die_in_the_sixth(self: DetectAndTrack, batch: list[dict[str, Any]]) -> Any:
        log.write_text("\n".join(items))
        if len(items) == 5 * 2:
            os.kill(os.getpid(), signal.SIGKILL)  # as a machine that goes down would
        return losses(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(DetectAndTrack, "losses", die_in_the_sixth)
        assert in_a_copy(lambda: train_net.main(parse(task))) == -signal.SIGKILL
    assert (tmp_path / "killed" / "last_checkpoint").read_text() == "model_0000003.pth"
    before = log.read_text().splitlines()
    assert len(before) == 5 * 2

    train_net.main(parse(["--resume", *task]))
    in_two_parts = [*before[: 4 * 2], *items]
    items.clear()
    seed = final(tmp_path / "killed")["trainer"]["seed"]
    train_net.main(parse(command("whole", DATASETS__TEST="()", SEED=seed, MODEL__DEVICE="cpu")))
    assert in_two_parts == items
    assert len(items) == STEPS * 2
    found, expected = (final(tmp_path / folder)["model"] for folder in ("killed", "whole"))
    for name, value in expected.items():
        assert torch.allclose(value, found[name], rtol=0, atol=1e-6), name


def test_training_ends_with_an_evaluation(train_net: ModuleType, command: Make, tmp_path: Path) -> None:
    train_net.main(parse(command("run", SOLVER__MAX_ITER=2)))
    folder = tmp_path / "run"
    assert {"config.yaml", "log.txt", "metrics.json", "model_final.pth", "last_checkpoint"} <= set(os.listdir(folder))
    last = json.loads((folder / "metrics.json").read_text().splitlines()[-1])
    assert {"frame/AP50", "tube/AP50"} <= set(last)
    # The evaluator's own words are in the log, too.
    assert "14 frames of imagenet_vid_val" in (folder / "log.txt").read_text()


@pytest.fixture
def results(train_net: ModuleType, command: Make) -> dict[str, Any]:
    return train_net.main(parse(command("measured", "--eval-only")))


def test_expectations_that_are_met(train_net: ModuleType, command: Make, results: dict[str, Any]) -> None:
    """TEST.EXPECTED_RESULTS, as in Detectron2's quick schedules."""
    assert {"frame", "tube"} <= set(results)
    expected = [[kind, "AP50", results[kind]["AP50"], 0.01] for kind in ("frame", "tube")]
    again = train_net.main(parse(command("again", "--eval-only", TEST__EXPECTED_RESULTS=expected)))
    assert again["tube"]["AP50"] == pytest.approx(results["tube"]["AP50"])


@pytest.mark.parametrize("expected", [["frame", "AP50", 200.0, 1.0], ["tube", "AP51", 0.0, 100.0]])
def test_expectations_that_are_not_met_end_in_an_error(
    train_net: ModuleType, command: Make, expected: list[Any]
) -> None:
    with pytest.raises(SystemExit) as stop:
        train_net.main(parse(command("failed", "--eval-only", TEST__EXPECTED_RESULTS=[expected])))
    assert stop.value.code not in (0, None)  # the exit status of the script


def test_a_training_is_held_to_its_expectations_too(train_net: ModuleType, command: Make) -> None:
    task = command("run", SOLVER__MAX_ITER=1, TEST__EXPECTED_RESULTS=[["frame", "AP50", 200.0, 1.0]])
    with pytest.raises(SystemExit):
        train_net.main(parse(task))


def test_wrong_keys_are_refused(train_net: ModuleType, command: Make) -> None:
    with pytest.raises(AssertionError, match=r"Non-existent key: MODEL\.RFCN\.GRID"):
        train_net.setup(parse(command("x", MODEL__RFCN__GRID=7)))


def test_test_time_variants_are_merged_over_the_config(train_net: ModuleType, command: Make) -> None:
    files = [str(ROOT / "configs/test" / name) for name in ("tau_10.yaml", "online.yaml")]
    options = [part for file in files for part in ("--test-config", file)]
    cfg = train_net.setup(parse([*options, *command("x", "--eval-only")]))
    assert (cfg.TEST.TEMPORAL_STRIDE, cfg.TUBES.ONLINE) == (10, True)
    # What is said on the command line has the last word.
    cfg = train_net.setup(parse([*options, *command("x", "--eval-only", TEST__TEMPORAL_STRIDE=3)]))
    assert cfg.TEST.TEMPORAL_STRIDE == 3


def test_contradictions_are_refused_before_anything_is_written(
    train_net: ModuleType, command: Make, tmp_path: Path
) -> None:
    task = command("x", "--eval-only", TUBES__ONLINE=True, TEST__SCORE_AVERAGE="next")
    with pytest.raises(ValueError, match=r"TUBES\.ONLINE is on, but TEST\.SCORE_AVERAGE is 'next'"):
        train_net.setup(parse(task))
    assert not (tmp_path / "x").exists()
