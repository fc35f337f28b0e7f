"""dnt_d2/benchmark/memory.py: what a call holds at once, no more and no less."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from dnt_d2.benchmark import memory
from dnt_d2.benchmark.memory import peak_extra_bytes

MIB = 1 << 20
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux keeps a high-water mark")


@linux
def test_a_call_that_takes_nothing() -> None:
    found = peak_extra_bytes(lambda: None)
    assert found is not None
    assert found < 4 * MIB


@linux
def test_buffers_count_as_long_as_they_live() -> None:
    def one_after_the_other() -> None:
        for _ in range(3):
            torch.ones(32 * MIB, dtype=torch.uint8)

    def at_once() -> list[torch.Tensor]:
        return [torch.ones(32 * MIB, dtype=torch.uint8) for _ in range(3)]

    for call, expected in (one_after_the_other, 32), (at_once, 96):
        found = [peak_extra_bytes(call) or 0 for _ in range(3)]  # whatever else this process does counts, too
        assert expected * 0.9 < min(found) / MIB < expected * 1.3


def test_a_system_that_does_not_tell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(memory, "_RESET", tmp_path / "no folder" / "file")
    assert peak_extra_bytes(lambda: None) is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_on_a_gpu() -> None:
    found = peak_extra_bytes(lambda: torch.ones(8 * MIB, dtype=torch.uint8, device="cuda"), "cuda")
    assert found == 8 * MIB
