"""Files that kill, hang or bloat the process that reads them cost that process alone, and are known by their number."""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from dnt_d2.soak.fuzz import harness
from dnt_d2.soak.fuzz.harness import Target, expect, hunt

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="its readers are forked, and die by signals")


class Ours(ValueError):
    """As if it were of the package."""


Ours.__module__ = "dnt_d2.anywhere"


def _read(folder: Path) -> None:
    word = (folder / "a.txt").read_text()
    if word == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    elif word == "hang":
        time.sleep(60)
    elif word == "memory":
        bytearray(120 * 2**20)
    elif word == "collect":
        gc.collect()
    elif word == "more":
        bytearray(2**35)
    elif word == "nameless":
        raise ValueError("broken")
    elif word == "error":
        raise ValueError(f"{folder / 'a.txt'}: broken")
    elif word == "ours":
        raise Ours(f"{folder / 'a.txt'}: broken")
    elif word == "unicode":
        b"\xff".decode()
    elif word == "key":
        raise KeyError(f"{folder / 'a.txt'}")
    elif word == "exit":
        sys.exit(0)
    elif word == "form":
        expect(1 > 2, "one is more than two")
    elif word == "noise":
        os.write(2, b"x" * 1000)


def _target(*words: str) -> Target:
    def change(random: Random, seeds: Sequence[bytes]) -> bytes:
        raise AssertionError("each file is made below")

    class Listed(Target):
        def make(self, seed: int, number: int) -> bytes:
            return words[number].encode()

    return Listed("listed", "a.txt", lambda: [b"fine"], change, _read)


def _kinds(tmp_path: Path, *words: str, workers: int = 2) -> list[str]:
    outcomes = sorted(hunt(_target(*words), 0, len(words), tmp_path / "x", workers), key=lambda one: one.number)
    assert [one.number for one in outcomes] == list(range(len(words)))
    assert not list((tmp_path / "x").glob("*"))
    return [one.kind for one in outcomes]


def test_no_files(tmp_path: Path) -> None:
    assert list(hunt(_target(), 0, 0, tmp_path)) == []


def test_errors(tmp_path: Path) -> None:
    words = ["fine", "error", "ours", "nameless", "unicode", "key", "form", "exit", "noise"]
    expected = ["result", "error", "error", "nameless", "unexpected", "unexpected", "form", "unexpected", "result"]
    assert _kinds(tmp_path, *words) == expected


def test_what_takes_a_process_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness, "HANG_SECONDS", 2.0)
    monkeypatch.setattr(harness, "MEMORY_MB", 60)
    words = ["fine", "crash", "hang", "fine", "memory", "fine", "more", "crash"]
    expected = ["result", "crash", "hang", "result", "memory", "result", "unexpected", "crash"]
    assert _kinds(tmp_path, *words) == expected


def test_what_was_left_to_be_collected_hides_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers are copies of this process, its garbage included."""
    monkeypatch.setattr(harness, "MEMORY_MB", 60)
    gc.disable()
    try:
        garbage = [bytearray(b"x") * (300 * 2**20)]
        garbage.append(garbage)  # type: ignore[arg-type]
        del garbage
        assert _kinds(tmp_path, "collect", "memory", workers=1) == ["result", "memory"]
    finally:
        gc.enable()
        gc.collect()


def test_noise_is_counted(tmp_path: Path) -> None:
    (outcome,) = hunt(_target("noise"), 0, 1, tmp_path, 1)
    assert outcome.noise == 1000
    assert outcome.survived
