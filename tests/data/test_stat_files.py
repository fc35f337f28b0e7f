"""dnt_d2/data/stat_files.py: times and sizes, in this process or as a program."""

from __future__ import annotations

import os
import subprocess
import sys
from array import array
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.data import stat_files as module
from dnt_d2.data.stat_files import stat_files, stat_folder, stat_jobs, take_chunks


@pytest.fixture
def folder(tmp_path: Path) -> bytes:
    for name, size in (("a.xml", 5), ("b.xml", 0)):
        (tmp_path / name).write_bytes(b"x" * size)
        os.utime(tmp_path / name, ns=(7, 1000 + size))
    (tmp_path / "link.xml").symlink_to(tmp_path / "nowhere")
    return os.fsencode(tmp_path)


def test_nothing_and_nowhere(tmp_path: Path) -> None:
    nowhere = os.fsencode(tmp_path / "missing")
    assert stat_files(nowhere, []) == ([], [])
    assert stat_files(nowhere, [b"a", b"b"]) == ([-1, -1], [-1, -1])
    assert stat_folder(nowhere) == (-1, -1)
    assert stat_jobs([]) == []


@pytest.mark.parametrize("by_folder", [True, False])
def test_times_and_sizes(folder: bytes, monkeypatch: pytest.MonkeyPatch, by_folder: bool) -> None:
    if not by_folder:
        monkeypatch.setattr(os, "supports_dir_fd", set())
    assert stat_files(folder, [b"b.xml", b"a.xml"]) == ([1000, 1005], [0, 5])
    assert stat_files(folder, [b"a.xml", b"link.xml", b"missing.xml"]) == ([1005, -1, -1], [5, -1, -1])


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


def test_folders_come_first_then_times_then_sizes(folder: bytes, tmp_path: Path) -> None:
    jobs = [(folder, b"a.xml/link.xml", 2), (os.fsencode(tmp_path / "none"), b"", 0), (folder, b"b.xml", 1)]
    found = stat_jobs(jobs)
    assert found[:6] == [*stat_folder(folder), -1, -1, *stat_folder(folder)]
    assert found[6:] == [1005, -1, 1000, 5, -1, 0]


def test_it_is_a_program_too(folder: bytes, tmp_path: Path) -> None:
    odd = tmp_path / "new\nline ü"
    odd.mkdir()
    chunks = [[(folder, b"a.xml/link.xml", 2), (os.fsencode(odd), b"", 0)], [(folder + b"/missing", b"c.xml", 1)]]
    texts = [b"".join(b"%b\0%b\0" % job[:2] for job in chunk) for chunk in chunks]
    tokens, end = os.pipe()
    for token in ((1, len(texts[0]), len(texts[1])), (0, 0, len(texts[0])), (-1, 0, 0)):
        os.write(end, array("q", token).tobytes())
    (tmp_path / "work").write_bytes(b"".join(texts))
    command = [sys.executable, "-I", "-S", module.__file__, str(tokens)]
    with open(tmp_path / "work", "rb") as work:
        run = subprocess.run(command, stdin=work, capture_output=True, check=True, pass_fds=[tokens])
    os.close(end)
    os.close(tokens)
    first, second = (stat_jobs(chunk) for chunk in chunks)
    assert np.frombuffer(run.stdout, np.int64).tolist() == [1, len(second), *second, 0, len(first), *first]


def test_chunks_are_taken_until_the_end() -> None:
    for last in (array("q", [-1, 0, 0]).tobytes(), b""):
        tokens, end = os.pipe()
        os.write(end, array("q", [7, 8, 9, 1, 2, 3]).tobytes() + last)
        os.close(end)
        assert list(take_chunks(tokens)) == [(7, 8, 9), (1, 2, 3)]
        os.close(tokens)
