"""The boxes of mp4 files."""

from __future__ import annotations

import struct
from pathlib import Path

from dnt_d2.video.boxes import has_index, top_boxes, whole_fragments


def box(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def written(path: Path, *parts: bytes) -> Path:
    path.write_bytes(b"".join(parts))
    return path


def test_an_empty_file_has_none(tmp_path: Path) -> None:
    path = written(tmp_path / "a.mp4")
    assert list(top_boxes(path)) == []
    assert has_index(path) is None
    assert whole_fragments(path) == 0


def test_long_boxes_and_one_to_the_end(tmp_path: Path) -> None:
    long = struct.pack(">I4sQ", 1, b"mdat", 20) + b"1234"
    path = written(tmp_path / "a.mp4", box(b"ftyp", b"isom"), long, struct.pack(">I4s", 0, b"moov") + b"12345")
    assert list(top_boxes(path)) == [("ftyp", 0, 12), ("mdat", 12, 32), ("moov", 32, 45)]


def test_whether_the_index_is_there(tmp_path: Path) -> None:
    assert has_index(written(tmp_path / "a.mp4", box(b"ftyp"), box(b"mdat", b"123"), box(b"moov"))) is True
    assert has_index(written(tmp_path / "a.mp4", box(b"ftyp"), box(b"mdat", b"123"))) is False
    assert has_index(written(tmp_path / "a.mp4", b"this is a text, and no more than that")) is None


def test_fragments_are_whole_up_to_where_the_file_breaks(tmp_path: Path) -> None:
    parts = [box(b"ftyp"), box(b"moov", b"1234"), box(b"moof", b"12"), box(b"mdat", b"123456")]
    whole = b"".join(parts)
    for broken in (b"", b"\0\0", box(b"moof", b"12"), box(b"moof", b"12") + box(b"mdat", b"123456")[:-1]):
        assert whole_fragments(written(tmp_path / "a.mp4", whole, broken)) == len(whole)
    assert whole_fragments(written(tmp_path / "a.mp4", *parts[:2])) == 20
    assert whole_fragments(written(tmp_path / "a.mp4", parts[0], parts[1][:-1])) == 0
