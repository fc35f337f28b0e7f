"""tools/benchmark.py, tools/check_saved_run.py and tools/record_report.py: what they ask for, and what they write."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dnt_d2.evaluation.settings import Changeable, sweep_linkings

Load = Callable[[str], ModuleType]


def test_a_thousandth_of_the_benchmark(load_script: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "figures.json"
    monkeypatch.setattr(sys, "argv", ["benchmark.py", "evaluation", "--scale", "0.001", "--output", str(output)])
    load_script("tools/benchmark.py").main()
    facts = json.loads(output.read_text())
    assert {"command", "date", "machine", "versions", "seed", "scale"} <= set(facts)
    assert [row["size"]["per_frame"] for row in facts["evaluation"]] == [50, 750]
    assert [row["size"]["frames"] for row in facts["evaluation"]] == [176, 176]


def test_ten_ways_to_link_and_how_they_are_compared(load_script: Load) -> None:
    tool = load_script("tools/check_saved_run.py")
    linkings = sweep_linkings(Changeable(), tool.SWEEPS)
    assert len(linkings) == 1 + 10
    assert "=".join(tool.SINGLE) in linkings
    report: dict[str, Any] = {
        "kinds": ["frame", "=".join(tool.SINGLE)],
        "classes": ["a", "b"],
        "AP50": {"frame": {"per_class": [1.0, None]}, "=".join(tool.SINGLE): {"per_class": [2.0, None], "mean": 2.0}},
    }
    direct = {kind: {"AP50-a": float(i + 1)} for i, kind in enumerate(report["kinds"])}
    network = {"direct": direct, "single": {"tube": {"AP50": 2.5}}}
    assert list(tool.compare(network, report).values()) == [0.0, 0.0, 0.5]
    direct["frame"]["AP50-a"] = 0.25
    assert tool.compare(network, report)["frame"] == 0.75


def test_pictures_light_and_dark(load_script: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool, taken = load_script("tools/record_report.py"), []
    monkeypatch.setattr(tool, "browser", lambda: "chromium")
    monkeypatch.setattr(tool, "photograph", lambda *args: taken.append(args))
    monkeypatch.setattr(tool, "sweep_alpha", taken.append)
    monkeypatch.setattr(sys, "argv", ["record_report.py", str(tmp_path)])
    tool.main()
    assert [(args[0], args[1].name, args[2]) for args in taken[:2]] == [
        (tmp_path / "report.html", "report.png", "light"),
        (tmp_path / "report.html", "report-dark.png", "dark"),
    ]
    assert taken[2] == tmp_path
    assert len(tool.ALPHAS) == 10
