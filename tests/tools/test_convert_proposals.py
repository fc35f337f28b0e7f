"""tools/convert_proposals.py: from a folder of .mat files to the loader of testing."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from detectron2.config import get_cfg
from detectron2.data import DatasetCatalog
from scipy.io import savemat

from dnt_d2.config import add_dnt_config
from dnt_d2.data import build_video_test_loader

TOOL = Path(__file__).parents[2] / "tools" / "convert_proposals.py"


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", [str(TOOL), *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(TOOL), run_name="__main__")
    return int(end.value.code or 0)


def test_from_files_to_batches(
    tiny_datasets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import dnt_d2.data.builtin  # noqa: F401  registers

    for d in DatasetCatalog.get("minivid_val_seen"):
        target = (tmp_path / "RPN_proposals" / d["file_name"].partition("/Data/VID/")[2]).with_suffix(".mat")
        target.parent.mkdir(parents=True, exist_ok=True)
        t = d["frame_index"]
        savemat(target, {"boxes": np.array([[1.0 + t, 1, 33 + t, 31, 0.9], [1, 1, 96, 64, 0.1]])})
    output = tmp_path / "proposals.pkl"
    assert _run(monkeypatch, tmp_path / "RPN_proposals", output, "--dataset", "minivid_val_seen") == 0
    assert "proposals.pkl: 18 proposals of 9 images" in capsys.readouterr().out

    cfg = get_cfg()
    add_dnt_config(cfg)
    cfg.merge_from_list(
        ["MODEL.LOAD_PROPOSALS", True, "DATASETS.TEST", ("minivid_val_seen",), "DATALOADER.NUM_WORKERS", 0]
    )
    cfg.merge_from_list(["DATASETS.PROPOSAL_FILES_TEST", (str(output),), "INPUT.MIN_SIZE_TEST", 0])
    items = [item for chunk in build_video_test_loader(cfg, "minivid_val_seen") for item in chunk]
    assert len(items) == 9
    for item in items:
        t = item["frame_index"]
        boxes = item["proposals"].proposal_boxes.tensor.tolist()
        assert boxes == [[t, 0, 32 + t, 30], [0, 0, 95, 63]]


def test_errors_are_one_sentence(
    tiny_datasets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "a.pkl"
    for arguments, message in (
        ((tmp_path, output, "--dataset", "minivid_val_seen"), "has no proposals for 9 of 9 images"),
        ((tmp_path / "none", output, "--dataset", "minivid_val_seen"), "there is no such folder or file"),
        ((tmp_path, output, "--dataset", "no_such_set"), "no_such_set"),
        ((tmp_path, output, "--dataset", "minivid_val_seen", "--top-k", 0), "--top-k 0: it must be 1 or more"),
    ):
        assert _run(monkeypatch, *arguments) == 1
        assert message in capsys.readouterr().err
    assert not output.exists()
