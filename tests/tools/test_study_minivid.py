"""tools/study_minivid.py: what is done is not done again, what is asked for is, and the page is made of the files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dnt_d2.study.commands import Workshop
from dnt_d2.study.parts import Part


@pytest.fixture
def tool(load_script: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, with two parts that note when they work; results go to ``tmp_path``, and no data is made."""
    tool = load_script("tools/study_minivid.py")
    worked: list[str] = []

    def part(name: str, group: str) -> Part:
        return Part(name, group, {"of": name}, lambda: {"minutes": {}, "times": worked.append(name) or len(worked)})

    def noted(name: str) -> Callable[..., None]:
        return lambda *_: worked.append(name)

    changes: dict[str, Any] = {
        "RESULTS": tmp_path / "results",
        "plan_parts": lambda shop: [part("one", "core"), part("two", "ablations")],
        "make_data": noted("data"),
        "write_page": noted("page"),
        "worked": worked,
    }
    for name, value in changes.items():
        monkeypatch.setattr(tool, name, value, raising=False)
    return tool


def call(tool: ModuleType, tmp_path: Path, *words: str) -> int:
    return tool.main(["run", *words, "--folder", str(tmp_path / "work"), "--device", "cpu"])


def test_each_part_is_done_once(tool: ModuleType, tmp_path: Path) -> None:
    assert call(tool, tmp_path) == 0
    assert tool.worked == ["data", "one", "two", "page"]
    assert call(tool, tmp_path) == 0
    assert tool.worked[4:] == ["page"]
    (folder,) = (tmp_path / "results").iterdir()
    content = json.loads((folder / "one.json").read_text(encoding="utf-8"))
    assert {"part", "group", "command", "date", "machine", "versions", "settings", "recipe"} <= content.keys()


def test_some_parts_alone(tool: ModuleType, tmp_path: Path) -> None:
    assert call(tool, tmp_path, "ablations") == 0
    assert tool.worked == ["data", "two", "page"]
    assert call(tool, tmp_path, "one") == 0
    assert tool.worked[3:] == ["data", "one", "page"]


def test_from_nothing(tool: ModuleType, tmp_path: Path) -> None:
    call(tool, tmp_path)
    (tmp_path / "work").mkdir()
    assert call(tool, tmp_path, "--fresh") == 0
    assert tool.worked[4:] == ["data", "one", "two", "page"]
    assert not (tmp_path / "work").exists()


def test_some_parts_from_nothing(tool: ModuleType, tmp_path: Path) -> None:
    """Words may stand behind the option, too; what other parts have made stays."""
    call(tool, tmp_path)
    for name in ("one", "two", "data"):
        (tmp_path / "work" / name).mkdir(parents=True)
    assert call(tool, tmp_path, "--fresh", "two") == 0
    assert tool.worked[4:] == ["data", "two", "page"]
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == ["data", "one"]
    assert call(tool, tmp_path, "core", "--fresh") == 0
    assert tool.worked[7:] == ["data", "one", "page"]


def test_a_part_that_there_is_not(tool: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(tool, tmp_path, "three") == 2
    assert "no part 'three': choose among core, ablations, reasons, one, two" in capsys.readouterr().err


def test_what_is_done_stays_when_a_part_fails(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> dict[str, Any]:
        raise RuntimeError("the second failed")

    first = tool.plan_parts(None)[0]
    monkeypatch.setattr(tool, "plan_parts", lambda shop: [first, Part("two", "core", {}, fails)])
    assert call(tool, tmp_path) == 2
    assert "the second failed" in capsys.readouterr().err
    (folder,) = (tmp_path / "results").iterdir()
    assert [path.name for path in folder.iterdir()] == ["one.json"]


def test_stopped_by_hand(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped() -> dict[str, Any]:
        raise KeyboardInterrupt

    monkeypatch.setattr(tool, "plan_parts", lambda shop: [Part("one", "core", {}, stopped)])
    assert call(tool, tmp_path) == 130
    assert "without --fresh the same command goes on" in capsys.readouterr().err
    assert tool.worked == ["data"]


def test_the_data_are_photographs(
    load_script: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool, made = load_script("tools/study_minivid.py"), []
    monkeypatch.setattr(tool.subprocess, "run", lambda *_, **__: None)
    monkeypatch.setattr(tool, "write_dataset", lambda *args, **_: made.append(args))
    tool.make_data(Workshop(tmp_path, tmp_path, tmp_path / "data"))
    assert made == [(tmp_path / "data" / "minivid", tool.DATA, "photographs", tool.ROOT / "datasets" / "pictures")]
