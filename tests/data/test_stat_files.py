"""dnt_d2/data/stat_files.py: times and sizes, in this process or as a program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.data import stat_files as module
from dnt_d2.data.stat_files import stat_files, stat_folder, stat_jobs


@pytest.fixture
def folder(tmp_path: Path) -> bytes:
    for name, size in (("a.xml", 5), ("b.xml", 0)):
        (tmp_path / name).write_bytes(b"x" * size)
        os.utime(tmp_path / name, ns=(7, 1000 + size))
    (tmp_path / "link.xml").symlink_to(tmp_path / "nowhere")
    return os.fsencode(tmp_path)


def test_nothing_and_nowhere(tmp_path: Path) -> None:
    nowhere = os.fsencode(tmp_path / "missing")
    assert stat_files(nowhere, []) == []
    assert stat_files(nowhere, [b"a", b"b"]) == [-1] * 4
    assert stat_folder(nowhere) == (-1, -1)
    assert stat_jobs([]) == []


@pytest.mark.parametrize("by_folder", [True, False])
def test_times_and_sizes(folder: bytes, monkeypatch: pytest.MonkeyPatch, by_folder: bool) -> None:
    if not by_folder:
        monkeypatch.setattr(os, "supports_dir_fd", set())
    assert stat_files(folder, [b"b.xml", b"a.xml"]) == [1000, 0, 1005, 5]
    assert stat_files(folder, [b"a.xml", b"link.xml", b"missing.xml"]) == [1005, 5, -1, -1, -1, -1]


def test_a_folder_tells_when_its_files_came_and_went(folder: bytes, tmp_path: Path) -> None:
    os.utime(folder, ns=(7, 7))
    before = stat_folder(folder)
    assert before[0] == 7
    (tmp_path / "a.xml").write_text("in place")
    assert stat_folder(folder) == before
    (tmp_path / "c.xml").touch()
    os.utime(folder, ns=(7, 7))  # as tar does
    after = stat_folder(folder)
    assert after[0] == 7
    assert after[1] >= before[1]


def test_it_is_a_program_too(folder: bytes, tmp_path: Path) -> None:
    odd = tmp_path / "new\nline ü"
    odd.mkdir()
    jobs = [(folder, b"a.xml/link.xml", 2), (os.fsencode(odd), b"", 0), (folder + b"/missing", b"c.xml", 1)]
    words = b"".join(b"%b\0%b\0" % job[:2] for job in jobs)
    run = subprocess.run([sys.executable, "-I", "-S", module.__file__], input=words, capture_output=True, check=True)
    assert np.frombuffer(run.stdout, np.int64).tolist() == stat_jobs(jobs)
    assert len(stat_jobs(jobs)) == 2 * (3 + 1 + 2)
