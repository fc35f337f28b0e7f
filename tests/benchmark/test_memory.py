"""dnt_d2/benchmark/memory.py: what a call holds at once, no more and no less."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from dnt_d2.benchmark import resident
from dnt_d2.benchmark.memory import peak_extra_bytes

MIB = 1 << 20
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux keeps a high-water mark")


@linux
def test_a_call_that_takes_nothing() -> None:
    found = peak_extra_bytes(lambda: None)
    assert found is not None
    assert found < 4 * MIB


_BUFFERS = """
import torch
from dnt_d2.benchmark.memory import peak_extra_bytes

def one_after_the_other():
    for _ in range(3):
        torch.ones(1 << 25, dtype=torch.uint8)

def at_once():
    return [torch.ones(1 << 25, dtype=torch.uint8) for _ in range(3)]

print(peak_extra_bytes(one_after_the_other), peak_extra_bytes(at_once))
"""


@linux
def test_buffers_count_as_long_as_they_live() -> None:
    """In a process of its own, as stages have it: libraries that other tests load may keep freed memory for later."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", _BUFFERS], env=environment, check=True, capture_output=True, timeout=120
    )
    for found, expected in zip(done.stdout.split(), (32, 96), strict=True):
        assert expected * 0.9 < int(found) / MIB < expected * 1.3


def test_a_system_that_does_not_tell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(resident, "_RESET", tmp_path / "no folder" / "file")
    assert peak_extra_bytes(lambda: None) is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_on_a_gpu() -> None:
    found = peak_extra_bytes(lambda: torch.ones(8 * MIB, dtype=torch.uint8, device="cuda"), "cuda")
    assert found == 8 * MIB
