"""dnt_d2/soak/hostile_attempts.py: what counts as survived, and what doesn't."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dnt_d2.soak import hostile_attempts
from dnt_d2.soak.hostile_attempts import Attack, attempt

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is looked up in /proc")


def _make(folder: Path) -> Path:
    path = folder / "a.txt"
    path.write_text("x")
    return path


def _refuse(path: Path) -> None:
    raise ValueError(f"{path}: no")


def _run_code(path: Path) -> None:
    (path.parent / "canary").touch()
    _refuse(path)


def _write_outside(path: Path) -> None:
    (path.parents[1] / "canary").touch()
    _refuse(path)


def _say_nothing(_: Path) -> None:
    raise ValueError("no")


def _trip(_: Path) -> None:
    raise KeyError("x")


def _eat(path: Path) -> None:
    bytearray(b"x" * 250_000_000)
    _refuse(path)


def _die(_: Path) -> None:
    import os

    os._exit(3)


def _hang(_: Path) -> None:
    time.sleep(60)


@pytest.mark.parametrize(
    ("read", "why"),
    [
        (_refuse, ""),
        (_run_code, "files came or went"),
        (_write_outside, "files came or went"),
        (_say_nothing, "doesn't name a.txt"),
        (_trip, "KeyError"),
        (_eat, "MB"),
        (_die, "it died"),
        (_hang, "no end"),
        (Path.read_text, "as if nothing were wrong"),
    ],
)
def test_what_became_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[Path], Any], why: str
) -> None:
    monkeypatch.setattr(hostile_attempts, "MEGABYTES", 60)
    monkeypatch.setattr(hostile_attempts, "_WALL_SECONDS", 1.0 if read is _hang else 30.0)
    outcome = attempt(Attack("x", _make, read), tmp_path / "work" / "0")
    assert (why in outcome.why) if why else outcome.why == "", outcome
    assert not (tmp_path / "work" / "0").exists()


def test_a_result_may_be_fine(tmp_path: Path) -> None:
    assert attempt(Attack("x", _make, Path.read_text, may_pass=True), tmp_path / "work" / "0").why == ""
