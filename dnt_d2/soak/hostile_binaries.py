"""Hostile images, videos and archives."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ..data.images import read_image
from ..data.mat_proposals import read_mat
from ..evaluation.saved_run import FORMAT, SavedRun
from ..formats.images import image_size
from ..minivid.packages import PackageError, read_deb
from ..video import VideoSource
from ..weights.caffemodel import read_caffemodel
from ..weights.files import read_state_dict
from .hostile_attempts import Attack
from .hostile_texts import Content, as_bytes, small_jpeg, written

_SIZES = ((65500, 65500), (65500, 1200), (1200, 65500), (0, 0), (0, 48))
_MANY = 640_000_000  # zero bytes that a bomb becomes
_LARGER = ((2**31 - 1, 2**31 - 1), (2**31 - 1, 1), (100_000, 100_000))


def images() -> list[Attack]:
    """Claims of all formats, bombs, and headers that end early."""
    contents: dict[str, Content] = {}
    for size in _SIZES:
        contents[f"JPEG of {size}"] = _claiming_jpeg(*size)
    for size in (*_SIZES, *_LARGER):
        contents[f"PNG of {size}"] = png(*size, rows=2)
        contents[f"BMP of {size}"] = _claiming("BMP", 18, "<ii", *size)
        contents[f"GIF of {size}"] = _claiming("GIF", 6, "<HH", *(min(side, 65535) for side in size))
        contents[f"PPM of {size}"] = b"P6\n%d %d\n255\n\0\0\0" % size
        contents[f"PFM of {size}"] = b"PF\n%d %d\n-1.0\n\0\0\0" % size
        contents[f"HDR of {size}"] = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y %d +X %d\n\0\0\0" % size
    contents |= {
        "PNG of zeros, 12000 x 12000": lambda: png(12_000, 12_000, rows=12_000),
        "JPEG without frame": small_jpeg().replace(b"\xff\xc0", b"\xff\xfe"),
        "JPEG of markers": b"\xff\xd8\xff" + b"\xff" * 5_000_000,
        "JPEG of short segments": b"\xff\xd8" + b"\xff\xe0\x00\x02" * 1_000_000,
        "JPEG, half": small_jpeg()[:300],
        "TIFF in a circle": b"II*\0\x08\0\0\0\0\0\x08\0\0\0" + bytes(50),
        "nothing": b"",
        "a page": b"<html></html>",
        "zero bytes": bytes(1_000_000),
    }
    return [Attack(what, partial(written, "a.JPEG", content), _both_readers) for what, content in contents.items()]


def _both_readers(path: Path) -> None:
    """That of data sets, and that of folders of images, which must refuse too."""
    with suppress(ValueError):
        image_size(path)  # a header may say what it likes
    try:
        read_image(str(path))
    except ValueError:
        VideoSource(path.parent)


def png(width: int, height: int, rows: int) -> bytes:
    """Black, of any size, with some of its rows."""
    packer = zlib.compressobj(9)
    row = bytes(3 * min(width, 20_000) + 1)
    body = b"".join([*(packer.compress(row) for _ in range(rows)), packer.flush()])
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", head), (b"IDAT", body), (b"IEND", b""))
    )


def _claiming_jpeg(width: int, height: int) -> bytes:
    data = bytearray(small_jpeg())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def _claiming(form: str, place: int, layout: str, *size: int) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (4, 3)).convert("P" if form == "GIF" else "RGB").save(file, form)
    data = bytearray(file.getvalue())
    struct.pack_into(layout, data, place, *size)
    return bytes(data)


def videos() -> list[Attack]:
    """Made by PyAV, then falsified."""
    mp4, raw = _video("mp4", "libx264", "yuv420p"), _video("avi", "rawvideo", "bgr24")
    at = raw.index(b"strf") + 12
    contents: dict[str, Content] = {
        "pictures that are bombs": lambda: _video("avi", "png", "rgb24", instead=png(12_000, 12_000, rows=12_000)),
        "a raw video of 30000 x 30000": raw[:at] + struct.pack("<ii", 30_000, 30_000) + raw[at + 8 :],
        "an mp4 that claims 60000 x 60000": mp4.replace(struct.pack(">HH", 64, 48), struct.pack(">HH", 60_000, 60_000)),
        "an mp4 with an atom of 2^63": mp4.replace(b"\0\0\0\x08free", b"\0\0\0\x01free" + b"\x7f" + b"\xff" * 7),
        "an mp4 of 2^32 frames": _counted(mp4, b"stsz", 12),
        "an mp4 of 2^32 times": _counted(mp4, b"stts", 8),
        "an mp4 that claims an endless time": _counted(mp4, b"mvhd", 20),
        "an mp4, half": mp4[: len(mp4) // 2],
        "an mp4 of nothing but its head": mp4[:40],
        "atoms in atoms": b"".join(struct.pack(">I4s", 2**31 - 1 - 8 * i, b"moov") for i in range(20_000)),
        "zero bytes": bytes(1_000_000),
        "a play list of files": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n",
        "a list to join": b"ffconcat version 1.0\nfile /etc/hostname\n",
        "nothing": b"",
    }
    return [
        Attack(what, partial(written, "a.mp4", content), _three_frames, may_pass="claims" in what or " of 2^" in what)
        for what, content in contents.items()
    ]


def _three_frames(path: Path) -> None:
    with VideoSource(path) as source:
        for _ in islice(source, 3):
            pass


def _counted(data: bytes, atom: bytes, place: int) -> bytes:
    at = data.index(atom) + place
    return data[:at] + b"\xff\xff\xff\xff" + data[at + 4 :]


def _video(form: str, codec: str, pixels: str, instead: bytes | None = None) -> bytes:
    import av

    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        stream: Any = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
        frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="bgr24")
        for place, packet in enumerate([*stream.encode(frame), *stream.encode(frame), *stream.encode()]):
            if instead is not None:
                packet = av.Packet(instead)
                packet.stream, packet.pts, packet.dts = stream, place, place
            container.mux(packet)
    return file.getvalue()


def npy(shape: tuple[int, ...], kind: str = "<f8", body: bytes = b"") -> bytes:
    """An array that claims a shape."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": kind, "fortran_order": False, "shape": shape})
    return file.getvalue() + body


