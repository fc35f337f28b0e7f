"""tools/benchmark.py, tools/check_saved_run.py and tools/record_report.py: what they ask for, and what they write."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dnt_d2.benchmark.figures import Limit, Stage
from dnt_d2.benchmark.options import Options
from dnt_d2.benchmark.page import STAGES
from dnt_d2.evaluation.settings import Changeable, sweep_linkings
from dnt_d2.provenance import machine_name, provenance

Load = Callable[[str], ModuleType]


def a_stage(options: Options) -> Stage:
    return Stage("psroi", options.setting, limits=[Limit("a limit", 1.0, 2.0, "x")])


@pytest.fixture
def tool(load_script: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """tools/benchmark.py, in a project of its own."""
    script = load_script("tools/benchmark.py")
    monkeypatch.setattr(script, "ROOT", tmp_path)
    monkeypatch.setattr(script, "RESULTS", tmp_path / "benchmarks/results")
    monkeypatch.setattr("dnt_d2.benchmark.psroi.measure_psroi", a_stage)
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "README.md").write_text("# Speed\n<!-- speed:begin -->\nold\n<!-- speed:end -->\n")
    return script


def run(tool: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmark.py", *arguments])
    tool.main()


def test_a_stage_into_a_file(tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tool, monkeypatch, "psroi", "--scale", "0.5", "--output", str(tmp_path / "x.json"))
    stage = Stage.read(tmp_path / "x.json")
    assert stage.facts["command"] == "tools/benchmark.py psroi --scale 0.5"
    assert {"date", "machine", "versions", "seed"} <= stage.facts.keys()
    assert not (tmp_path / "benchmarks/speed.md").exists()


def test_a_stage_into_the_pages(tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tool, monkeypatch, "psroi")
    run(tool, monkeypatch, "psroi", "--dtype", "bfloat16", "--channels-last")
    names = sorted(path.name for path in (tmp_path / "benchmarks/results").iterdir())
    assert names == [f"psroi--{machine_name()}-bfloat16-channels-last.json", f"psroi--{machine_name()}.json"]
    assert "| a limit |" in (tmp_path / "README.md").read_text()
    page = (tmp_path / "benchmarks/speed.md").read_text()
    run(tool, monkeypatch, "page")
    assert page.count("a limit") == 2
    assert (tmp_path / "benchmarks/speed.md").read_text() == page


def test_all_stages_each_in_its_own_process(tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the long one."""
    usual = [name for name in STAGES if name != "long_video"]

    def command(words: list[str], **_: Any) -> None:
        Stage(words[2], "", provenance(), limits=[Limit(words[2], 1.0, 1.0, "x")]).write(words[-1])

    monkeypatch.setattr(tool.subprocess, "run", command)
    run(tool, monkeypatch, "all", "--output", str(tmp_path / "all.json"))
    assert [stage["name"] for stage in json.loads((tmp_path / "all.json").read_text())["stages"]] == usual
    run(tool, monkeypatch, "all")
    assert len(list((tmp_path / "benchmarks/results").iterdir())) == len(usual)


@pytest.mark.parametrize("arguments", [["psroi", "--scale", "0"], ["tracking"], []])
def test_arguments_that_do_not_fit(tool: ModuleType, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(tool, monkeypatch, *arguments)


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
