"""The command line: makes, measures, draws; bad input gives a message and exit status 2."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def script(load_script: Callable[[str], ModuleType]) -> ModuleType:
    return load_script("datasets/prepare_minivid.py")


def test_make_measure_and_draw(script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "minivid"
    counts = {
        "train-videos": 2,
        "train-frames": 3,
        "stills": 2,
        "val-videos": 1,
        "val-novel-videos": 1,
        "val-frames": 3,
    }
    few = [word for name, count in counts.items() for word in (f"--{name}", str(count))]
    assert script.main([str(root), "--source", "drawn", "--classes", "car", "dog", "--workers", "1", *few]) == 0
    assert "== val_novel" in capsys.readouterr().out
    assert script.main([str(root), "--statistics"]) == 0
    assert "== train" in capsys.readouterr().out
    assert script.main([str(root), "--contact-sheet", str(tmp_path / "sheet.jpg")]) == 0
    assert (tmp_path / "sheet.jpg").stat().st_size > 1000


def test_bad_input(script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert script.main([str(tmp_path), "--source", "drawn", "--severity", "9"]) == 2
    assert "severity" in capsys.readouterr().err
    assert script.main([str(tmp_path), "--source", "photographs", "--pictures", str(tmp_path)]) == 2
    assert "fetch_pictures" in capsys.readouterr().err
    assert script.main([str(tmp_path), "--statistics"]) == 2
    assert "is not a MiniVID" in capsys.readouterr().err
