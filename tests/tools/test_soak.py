"""tools/soak.py: from a point's faults to its file, its page and its exit status."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from dnt_d2.soak.page import Found
from dnt_d2.soak.record import POINTS, Fault, Work

FAULT = Fault("data", "a file is cut off", "an error that names it", 3, 3, 0, "files", 0.5)


@pytest.fixture
def tool(load_script: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, whose results and page go to ``tmp_path``."""
    tool = load_script("tools/soak.py")
    for name, value in {"ROOT": tmp_path, "RESULTS": tmp_path / "results", "PAGE": tmp_path / "faults.md"}.items():
        monkeypatch.setattr(tool, name, value)
    return tool


@pytest.fixture
def call(tool: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """``call(fault, *arguments)``: with a point that yields this fault."""

    def called(fault: Fault, *arguments: str) -> int:
        def run(work: Work) -> Iterator[Fault]:
            assert not list(work.folder.iterdir())
            yield replace(fault, injected=work.scaled(fault.injected), survived=work.scaled(fault.survived))

        point = ModuleType("dnt_d2.soak.data")
        point.run = run  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "dnt_d2.soak.data", point)
        monkeypatch.setattr(sys, "argv", ["soak.py", *arguments])
        return tool.main()

    return called


def test_a_point(call: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(FAULT, "data", "--seed", "4", "--amount", "2") == 0
    found = Found.read(next((tmp_path / "results").glob("soak_data--*.json")))
    assert [f.injected for f in found.faults] == [6]
    assert found.facts["command"] == "tools/soak.py data --amount 2 --seed 4"
    assert "a file is cut off" in (tmp_path / "faults.md").read_text()
    assert "ok   6 of 6: a file is cut off" in capsys.readouterr().out


@pytest.mark.parametrize(("change", "verdict"), [({"survived": 2}, "FAIL"), ({"lost": 2}, "LOST")])
def test_a_loss_is_the_exit_status(
    call: Callable[..., int], change: dict[str, int], verdict: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(replace(FAULT, **change), "data") == 1
    assert verdict in capsys.readouterr().out


def test_another_file_leaves_the_page_alone(call: Callable[..., int], tmp_path: Path) -> None:
    assert call(FAULT, "data", "--output", str(tmp_path / "mine.json")) == 0
    assert Found.read(tmp_path / "mine.json").passed
    assert not (tmp_path / "faults.md").exists()


@pytest.mark.parametrize("arguments", [["data", "--amount", "0"], ["all", "--output", "x.json"], ["rain"]])
def test_bad_arguments(call: Callable[..., int], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        call(FAULT, *arguments)
    assert stop.value.code == 2


def test_all_points_in_processes_of_their_own(
    tool: ModuleType, call: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that fails does not keep the others from being run."""
    script = tmp_path / "script.py"
    script.write_text(f"import sys; open({str(tmp_path / 'log')!r}, 'a').write(' '.join(sys.argv[1:]) + '\\n')\n"
                      "sys.exit(sys.argv[1] == 'interruption')\n")  # fmt: skip
    monkeypatch.setattr(tool, "__file__", str(script))
    assert call(FAULT, "all", "--amount", "0.5") == 1
    assert (tmp_path / "log").read_text().splitlines() == [f"{point} --amount 0.5" for point in POINTS]
