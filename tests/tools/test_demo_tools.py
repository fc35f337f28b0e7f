"""The scripts behind `make demo`: what they write down is what was measured."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from detectron2.structures import Boxes, Instances

from dnt_d2.predictor import FrameResult

TOOLS = Path(__file__).parents[2] / "tools"


def load(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import a script of tools/ as a module."""
    monkeypatch.syspath_prepend(str(TOOLS))
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


def summary(run_demo: ModuleType) -> dict[str, Any]:
    results = {"frame": {"AP50": 51.234}, "tube": {"AP50": 60.5}, "tube_psi0": {"AP50": 58.0}}
    return run_demo.summarise(results, data_seed=4, minutes={"all": 12.5, "training": 9.1}, whole_training=True)


def test_summary_holds_what_the_numbers_depend_on(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = summary(load("run_demo", monkeypatch))
    assert facts["AP50"] == {"frame": 51.23, "tube_psi0": 58.0, "tube": 60.5}
    assert {"command", "date", "machine", "versions", "data_seed", "minutes"} <= facts.keys()
    assert facts["versions"]["torch"] == torch.__version__


def test_recording_renews_the_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run_demo = load("run_demo", monkeypatch)
    record_demo = load("record_demo", monkeypatch)
    monkeypatch.setattr(record_demo, "ROOT", tmp_path)
    (tmp_path / run_demo.OUTPUT).mkdir(parents=True)
    (tmp_path / run_demo.OUTPUT / "demo.json").write_text(json.dumps(summary(run_demo)))
    readme = tmp_path / "README.md"
    readme.write_text("above\n<!-- results:begin -->\nold\n<!-- results:end -->\nbelow\n")
    monkeypatch.setattr(sys, "argv", ["record_demo.py", "--machine", "test"])
    record_demo.main()
    once = readme.read_text()
    record_demo.main()
    assert readme.read_text() == once
    assert once.startswith("above\n")
    assert once.endswith("below\n")
    assert "old" not in once
    assert "| 51.2 |" in once
    assert "| 60.5 |" in once
    assert json.loads((tmp_path / "benchmarks/results/demo--test.json").read_text())["AP50"]["tube"] == 60.5


def test_minutes_of_half_a_training_are_not_recorded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run_demo, record_demo = load("run_demo", monkeypatch), load("record_demo", monkeypatch)
    monkeypatch.setattr(record_demo, "ROOT", tmp_path)
    (tmp_path / run_demo.OUTPUT).mkdir(parents=True)
    facts = summary(run_demo) | {"whole_training": False}
    (tmp_path / run_demo.OUTPUT / "demo.json").write_text(json.dumps(facts))
    monkeypatch.setattr(sys, "argv", ["record_demo.py", "--machine", "test"])
    with pytest.raises(SystemExit, match="--fresh"):
        record_demo.main()
    assert [path.name for path in tmp_path.iterdir()] == ["output"]


def test_coverage_counts_boxes_of_their_class(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = load("draw_minivid", monkeypatch)

    def found(box: list[float], category: int, score: float) -> FrameResult:
        instances = Instances((100, 100))
        instances.pred_boxes = Boxes(torch.tensor([box]))
        instances.scores, instances.pred_classes = torch.tensor([score]), torch.tensor([category])
        return FrameResult(0, instances)

    truth = [{"annotations": [{"bbox": [10, 10, 49, 49], "category_id": 1}]}]
    assert draw.coverage([found([12.0, 10.0, 50.0, 49.0], 1, 0.9)], truth, 0.5) == 1
    assert draw.coverage([found([12.0, 10.0, 50.0, 49.0], 2, 0.9)], truth, 0.5) == 0
    assert draw.coverage([found([12.0, 10.0, 50.0, 49.0], 1, 0.4)], truth, 0.5) == 0
    assert draw.coverage([found([60.0, 60.0, 90.0, 90.0], 1, 0.9)], truth, 0.5) == 0
    assert draw.coverage([found([0.0, 0.0, 9.0, 9.0], 0, 0.9)], [{"annotations": []}], 0.5) == 0


def test_true_tracks_become_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = load("draw_minivid", monkeypatch)
    thing = {"instance_id": 3, "category_id": 1}
    frames = [{"frame_index": 0, "annotations": [thing]}, {"frame_index": 1, "annotations": []}]
    (span,) = draw.true_spans(frames, ["dog", "car"])
    assert (span.label, span.track_id, span.frames.tolist()) == ("car", 3, [0])
    assert draw.true_spans([{"frame_index": 0, "annotations": []}], []) == []
