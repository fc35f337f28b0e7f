"""dnt_d2/benchmark/resident.py: growth since the mark, whatever was there before; and no PyTorch is needed for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dnt_d2.benchmark import resident
from dnt_d2.benchmark.resident import watch_peak

_WATCH = """
import sys
from dnt_d2.benchmark.resident import watch_peak

before = bytearray(b"x") * (64 << 20)
del before
grown = watch_peak()
nothing = grown()
taken = bytearray(b"x") * (32 << 20)
del taken
print(nothing >> 20, grown() >> 20, "torch" in sys.modules)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux keeps a high-water mark")
def test_what_was_taken_since_then_counts() -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", _WATCH], cwd=root, check=True, capture_output=True, timeout=60)
    nothing, taken, torch = done.stdout.decode().split()
    assert int(nothing) <= 1
    assert 30 <= int(taken) <= 36
    assert torch == "False"


def test_a_system_that_does_not_tell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(resident, "_RESET", tmp_path / "no folder" / "file")
    assert watch_peak() is None
