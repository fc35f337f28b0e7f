"""What needs no Detectron2 works without it, and what needs it says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Refuses modules as if they were not installed, and tells which were loaded.
_WITHOUT = """
import sys
from importlib.abc import MetaPathFinder

class Refuse(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {refused!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Refuse())
{code}
"""


def run(code: str, *refused: str) -> str:
    """Run in a new process in which these modules can't be imported."""
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT.format(refused=refused, code=code)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def existing(*modules: str) -> str:
    return "\n".join(f"import {name}" for name in modules)


def test_numpy_rooms_need_neither_torch_nor_detectron2() -> None:
    rooms = [f"dnt_d2.{name}" for name in ("geometry", "tubes", "tubes.collector", "minivid", "minivid.writer")]
    rooms += ["dnt_d2.evaluation", "dnt_d2.evaluation.average_precision", "dnt_d2.evaluation.motion"]
    run(existing(*rooms), "torch", "detectron2", "torchvision")


def test_formats_need_neither_torch_nor_detectron2() -> None:
    if not (ROOT / "dnt_d2" / "formats").exists():
        pytest.skip("this version has no formats")
    run(existing("dnt_d2.formats"), "torch", "detectron2", "torchvision")


def test_layers_need_no_detectron2_and_compute() -> None:
    code = """
import torch
from dnt_d2.layers import LocalCorrelation, PSRoIPool, local_correlation
x = torch.rand(1, 4, 6, 6)
assert local_correlation(x, x, 2).shape == (1, 25, 6, 6)
assert PSRoIPool(2, 1.0)(x, torch.tensor([[0.0, 0, 0, 5, 5]])).shape == (1, 1, 2, 2)
import dnt_d2
assert dnt_d2.__version__
"""
    run(code, "detectron2")


def test_what_needs_detectron2_says_so() -> None:
    code = """
import dnt_d2
for name in ("add_dnt_config", "VideoPredictor"):
    try:
        getattr(dnt_d2, name)
    except ModuleNotFoundError as error:
        print(error)
    else:
        raise AssertionError(name)
"""
    lines = run(code, "detectron2").splitlines()
    assert len(lines) == 2
    for name, line in zip(("add_dnt_config", "VideoPredictor"), lines, strict=True):
        assert line.startswith(f"dnt_d2.{name} needs Detectron2, which is not installed")


def test_the_package_itself_loads_nothing() -> None:
    code = "import dnt_d2; print(sorted({'torch', 'numpy', 'detectron2', 'cv2'} & set(sys.modules)))"
    assert run(code).strip() == "[]"


def test_public_names() -> None:
    import dnt_d2

    assert set(dnt_d2.__all__) == {"VideoPredictor", "add_dnt_config"}
    for name in dnt_d2.__all__:
        assert callable(getattr(dnt_d2, name))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = dnt_d2.nothing


def test_touching_a_name_registers_everything_with_detectron2() -> None:
    code = """
from dnt_d2 import add_dnt_config
from detectron2.data import DatasetCatalog
from detectron2.modeling import BACKBONE_REGISTRY, META_ARCH_REGISTRY, ROI_HEADS_REGISTRY
assert "DetectAndTrack" in META_ARCH_REGISTRY
assert "RFCNHeads" in ROI_HEADS_REGISTRY
assert "build_timm_backbone" in BACKBONE_REGISTRY
assert {"imagenet_vid_train", "imagenet_vid_val", "minivid_vid_train"} <= set(DatasetCatalog.list())
"""
    run(code)
