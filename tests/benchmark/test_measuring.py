"""dnt_d2/benchmark/measuring.py: time and memory of a command with its children."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dnt_d2.benchmark.measuring import run_command

MIB = 1 << 20


def test_nothing_takes_little(tmp_path: Path) -> None:
    cost = run_command([sys.executable, "-c", "pass"], log=tmp_path / "log", every=0.01)
    assert 0 < cost.seconds < 20
    assert cost.peak_bytes < 100 * MIB


def test_time_and_the_memory_of_children(tmp_path: Path) -> None:
    hold = "import time; block = bytearray(b'x') * (150 << 20); time.sleep(0.7)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hold!r}]); print('done')"
    cost = run_command([sys.executable, "-c", code], log=tmp_path / "log", every=0.02)
    assert cost.seconds >= 0.7
    assert 150 * MIB <= cost.peak_bytes < 400 * MIB
    assert (tmp_path / "log").read_text() == "done\n"


def test_a_failure_is_told_with_its_words(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"failed:\n.*it broke"):
        run_command([sys.executable, "-c", "import sys; sys.exit('it broke')"], log=tmp_path / "log")


def test_without_psutil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    with pytest.raises(ModuleNotFoundError, match="pip install 'dnt_d2"):
        run_command([sys.executable, "-c", "pass"], log=tmp_path / "log")
