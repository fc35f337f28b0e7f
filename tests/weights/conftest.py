"""Snapshots as Caffe writes them, byte by byte."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest


def _varint(value: int) -> bytes:
    data = b""
    while value > 0x7F:
        data += bytes([value & 0x7F | 0x80])
        value >>= 7
    return data + bytes([value])


def _field(number: int, payload: bytes) -> bytes:
    """A field with a length: a string, a message or packed numbers."""
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def encode_blob(array: np.ndarray, *, legacy: bool = False, packed: bool = True, double: bool = False) -> bytes:
    """A BlobProto: with a shape, or with num, channels, height and width."""
    if legacy:
        four = [1] * (4 - array.ndim) + list(array.shape)
        head = b"".join(_number(i, size) for i, size in enumerate(four, 1))
    else:
        head = _field(7, _field(1, b"".join(map(_varint, array.shape))))
    if double:
        return head + _field(8, array.astype("<f8").tobytes())
    if packed:
        return head + _field(5, array.astype("<f4").tobytes())
    return head + b"".join(_varint(5 << 3 | 5) + struct.pack("<f", x) for x in array.ravel())


def encode_layer(name: str, blobs: Sequence[bytes], *, legacy: bool = False) -> bytes:
    """A layer of a NetParameter, with fields that nobody needs here."""
    if legacy:
        inner = _field(2, b"data") + _field(4, name.encode()) + _number(5, 4)
        return _field(2, inner + b"".join(_field(6, blob) for blob in blobs))
    inner = _field(1, name.encode()) + _field(2, b"Convolution") + _field(3, b"data")
    return _field(100, inner + b"".join(_field(7, blob) for blob in blobs) + _field(106, _number(1, 3)))


def _write(path: Path, layers: Mapping[str, Sequence[np.ndarray]], **how: bool) -> Path:
    content = _field(1, b"a net")
    content += encode_layer("data", [], legacy=how.get("legacy", False))
    for name, blobs in layers.items():
        content += encode_layer(name, [encode_blob(x, **how) for x in blobs], legacy=how.get("legacy", False))
    path.write_bytes(content)
    return path


@pytest.fixture(scope="session")
def write_caffemodel() -> Callable[..., Path]:
    """``write_caffemodel(path, {layer: [blob, ...]}, legacy=False, packed=True, double=False)``: a .caffemodel."""
    return _write
