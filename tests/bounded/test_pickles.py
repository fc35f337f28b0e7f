"""dnt_d2/bounded/pickles.py: data come back, code doesn't run, and nothing is made room for that isn't there."""

from __future__ import annotations

import os
import pickle
import struct
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnt_d2.bounded.pickles import WantsCode, load_data


class Call:
    """Pickled as a call of something."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_an_empty_file_is_no_pickle(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="empty"):
        load_data(_written(tmp_path / "a.pkl", b""))
    with pytest.raises(FileNotFoundError):
        load_data(tmp_path / "b.pkl")


@pytest.mark.parametrize("protocol", range(6))
def test_data_come_back(tmp_path: Path, protocol: int) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.random((3, 4)).astype(np.float32), np.zeros((0, 4)), np.array(["a", "bc"]), np.arange(5)[::2]]
    data = {"arrays": arrays, "scalar": np.float64(0.1), "text": "é", "bytes": b"\xff\0", "none": b""}
    data |= {"ordered": OrderedDict(a=(1, None, True)), "many": list(range(300)), "large": 10**50}
    found = load_data(_written(tmp_path / "a.pkl", pickle.dumps(data, protocol)))
    for mine, theirs in zip(found.pop("arrays"), data.pop("arrays"), strict=True):  # type: ignore[call-overload]
        assert np.array_equal(mine, theirs)
        assert mine.dtype == theirs.dtype
    assert found == data


def test_an_array_of_python_2(tmp_path: Path) -> None:
    numbers = np.arange(3, dtype="<f4")
    text = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(I3\ntcnumpy\ndtype\n(S'f4'\nI0\nI1\n"
        b"tR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\nS" + repr(numbers.tobytes())[1:].encode() + b"\ntb."
    )
    assert np.array_equal(load_data(_written(tmp_path / "a.pkl", text)), numbers)


CODE = {
    "os.system": Call(os.system, "touch canary"),
    "eval": Call(eval, "open('canary', 'w')"),
    "numpy.load": Call(np.load, "canary.npy"),
    "getattr": Call(getattr, os, "system") if False else Call(getattr, "a", "upper"),
    "open": Call(open, "canary", "w"),
    "an array of a shape": Call(np.zeros(1).__reduce_ex__(2)[0], np.ndarray, (10**9,), b"b"),
    "the class of arrays": Call(np.ndarray, (10**9,)),
    "bytes": Call(bytes, 10**9),
    "partial": Call(__import__("functools").partial, os.system, "touch canary"),
}


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("what", CODE)
def test_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, protocol: int) -> None:
    monkeypatch.chdir(tmp_path)
    path = _written(tmp_path / "a.pkl", pickle.dumps({"a": CODE[what]}, protocol))
    with pytest.raises((pickle.UnpicklingError, TypeError)):
        load_data(path)
    assert os.listdir(tmp_path) == ["a.pkl"]


def test_the_error_names_what_it_wanted(tmp_path: Path) -> None:
    path = _written(tmp_path / "a.pkl", pickle.dumps(Call(os.system, "touch canary")))
    with pytest.raises(WantsCode, match=rf"it wants to use {os.name}\.system, which data don't need"):
        load_data(path)
    assert load_data(path, {(os.name, "system"): str.upper}) == "TOUCH CANARY"


CLAIMS = {
    "place": b"]r" + struct.pack("<I", 2**32 - 1) + b".",
    "place in text": b"]p4294967295\n.",
    "bytes": b"\x8e" + struct.pack("<Q", 2**40) + b"a.",
    "text": b"\x8d" + struct.pack("<Q", 2**62) + b"a.",
    "bytearray": b"\x96" + struct.pack("<Q", 2**40) + b"a.",
    "frame": b"\x95" + struct.pack("<Q", 2**40) + b"].",
    "number": b"\x8b" + struct.pack("<i", 2**31 - 1) + b"a.",
    "digits": b"L" + b"9" * 5000 + b"L\n.",
    "nesting": b"]" * 300_000 + b"a" * 299_999 + b".",
}


@pytest.mark.parametrize("what", CLAIMS)
def test_claims_take_no_memory(tmp_path: Path, what: str) -> None:
    path = _written(tmp_path / "a.pkl", b"\x80\x05" + CLAIMS[what])
    try:
        load_data(path)
    except Exception as error:  # a broken pickle may raise anything
        assert not isinstance(error, MemoryError | RecursionError) or what == "bytearray"  # noqa: PT017
    else:
        assert what == "nesting"
