"""dnt_d2/bounded/images.py: sizes by headers, against other readers; what is too large is not decoded."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from dnt_d2.bounded.images import PIXELS_VARIABLE, TooLarge, decode, header_size, most_pixels, read_bytes

RNG = np.random.default_rng(0)
PIXELS = cv2.resize(RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8), (37, 23))


def _saved(form: str, mode: str = "RGB", **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(PIXELS).convert(mode).save(file, form, **options)
    return file.getvalue()


def png(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims a size."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\0" * 100)
    parts = [struct.pack(">I", len(x) - 4) + x + struct.pack(">I", zlib.crc32(x)) for x in (head, data, b"IEND")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def claiming(width: int, height: int) -> bytes:
    """A JPEG whose header claims another size."""
    data = bytearray(_saved("JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


FORMS = {
    "jpeg": _saved("JPEG"),
    "progressive": _saved("JPEG", progressive=True),
    "grey": _saved("JPEG", "L"),
    "cmyk": _saved("JPEG", "CMYK"),
    "exif": _saved("JPEG", exif=Image.Exif(), comment=b"\xff\xc0\x00\x11\x08\xff\xff\xff\xff"),
    "filled": _saved("JPEG").replace(b"\xff\xdb", b"\xff\xff\xff\xdb", 1),
    "png": _saved("PNG"),
    "png, 16 bit": cv2.imencode(".png", PIXELS.astype(np.uint16) * 257)[1].tobytes(),
    "png with alpha": _saved("PNG", "RGBA"),
    "animated png": _saved("PNG", save_all=True, append_images=[Image.new("RGB", (37, 23))] * 3),
    "bmp": _saved("BMP"),
    "webp": _saved("WEBP"),
    "animated webp": _saved("WEBP", save_all=True, append_images=[Image.new("RGB", (37, 23))] * 3),
    "gif": _saved("GIF", "P"),
    "tiff": _saved("TIFF"),
    "ppm": _saved("PPM"),
}


def test_nothing_is_no_image() -> None:
    assert header_size(b"") is None
    assert decode(b"") is None
    assert decode(b"<html>") is None


@pytest.mark.parametrize("form", FORMS)
def test_sizes_and_pixels(form: str) -> None:
    assert header_size(FORMS[form]) == (37, 23)
    image = decode(FORMS[form])
    assert image is not None
    assert (image.shape, image.dtype) == ((23, 37, 3), np.uint8)
    assert np.array_equal(image, cv2.imdecode(np.frombuffer(FORMS[form], np.uint8), cv2.IMREAD_COLOR))


@pytest.mark.parametrize("form", FORMS)
def test_a_part_of_a_file_is_an_image_or_none(form: str) -> None:
    data = FORMS[form]
    for end in {*range(0, min(len(data), 40)), len(data) // 2, len(data) - 1}:
        size = header_size(data[:end])
        assert size in (None, (37, 23))
        decode(data[:end])


@pytest.mark.parametrize(
    "data", [claiming(65500, 65500), png(2**31 - 1, 2**31 - 1), png(2**16, 2**16), png(2**13 + 1, 2**13)]
)
def test_too_many_pixels_are_not_decoded(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(TooLarge, match=r"more than 64 megapixels; shrink it, or set DNT_D2_MEGAPIXELS"):
        decode(data)


def test_a_format_of_pillows_too() -> None:
    data = bytearray(FORMS["bmp"])
    data[18:26] = struct.pack("<ii", 40000, 40000)
    with pytest.raises(TooLarge, match="pixels"):
        decode(bytes(data))


def test_the_limit_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PIXELS_VARIABLE, "1")
    assert most_pixels() == 1 << 20
    with pytest.raises(TooLarge, match="more than 1 megapixels"):
        decode(claiming(1025, 1024))
    assert decode(claiming(30, 20)) is not None
    monkeypatch.setenv(PIXELS_VARIABLE, "many")
    with pytest.raises(ValueError, match="is 'many'; set it to a number"):
        most_pixels()


def test_files(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"abc")
    assert read_bytes(tmp_path / "a.jpg") == b"abc"
    with pytest.raises(FileNotFoundError):
        read_bytes(tmp_path / "b.jpg")
    with pytest.raises(IsADirectoryError):
        read_bytes(tmp_path)
    if hasattr(os, "mkfifo"):  # not on Windows
        os.mkfifo(tmp_path / "pipe.jpg")
        with pytest.raises(TooLarge, match="a pipe or a device"):
            read_bytes(tmp_path / "pipe.jpg")
    with open(tmp_path / "huge.jpg", "wb") as file:
        file.truncate(2 << 30)
    with pytest.raises(TooLarge, match="more than 1024 MiB"):
        read_bytes(tmp_path / "huge.jpg")
