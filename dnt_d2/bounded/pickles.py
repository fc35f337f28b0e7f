"""Pickles, bounded: a pickle is a program, and this reads those alone that make numbers, strings and arrays."""

from __future__ import annotations

import mmap
import os
import pickle
import pickletools
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import numpy as np

from .memory import check_memory
from .numbers import shortened

Names = Mapping[tuple[str, str], Any]

# Arrays and numbers are pickled as calls of these functions.
_MAKERS: dict[str, Any] = {
    "multiarray._reconstruct": np.zeros(1).__reduce_ex__(2)[0],
    "multiarray.scalar": np.float32(0).__reduce__()[0],
    "numeric._frombuffer": np.zeros(1).__reduce_ex__(5)[0],
}
_ARRAY = "numpy.ndarray"  # stands for the class, so that nobody can call it


def _empty_array(_: str, shape: tuple[int, ...], kind: Any) -> Any:
    if shape != (0,):  # as NumPy has it; the true one comes with the numbers
        raise pickle.UnpicklingError(f"an array begins with the shape {shape}")
    return _MAKERS["multiarray._reconstruct"](np.ndarray, shape, kind)


def _latin1(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"bytes are written as {encoding!r}")
    return text.encode(encoding)


def _no_bytes() -> bytes:
    return b""


_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _ARRAY,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _latin1,
    ("__builtin__", "bytes"): _no_bytes,
    ("collections", "OrderedDict"): OrderedDict,
}
for _core in ("numpy.core", "numpy._core"):  # before and since NumPy 2
    _ALLOWED[f"{_core}.multiarray", "_reconstruct"] = _empty_array
    _ALLOWED[f"{_core}.multiarray", "scalar"] = _MAKERS["multiarray.scalar"]
    _ALLOWED[f"{_core}.numeric", "_frombuffer"] = _MAKERS["numeric._frombuffer"]


class WantsCode(pickle.UnpicklingError):
    """A pickle names a function or class that data don't need."""


class _DataUnpickler(pickle.Unpickler):
    names: Names = _ALLOWED

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.names:
            raise WantsCode(f"it wants to use {shortened(f'{module}.{name}')}, which data don't need")
        return self.names[module, name]


class _SlowUnpickler(pickle._Unpickler):  # type: ignore[name-defined]  # Python's own, in Python
    names: Names = _ALLOWED
    find_class = _DataUnpickler.find_class


def load_data(path: str | os.PathLike[str], more: Names | None = None) -> Any:
    """What a pickle holds, if it is made of numbers, strings, arrays, lists and dicts; none of its code is run.

    Args:
        path: of the file.
        more: what else it may name, by module and name. A function here is called with whatever the file says.

    Raises:
        OSError: it can't be read.
        WantsCode: it names something else. The message says what, but not the file.
        Exception: it is broken; such a pickle may raise anything.
    """
    check_memory(os.path.getsize(path), path, "it")
    # Mapped: reading from it never makes room for more bytes than are there, whatever the file claims.
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        fast = _has_close_places(data)
        data.seek(0)
        unpickler = (_DataUnpickler if fast else _SlowUnpickler)(data, encoding="latin1")  # as Python 2 wrote arrays
        unpickler.names = {**_ALLOWED, **(more or {})}
        return unpickler.load()


def _has_close_places(data: mmap.mmap) -> bool:
    """What a pickle notes for later has a number, and the fast reader makes a table up to the largest: see that they
    are no larger than the file. False where that can't be known: of arrays of Python 2, in the oldest form."""
    try:
        _check_places(data)
    except UnicodeDecodeError:
        return False
    return True


def _check_places(data: mmap.mmap) -> None:
    for code, place, at in pickletools.genops(data):  # type: ignore[arg-type]
        if code.name in ("PUT", "LONG_BINPUT") and place > at:  # type: ignore[operator]
            raise pickle.UnpicklingError(f"it notes something at place {place}")
