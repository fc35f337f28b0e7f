"""dnt_d2/data/xml_reading.py: many files, in processes."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.data import xml_reading
from dnt_d2.data.xml_reading import count_workers, read_files
from dnt_d2.data.xml_table import ODD, Content, read_content


def test_no_files_are_an_empty_table() -> None:
    assert len(read_files([], [], [])) == 0


def test_the_number_of_processes_changes_nothing(ilsvrc_writer, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [
        str(ilsvrc_writer.xml("VID", f"v/{i:06d}", (96, 64), [(f"name{i % 7}", i, (i, 0, 50, 9))] * (i % 3)))
        for i in range(50)
    ]
    Path(paths[20]).write_text("<broken")
    alone = read_files(paths, range(50), range(50, 100), workers=1)
    monkeypatch.setattr(xml_reading, "_FEW", 10)
    monkeypatch.setattr(xml_reading, "_CHUNK", 7)
    together = read_files(paths, range(50), range(50, 100), workers=3)
    for field in fields(alone):
        np.testing.assert_array_equal(getattr(alone, field.name), getattr(together, field.name))
    assert alone.width.tolist() == [96] * 20 + [ODD] + [96] * 29
    assert alone.mtime_ns.tolist() == list(range(50))


def test_processes_that_are_killed(
    ilsvrc_writer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """For memory, or since they can't import a script that starts its work as it is imported."""
    paths = [str(ilsvrc_writer.xml("VID", f"v/{i:06d}", (96 + i, 64), [])) for i in range(50)]
    here = os.getpid()

    def read(path: str) -> Content:
        if path == paths[31] and os.getpid() != here:
            os._exit(9)
        return read_content(path)

    monkeypatch.setattr(xml_reading, "_FEW", 10)
    monkeypatch.setattr(xml_reading, "_CHUNK", 7)
    monkeypatch.setattr(xml_reading, "read_content", read)
    assert read_files(paths, range(50), range(50), workers=2).width.tolist() == list(range(96, 146))
    assert "have ended early; this one goes on alone. Was there too little memory" in caplog.text


def test_how_many_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DNT_D2_WORKERS", raising=False)
    assert count_workers() >= 1
    assert count_workers(3) == 3
    monkeypatch.setenv("DNT_D2_WORKERS", "5")
    assert count_workers() == 5
    assert count_workers(2) == 2
    for wrong in ("0", "-1", "many"):
        monkeypatch.setenv("DNT_D2_WORKERS", wrong)
        with pytest.raises(ValueError, match=f"DNT_D2_WORKERS is '{wrong}'"):
            count_workers()
    with pytest.raises(ValueError, match="-2"):
        count_workers(-2)
