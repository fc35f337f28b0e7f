"""Changes of JPEG, PNG, mp4 and NumPy archives that leave their parts findable."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Sequence
from random import Random

import numpy as np

from . import nasty
from .flat import change_bytes

_SCAN = 0xDA
_CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"udta", b"mvex", b"moof", b"traf", b"dinf")
_TYPES = ("f4", "f8", "i1", "i8", "u8", "?", "c16", "U3", "S5", ">f8", "f2")
_EXTREMES = (0, 1, -1, 127, -128, 2**31 - 1, 2**40, 2**62, float("nan"), float("inf"), -1e30, 1e308)


def change_jpeg(random: Random, seeds: Sequence[bytes]) -> bytes:
    """Changes of the segments of a JPEG: of their order, their lengths, and what they say."""
    data = random.choice(seeds)
    if random.random() < 0.4:
        return change_bytes(random, data, seeds)
    segments = _segments(data)
    for _ in range(nasty.times(random)):
        at = random.randrange(1, len(segments))
        dice = random.random()
        if dice < 0.15:
            del segments[at]
        elif dice < 0.3:
            segments.insert(random.randrange(1, len(segments) + 1), segments[at])
        elif dice < 0.4:
            segments[at] = random.choice(_segments(random.choice(seeds))[1:])
        elif dice < 0.55 and len(segments[at]) >= 4:
            segments[at] = segments[at][:2] + random.randbytes(2) + segments[at][4:]
        else:
            segments[at] = change_bytes(random, segments[at], [segments[at]])
        if len(segments) < 2:
            break
    return b"".join(segments)


def _segments(data: bytes) -> list[bytes]:
    """The segments of a sound JPEG; the last one is the first scan, and all behind it."""
    found, at = [data[:2]], 2
    while data[at + 1] != _SCAN:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        found.append(data[at:end])
        at = end
    return [*found, data[at:]]


def change_png(random: Random, seeds: Sequence[bytes]) -> bytes:
    """Changes of the chunks of a PNG, whose checksums are made right again."""
    data = random.choice(seeds)
    if random.random() < 0.4:
        return change_bytes(random, data, seeds)
    chunks, at = [], 8
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += size + 12
    for _ in range(nasty.times(random)):
        place = random.randrange(len(chunks))
        kind, content = chunks[place]
        dice = random.random()
        if dice < 0.15 and len(chunks) > 1:
            del chunks[place]
        elif dice < 0.3:
            chunks.insert(place, chunks[place])
        else:
            chunks[place] = kind, change_bytes(random, content, [content])
    whole = (struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in chunks)
    return data[:8] + b"".join(whole)


def change_mp4(random: Random, seeds: Sequence[bytes]) -> bytes:
    """Changes of the boxes of an mp4: gone, twice, of another type or length, or with other numbers in them."""
    data = random.choice(seeds)
    boxes = _boxes(data, 0, len(data))
    if random.random() < 0.3 or not boxes:
        return change_bytes(random, data, seeds)
    changed = bytearray(data)
    for _ in range(nasty.times(random)):
        start, end = random.choice(boxes)
        dice = random.random()
        if dice < 0.2:
            changed[start : start + 4] = random.choice((0, 1, 7, 8, 9, 2**31, 2**32 - 1, end - start + 8)).to_bytes(4)
        elif dice < 0.3:
            changed[start + 4 : start + 8] = random.choice((b"free", b"moov", b"mdat", b"stsz", b"\0\0\0\0"))
        elif dice < 0.85 and end - start > 12:
            at = random.randrange(start + 8, end)
            value = random.choice((0, 1, 2**31 - 1, 2**32 - 1, 2**16, random.getrandbits(32)))
            changed[at : at + 4] = value.to_bytes(4, "big")
        elif dice < 0.93:
            changed[start:end] = changed[start:end] * 2
        else:
            del changed[start:end]
    return bytes(changed)


def _boxes(data: bytes, start: int, end: int) -> list[tuple[int, int]]:
    """Start and end of each box of a sound mp4, those inside of others too."""
    found = []
    while start + 8 <= end:
        size = int.from_bytes(data[start : start + 4], "big")
        if not 8 <= size <= end - start:
            break
        found.append((start, start + size))
        if data[start + 4 : start + 8] in _CONTAINERS:
            found += _boxes(data, start + 8, start + size)
        start += size
    return found


def pack_arrays(arrays: dict[str, np.ndarray]) -> bytes:
    """An archive as ``numpy.savez`` writes it."""
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def change_arrays(random: Random, seeds: Sequence[bytes]) -> bytes:
    """Changes of the arrays of an archive: of their numbers, shapes and types; which there are; their headers."""
    data = random.choice(seeds)
    if random.random() < 0.2:
        return change_bytes(random, data, seeds)
    with np.load(io.BytesIO(data)) as archive:
        arrays = {name: archive[name] for name in archive.files}
    for _ in range(nasty.times(random)):
        name = random.choice(list(arrays))
        dice = random.random()
        if dice < 0.1 and len(arrays) > 1:
            del arrays[name]
        elif dice < 0.18:
            arrays[random.choice(("x", "a/b", "x/counts", "detections/boxes", nasty.text(random) or "y"))] = arrays[
                name
            ]
        else:
            arrays[name] = _change_array(random, arrays[name], arrays[random.choice(list(arrays))])
    try:
        packed = pack_arrays(arrays)
    except (ValueError, UnicodeError, struct.error):  # a name that no archive can have
        return data
    return _change_header(random, packed) if random.random() < 0.15 else packed


def _change_array(random: Random, array: np.ndarray, other: np.ndarray) -> np.ndarray:
    dice = random.random()
    with np.errstate(all="ignore"):
        if dice < 0.4 and array.size and array.dtype.kind in "iuf":
            array, value = np.array(array), random.choice(_EXTREMES)
            if array.dtype.kind != "f":
                value = int(np.clip(np.nan_to_num(value), *_limits(array.dtype)))
            array.reshape(-1)[random.randrange(array.size)] = value
            return array
        if dice < 0.55:
            try:
                kind = random.choice(_TYPES)
                return array.real.astype(kind) if array.dtype.kind == "c" else array.astype(kind)
            except (ValueError, TypeError):
                return array
    if dice < 0.85 and array.ndim:
        shapes = (array[:-1], array[None], array.reshape(-1), array[..., None], array.T, array[:0], array[::-1])
        return random.choice((*shapes, np.concatenate([array, array]), array.reshape(-1)[:1]))
    return random.choice((other, np.array(7), np.zeros(0), np.array([[1.5]])))


def _limits(dtype: np.dtype) -> tuple[float, float]:
    return (np.iinfo(dtype).min, np.nextafter(float(np.iinfo(dtype).max), 0))


def _change_header(random: Random, packed: bytes) -> bytes:
    """What an array says of its own shape and type, in an archive that is sound otherwise."""
    shapes = ((0,), (3,), (-1,), (1 << 40,), (1 << 62, 4), (10**30,), (2, 2))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = random.choice(list(members))
    shape, kind = random.choice(shapes), random.choice(("<f8", "|O", "<i8", "|V100", "<U1000000", "bad"))
    header = f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape}}}".encode()
    members[name] = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + members[name][128:]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for entry, content in members.items():
            archive.writestr(zipfile.ZipInfo(entry), content)  # a plain name would be stamped with the time
    return file.getvalue()
