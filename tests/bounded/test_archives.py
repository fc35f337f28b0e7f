"""dnt_d2/bounded/archives.py: arrays come back, bombs and claims don't."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.bounded.archives import read_npz
from dnt_d2.bounded.memory import MEMORY_VARIABLE


def header(shape: tuple[int, ...], kind: str = "<f8") -> bytes:
    """That of a .npy, without its numbers."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": kind, "fortran_order": False, "shape": shape})
    return file.getvalue()


def zipped(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def test_an_empty_archive_has_no_arrays(tmp_path: Path) -> None:
    assert read_npz(zipped(tmp_path / "a.npz", {})) == {}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_come_back(tmp_path: Path, save) -> None:
    arrays = {"a": np.arange(12.0).reshape(3, 4), "b/c": np.array(True), "d": np.zeros((0, 4), np.int8)}
    arrays |= {"e": np.asfortranarray(np.eye(3, 2)), "f": np.array(["x", "yz"]), "g": np.zeros(3_000_000)}
    save(tmp_path / "a.npz", **arrays)
    found = read_npz(tmp_path / "a.npz")
    assert list(found) == list(arrays)
    for name, values in arrays.items():
        assert np.array_equal(found[name], values)


@pytest.mark.parametrize("shape", [(10**12,), (10**9, 10**9, 10**9), (5,), (-1,), (2**62, 4)])
def test_claims_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = zipped(tmp_path / "a.npz", {"a.npy": header(shape) + bytes(32)})
    with pytest.raises(ValueError, match=r"a\.npy claims|shape is not valid"):
        read_npz(path)


def test_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 36 << 20
    path = zipped(tmp_path / "a.npz", {"a.npy": header((count,)) + bytes(8 * count)})
    assert path.stat().st_size < 1 << 20
    with pytest.raises(ValueError, match=r"a\.npz: unpacked it would be 288 MiB, too much for an archive so small"):
        read_npz(path)
    np.savez(tmp_path / "b.npz", a=np.zeros(1 << 18))
    monkeypatch.setenv(MEMORY_VARIABLE, "1")
    with pytest.raises(ValueError, match=r"b\.npz: its content would take 2 MiB of memory"):
        read_npz(tmp_path / "b.npz")


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.array([{}, []], object))
    with pytest.raises(ValueError, match=r"claims|allow_pickle"):
        read_npz(tmp_path / "a.npz")