def archives() -> list[Attack]:
    """NumPy's, PyTorch's, MATLAB's, Caffe's and Debian's."""
    arrays: dict[str, Content] = {
        "a claim of 8 TB": npy((10**12,)),
        "a claim of 2^90": npy((2**30, 2**30, 2**30)),
        "a claim below zero": npy((-1,)),
        "a bomb": lambda: npy((_MANY // 8,), body=bytes(_MANY)),
        "an object": npy((1,), "|O", b"cos\nsystem\n(S'touch canary'\ntR."),
        "no array": b"PK\x03\x04",
        "names": npy((1,), "<U1000000000"),
        "nothing": b"",
    }
    attacks = [Attack(f"npz: {what}", partial(_run, content), _read_run) for what, content in arrays.items()]
    plain: dict[str, tuple[str, Content, Callable[[Path], Any]]] = {
        "pth: a bomb": ("a.pth", lambda: _zip({"a/data.pkl": bytes(_MANY), "a/version": b"3"}), read_state_dict),
        "pth: no pickle": ("a.pth", _zip({"a/version": b"3"}), read_state_dict),
        "safetensors: a claim": ("a.safetensors", struct.pack("<Q", 2**62) + b"{}", read_state_dict),
        "safetensors: a claim of a tensor": ("a.safetensors", _safe([2**40]), read_state_dict),
        "safetensors: nesting": ("a.safetensors", struct.pack("<Q", 200_000) + b'{"a":' * 40_000, read_state_dict),
        "mat: a bomb": ("a.mat", lambda: _mat(zlib.compress(bytes(_MANY), 9)), read_mat),
        "mat: a claim": ("a.mat", _mat(b"", 2**32 - 1), read_mat),
        "mat: zero bytes": ("a.mat", bytes(10_000), read_mat),
        "caffemodel: a claim": ("a.caffemodel", b"\x12\xff\xff\xff\xff\x7f", read_caffemodel),
        "caffemodel: nesting": ("a.caffemodel", b"\x12\x80\x80\x40" * 1000, read_caffemodel),
        "deb: no size": ("a_1.deb", _deb(b"", size=b"-60"), _read_deb),
        "deb: a claim": ("a_1.deb", _deb(b"", size=b"9999999999", name=b"other"), _read_deb),
        "deb: a large picture": ("a_1.deb", lambda: _deb(_tar("usr/a.png", bytes(_MANY))), _read_deb),
        "deb: a bomb": ("a_1.deb", lambda: _deb(gzip.compress(bytes(_MANY))), _read_deb),
    }
    attacks += [Attack(what, partial(written, name, data), read) for what, (name, data, read) in plain.items()]
    for kind, name in ((tarfile.SYMTYPE, "a link"), (tarfile.LNKTYPE, "a hard link"), (tarfile.CHRTYPE, "a device")):
        deb = _deb(_tar("usr/a.png", b"", kind))
        attacks.append(Attack(f"deb: {name}", partial(written, "a_1.deb", deb), _read_deb, may_pass=True))
    for path in ("../../a.png", "/tmp/a.png", "usr/../../a.png"):
        deb = _deb(_tar(path, b"x"))
        attacks.append(Attack(f"deb: {path}", partial(written, "a_1.deb", deb), _read_deb, may_pass=True))
    return attacks


def _run(content: Content, folder: Path) -> Path:
    """A saved run with one video."""
    facts = {"dataset": "d", "temporal_stride": 1, "digest": "", "settings": {}, "provenance": {}}
    run = {"format": FORMAT, **facts, "classes": ["dog"], "videos": [{"id": 0, "name": "v"}]}
    written("run.json", json.dumps(run), folder)
    return written("videos/000000.npz", _zip({"frames.npy": as_bytes(content)}), folder)


def _read_run(path: Path) -> None:
    SavedRun(path.parents[1]).read(0)


def _zip(entries: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def _safe(shape: list[int]) -> bytes:
    head = json.dumps({"a": {"dtype": "F32", "shape": shape, "data_offsets": [0, 4]}}).encode()
    return struct.pack("<Q", len(head)) + head + bytes(4)


def _mat(data: bytes, size: int | None = None) -> bytes:
    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
    return head + struct.pack("<II", 15, len(data) if size is None else size) + data


def _deb(data: bytes, size: bytes | None = None, name: bytes = b"data.tar") -> bytes:
    size = str(len(data)).encode() if size is None else size
    return b"!<arch>\n" + name.ljust(48)[:48] + size.ljust(10) + b"`\n" + data


def _tar(path: str, content: bytes, kind: bytes = tarfile.REGTYPE) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        member = tarfile.TarInfo(path)
        member.type, member.size, member.linkname = kind, len(content), "/etc/hostname"
        archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def _read_deb(path: Path) -> None:
    os.environ["PATH"] = ""  # no dpkg-deb, which has limits of its own
    try:
        found = dict(read_deb(path, {"usr/a.png"}))
    except PackageError as error:
        raise ValueError(str(error)) from error
    if found:
        raise AssertionError(f"it gave {[*found]}")
    raise ValueError(f"{path}: has not what was wanted")  # which whoever asked for it says
