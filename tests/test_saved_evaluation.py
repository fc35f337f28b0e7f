"""train_net.py --eval-only: saved, killed, resumed, on any number of ranks: one report."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from detectron2.checkpoint import DetectionCheckpointer

from dnt_d2.evaluation.saved_run import SavedRun
from dnt_d2.modeling import VideoStream

ROOT = Path(__file__).parents[1]
Make = Callable[..., Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def config(small_cfg: Make, small_model: Make, folder: Path) -> Path:
    """A config file, with a file of weights."""
    cfg = small_cfg(
        *("MODEL.ROI_HEADS.NUM_CLASSES", 30),
        *("MODEL.WEIGHTS", str(folder / "start.pth")),
        *("DATASETS.TEST", ("imagenet_vid_val",)),
        *("TEST.FRAMES_PER_BATCH", 2),
        *("MODEL.DEVICE", "cpu"),  # several ranks, and the same numbers to the last digit
    )
    DetectionCheckpointer(small_model(cfg, lively=True), str(folder)).save("start")
    (folder / "tiny.yaml").write_text(cfg.dump())
    return folder / "tiny.yaml"


@pytest.fixture(scope="module")
def evaluate(
    config: Path, tiny_ilsvrc: Path, load_script: Make, in_a_copy: Make, loggers_as_before_module: None
) -> Callable[..., list[str]]:
    """``evaluate(name, *keys, kill_at=-1)``: run --eval-only there; gives the frames that the network saw."""
    train_net, log = load_script("train_net.py"), config.with_name("frames.txt")
    forward = VideoStream.forward

    def run(name: str, *keys: str, kill_at: int = -1) -> list[str]:
        frames = 0

        def spy(self: VideoStream, batch: list[dict[str, Any]]) -> Any:
            nonlocal frames
            for x in batch:
                if frames == kill_at:
                    os.kill(os.getpid(), signal.SIGKILL)
                frames += 1
                with log.open("a") as file:
                    print(x["video_id"], x["frame_index"], file=file)
            return forward(self, batch)

        arguments = ["--config-file", str(config), "--eval-only", "OUTPUT_DIR", str(config.with_name(name)), *keys]
        log.write_text("")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(VideoStream, "forward", spy)
            patch.setenv("DETECTRON2_DATASETS", str(tiny_ilsvrc.parent))
            args = train_net.get_parser().parse_args(arguments)
            if kill_at < 0:
                train_net.main(args)
            else:
                assert in_a_copy(lambda: train_net.main(args)) == -signal.SIGKILL
        return log.read_text().splitlines()

    return run


@pytest.fixture(scope="module")
def whole(evaluate: Make, folder: Path) -> dict[str, Any]:
    """The report of an evaluation on one rank that nothing disturbed."""
    assert len(evaluate("whole")) == 14
    content = report(folder / "whole")
    assert content["AP50"]["tube"]["mean"] is not None
    assert content["frames"] == 14
    return content


def report(folder: Path) -> dict[str, Any]:
    """All that is said of a data set, without day, machine and place."""
    content = json.loads((folder / "inference/imagenet_vid_val/report.json").read_text())
    content.pop("provenance")
    return content


def test_killed_anywhere_and_started_again(evaluate: Make, whole: dict[str, Any], folder: Path) -> None:
    """Videos of 8, 5 and 1 frames. Killed in the first, in the second, then left to finish."""
    assert len(evaluate("killed", kill_at=3)) == 3
    output = folder / "killed/inference/imagenet_vid_val"
    assert SavedRun(output).finished == []
    assert evaluate("killed", kill_at=10) == [*(f"0 {i}" for i in range(8)), "1 0", "1 1"]
    run = SavedRun(output)
    assert run.finished == [0]
    written = run.path(0).stat().st_mtime_ns
    assert evaluate("killed") == [*(f"1 {i}" for i in range(5)), "2 0"]
    assert run.path(0).stat().st_mtime_ns == written
    assert report(folder / "killed") == whole


def test_what_counts_as_the_same_network(evaluate: Make, whole: dict[str, Any], folder: Path) -> None:
    """Ways to link change nothing of what the network said; its config, here the stride, does."""
    assert evaluate("whole", "TUBES.TOP_FRACTION", "0.1") == []
    assert report(folder / "whole")["AP50"]["tube"] != whole["AP50"]["tube"]
    assert report(folder / "whole")["AP50"]["frame"] == whole["AP50"]["frame"]
    assert len(evaluate("whole", "TEST.TEMPORAL_STRIDE", "3")) == 4 + 3 + 1
    assert len(list((folder / "whole/inference/imagenet_vid_val/runs").iterdir())) == 2


@pytest.mark.parametrize("ranks", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_ranks_do_not_matter(config: Path, whole: dict[str, Any], tiny_ilsvrc: Path, folder: Path, ranks: int) -> None:
    """From the command line."""
    output = folder / f"ranks_{ranks}"
    options = ["--config-file", str(config), "--eval-only", "--num-gpus", str(ranks), "OUTPUT_DIR", str(output)]
    environment = os.environ | {"DETECTRON2_DATASETS": str(tiny_ilsvrc.parent), "CUDA_VISIBLE_DEVICES": ""}
    environment |= {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "train_net.py", *options]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=240)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    assert report(output) == whole
