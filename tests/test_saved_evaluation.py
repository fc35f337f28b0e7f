"""train_net.py --eval-only from the command line: saved, killed, resumed, on any number of ranks: one report."""

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

ROOT = Path(__file__).parents[1]
Make = Callable[..., Any]

# Runs train_net.py, notes which frames the network sees, and kills itself before one of them.
_WATCHED = """
import os, runpy, signal, sys
from dnt_d2.modeling import VideoStream

log, kill_at = sys.argv.pop(1), int(sys.argv.pop(1))
forward, frames = VideoStream.forward, []

def spy(self, batch):
    for x in batch:
        if len(frames) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        frames.append(x)
        with open(log, "a") as file:
            print(x["video_id"], x["frame_index"], file=file)
    return forward(self, batch)

VideoStream.forward = spy
sys.argv[0] = "train_net.py"
runpy.run_path("train_net.py", run_name="__main__")
"""


@pytest.fixture
def evaluate(small_cfg: Make, small_model: Make, tiny_datasets: Path, tmp_path: Path) -> Callable[..., list[str]]:
    """``evaluate(folder, *options, kill_at=-1)``: run --eval-only there; gives the frames that the network saw."""
    cfg = small_cfg(
        *("MODEL.ROI_HEADS.NUM_CLASSES", 30),
        *("MODEL.WEIGHTS", str(tmp_path / "start.pth")),
        *("DATASETS.TRAIN", ("imagenet_vid_train", "imagenet_det_train_30classes")),
        *("DATASETS.TEST", ("imagenet_vid_val",)),
        *("TEST.FRAMES_PER_BATCH", 2),
    )
    DetectionCheckpointer(small_model(cfg, lively=True), str(tmp_path)).save("start")
    (tmp_path / "tiny.yaml").write_text(cfg.dump())

    def run(folder: str, *options: str, kill_at: int = -1) -> list[str]:
        log = tmp_path / f"{folder}-{len(os.listdir(tmp_path))}.txt"
        command = [sys.executable, "-c", _WATCHED, str(log), str(kill_at), "--config-file", str(tmp_path / "tiny.yaml")]
        done = subprocess.run(
            [*command, "--eval-only", *options[:2], "OUTPUT_DIR", str(tmp_path / folder), *options[2:]],
            cwd=ROOT,
            env=os.environ | {"CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            timeout=240,
        )
        assert done.returncode == (0 if kill_at < 0 else -signal.SIGKILL), done.stderr.decode()[-3000:]
        return log.read_text().splitlines() if log.exists() else []

    return run


def report(folder: Path) -> dict[str, Any]:
    """All that is said of a data set, without day, machine and place."""
    content = json.loads((folder / "inference/imagenet_vid_val/report.json").read_text())
    content.pop("provenance")
    return content


def test_killed_anywhere_and_started_again(evaluate: Make, tmp_path: Path) -> None:
    """Videos of 8, 5 and 1 frames. Killed in the first, in the second, then left to finish; then asked once more."""
    assert len(evaluate("whole")) == 14
    assert len(evaluate("killed", kill_at=3)) == 3
    folder = tmp_path / "killed/inference/imagenet_vid_val"
    assert SavedRun(folder).finished == []
    assert evaluate("killed", kill_at=10) == [*(f"0 {i}" for i in range(8)), "1 0", "1 1"]
    run = SavedRun(folder)
    assert run.finished == [0]
    written = run.path(0).stat().st_mtime_ns
    assert evaluate("killed") == [*(f"1 {i}" for i in range(5)), "2 0"]
    assert run.path(0).stat().st_mtime_ns == written
    whole = report(tmp_path / "whole")
    assert report(tmp_path / "killed") == whole
    assert whole["AP50"]["tube"]["mean"] is not None
    assert whole["frames"] == 14
    assert evaluate("killed") == []  # all is there
    assert report(tmp_path / "killed") == whole


def test_another_network_shares_nothing(evaluate: Make, tmp_path: Path) -> None:
    """Weights, and config keys that change what the network says, make another run; ways to link don't."""
    evaluate("run")
    assert evaluate("run", "--num-gpus", "1", "TUBES.NMS_IOU", "0.3") == []
    assert len(evaluate("run", "--num-gpus", "1", "TEST.TEMPORAL_STRIDE", "3")) == 4 + 3 + 1
    assert len(list((tmp_path / "run/inference/imagenet_vid_val/runs").iterdir())) == 2


@pytest.mark.parametrize("ranks", [2, 3])
def test_ranks_do_not_matter(evaluate: Make, tmp_path: Path, ranks: int) -> None:
    evaluate("one")
    evaluate("many", "--num-gpus", str(ranks))
    assert report(tmp_path / "many") == report(tmp_path / "one")
