"""dnt_d2/data/file_states.py: the same states, whoever looks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnt_d2.data.file_states import Job, StateReader
from dnt_d2.data.stat_files import stat_jobs


@pytest.fixture
def jobs(tmp_path: Path) -> list[Job]:
    """Folders with 0 to 8 files, and one that isn't there."""
    jobs: list[Job] = [(os.fsencode(tmp_path / "missing"), b"a/b", 2)]
    for count in range(9):
        folder = tmp_path / f"{count}"
        folder.mkdir()
        names = [f"{i}.xml" for i in range(count)]
        for i, name in enumerate(names):
            (folder / name).write_text("x" * i)
        jobs.append((os.fsencode(folder), "/".join(names).encode(), count))
    return jobs


@pytest.mark.parametrize("helpers", [0, 1, 4, 20])
def test_any_number_of_processes_says_the_same(jobs: list[Job], helpers: int) -> None:
    with StateReader(helpers) as reader:
        states = reader.read(jobs)
    assert states.shape == (10 + 36 + 2, 2)
    np.testing.assert_array_equal(states.ravel(), stat_jobs(jobs))


@pytest.mark.parametrize("helpers", [0, 2])
def test_no_files(tmp_path: Path, helpers: int) -> None:
    with StateReader(helpers) as reader:
        assert reader.read([]).shape == (0, 2)
    with StateReader(helpers) as reader:
        assert reader.read([(os.fsencode(tmp_path / "missing"), b"", 0)]).tolist() == [[-1, -1]]


def test_processes_end_with_the_block(jobs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        with StateReader(2):
            raise RuntimeError

    started: list[subprocess.Popen] = []
    start = subprocess.Popen

    def noted(*arguments: Any, **options: Any) -> subprocess.Popen:
        started.append(start(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", noted)
    with pytest.raises(RuntimeError):
        fail()
    with StateReader(3) as reader:
        reader.read(jobs)
    assert len(started) == 5
    assert all(process.returncode is not None for process in started)


@pytest.mark.parametrize("program", ["/nowhere/python", "/bin/false", ""])
def test_where_no_process_can_help_this_one_does_all(
    jobs: list[Job], monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(sys, "executable", program)
    with StateReader(2) as reader:
        np.testing.assert_array_equal(reader.read(jobs).ravel(), stat_jobs(jobs))
