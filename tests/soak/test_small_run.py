"""The small run: its data, its network, its commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from detectron2.config import get_cfg

from dnt_d2 import add_dnt_config
from dnt_d2.config_check import check_config
from dnt_d2.soak.small_run import SmallRun, small_config


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    return SmallRun.make(tmp_path_factory.mktemp("small"), "SOLVER.MAX_ITER", 4)


def test_the_config_contradicts_nothing() -> None:
    check_config(small_config())
    check_config(small_config("SOLVER.IMS_PER_BATCH", 6), world_size=3)


def test_data_and_config_lie_in_the_folder(small: SmallRun) -> None:
    assert len(list((small.data / "Data" / "VID" / "train").rglob("*.JPEG"))) == 6 * 6
    cfg = get_cfg()
    add_dnt_config(cfg)
    cfg.merge_from_file(str(small.folder / "small.yaml"))
    assert cfg.SOLVER.MAX_ITER == 4


def test_a_command(small: SmallRun) -> None:
    words = small.command("run", "--resume", SOLVER__MAX_ITER=7, MODEL__RPN__NMS_THRESH=0.5)[2:]
    assert words[:3] == ["--config-file", str(small.folder / "small.yaml"), "--resume"]
    assert words[3:] == [
        *("OUTPUT_DIR", str(small.folder / "run"), "SOLVER.MAX_ITER", "7", "MODEL.RPN.NMS_THRESH", "0.5")
    ]


def test_started_in_the_background(small: SmallRun, tmp_path: Path) -> None:
    """With the data of this run, one thread, and both outputs in the log."""
    code = "import os, sys; print(os.environ['DETECTRON2_DATASETS'], os.environ['OMP_NUM_THREADS']); sys.exit('bad')"
    for _ in range(2):
        assert small.start([small.command("x")[0], "-c", code], tmp_path / "log").wait(timeout=60) == 1
    assert (tmp_path / "log").read_text() == f"{small.folder / 'datasets'} 1\nbad\n" * 2
