"""Arrays on the disk: what is read is what was appended, and little of it is in memory."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.spill import GrowingArray, SpillFile


def test_nothing() -> None:
    file = SpillFile()
    rows = GrowingArray(file, np.float32, 4)
    assert len(rows) == 0
    assert rows.read().shape == (0, 4)
    rows.append(np.zeros((0, 4)))
    assert rows.read(0, 0).dtype == np.float32
    assert file.size == 0
    with pytest.raises(IndexError, match="rows 0 to 1 of 0"):
        rows.read(0, 1)


@pytest.mark.parametrize("width", [None, 1, 3])
@pytest.mark.parametrize("held_bytes", [1, 40, 1 << 14])
def test_rows_come_back(width: int | None, held_bytes: int) -> None:
    """Of several arrays in one file, which are read in between."""
    rng, file = np.random.default_rng(0), SpillFile()
    arrays = [GrowingArray(file, dtype, width, held_bytes=held_bytes) for dtype in (np.int32, np.float64)]
    expected = [np.zeros((0,) if width is None else (0, width)) for _ in arrays]
    for step in range(30):
        for i, growing in enumerate(arrays):
            count = int(rng.integers(0, 9))
            new = rng.integers(-99, 99, (count,) if width is None else (count, width))
            growing.append(new)
            expected[i] = np.concatenate([expected[i], new])
            assert len(growing) == len(expected[i])
            if step % 3 == 0:
                start, stop = sorted(rng.integers(0, len(growing) + 1, 2).tolist())
                np.testing.assert_array_equal(growing.read(start, stop), expected[i][start:stop])
    for growing, rows in zip(arrays, expected, strict=True):
        np.testing.assert_array_equal(growing.read(), rows)
    assert (file.size > 0) == (held_bytes < 1 << 14)


def test_a_single_number_is_a_row() -> None:
    numbers = GrowingArray(SpillFile(), np.int32)
    for i in range(5):
        numbers.append(i)
    assert numbers.read().tolist() == [0, 1, 2, 3, 4]


def test_nobody_sees_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    rows = GrowingArray(SpillFile(), np.float64, held_bytes=8)
    rows.append(np.arange(100))
    assert list(tmp_path.iterdir()) == []
    assert rows.read(98).tolist() == [98, 99]


def test_a_full_disk_costs_memory_alone(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    class Full:
        """A disk with room for 64 bytes."""

        def __init__(self) -> None:
            self.file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - it lives as long as this

        def __getattr__(self, name: str) -> object:
            return getattr(self.file, name)

        def write(self, data: memoryview) -> int:
            room = 64 - self.file.tell()
            if room <= 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            return self.file.write(data[:room])

    full = Full()
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: full)
    file = SpillFile()
    arrays = [GrowingArray(file, np.int64, held_bytes=24) for _ in range(2)]
    for t in range(20):
        arrays[0].append([t, t + 100])
        arrays[1].append(-t)
    assert arrays[0].read().tolist() == [n for t in range(20) for n in (t, t + 100)]
    assert arrays[1].read(7, 20).tolist() == [-t for t in range(7, 20)]
    assert file.size == 48
    (message,) = caplog.messages
    assert "No space left on device, after 0 MB): from here on, memory grows instead" in message
