"""dnt_d2/data/file_states.py: the same states, whoever looks."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnt_d2.data import file_states
from dnt_d2.data.file_states import Job, StateReader, States
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


def read(jobs: list[Job], helpers: int) -> States:
    with StateReader(helpers) as reader:
        reader.add(jobs)
        [states] = reader.result()
    return states


def check(states: States, jobs: list[Job]) -> None:
    files = sum(count for _, _, count in jobs)
    assert (len(states.folders), len(states.mtime_ns), len(states.byte_size)) == (len(jobs), files, files)
    np.testing.assert_array_equal(np.concatenate([x.ravel() for x in states]), stat_jobs(jobs))


@pytest.mark.parametrize("files", [1, 500])
@pytest.mark.parametrize("helpers", [0, 1, 4])
def test_any_number_of_processes_says_the_same(
    jobs: list[Job], helpers: int, files: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_states, "_FILES", files)
    check(read(jobs, helpers), jobs)
    monkeypatch.setattr(file_states, "_CHUNKS", 2)
    check(read(jobs, helpers), jobs)
    monkeypatch.setattr(file_states, "_OFFERED", 1)
    check(read(jobs, helpers), jobs)


@pytest.mark.parametrize("helpers", [0, 2])
def test_jobs_may_come_bit_by_bit(jobs: list[Job], helpers: int) -> None:
    parts = [jobs[:3], [], jobs[3:]]
    with StateReader(helpers) as reader:
        for part in parts:
            reader.add(part)
        for states, part in zip(reader.result(), parts, strict=True):
            check(states, part)
    with StateReader(helpers) as reader:
        assert reader.result() == []


@pytest.mark.parametrize("helpers", [0, 2])
def test_no_files(tmp_path: Path, helpers: int) -> None:
    check(read([], helpers), [])
    nowhere: list[Job] = [(os.fsencode(tmp_path / "missing"), b"", 0)]
    assert read(nowhere, helpers).folders.tolist() == [[-1, -1]]


def test_processes_end_with_the_block(jobs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        with StateReader(2):
            raise RuntimeError

    started = note_processes(monkeypatch)
    with pytest.raises(RuntimeError):
        fail()
    read(jobs, 3)
    assert len(started) == 5
    assert all(process.returncode is not None for process in started)


def note_processes(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen]:
    started: list[subprocess.Popen] = []
    start = subprocess.Popen

    def noted(*arguments: Any, **options: Any) -> subprocess.Popen:
        started.append(start(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", noted)
    return started


@pytest.mark.parametrize("program", ["/nowhere/python", "/bin/false", ""])
def test_where_no_process_can_help_this_one_does_all(
    jobs: list[Job], monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(sys, "executable", program)
    check(read(jobs, 2), jobs)


def test_what_a_killed_process_took_is_looked_at_again(jobs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_states, "_FILES", 1)
    started = note_processes(monkeypatch)
    with StateReader(1) as reader:
        reader.add(jobs)
        time.sleep(0.3)  # it has taken some, or all
        started[0].kill()
        check(*reader.result(), jobs)


def test_a_part_that_was_cut_off_is_looked_at_again(
    jobs: list[Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nhead -c 24 <&$5 >/dev/null; head -c 44 /dev/zero\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(file_states, "_FILES", 1)
    with StateReader(1) as reader:
        reader.add(jobs)
        time.sleep(0.2)
        check(*reader.result(), jobs)
