"""seqinfo.ini: what it says, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnt_d2.formats.seqinfo import read_info


def test_no_file_says_nothing(tmp_path: Path) -> None:
    assert read_info(tmp_path / "seqinfo.ini") == {}


def test_keys_and_values(tmp_path: Path) -> None:
    path = tmp_path / "seqinfo.ini"
    path.write_bytes(b"\xef\xbb\xbf[Sequence]\r\nname = a%s\r\nimDir=img1\r\n[Other]\r\nx=1\r\n")
    assert read_info(path) == {"name": "a%s", "imdir": "img1"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"ini: it has no section \[Sequence\]; correct the file, or remove it"),
        (b"[Other]\na=1\n", r"ini: it has no section \[Sequence\]"),
        (b"\nname=a\n", r"ini:2: 'name=a' stands before the line \[Sequence\]"),
        (b"[Sequence]\nname=a\nNAME=b\n", "ini:3: 'name' is there a second time"),
        (b"[Sequence]\n[Sequence]\n", r"ini:2: \[Sequence\] is there a second time"),
        (b"[Sequence]\nname=a\nimDir\n", r"ini:3: this is no line with key=value: 'imDir\\n'"),
        (b"[Sequence]\nname=\xff\n", "this is not a text in UTF-8"),
        (b"[Sequence]\n" + b"#" * 9000, "more than 8192 bytes"),
    ],
)
def test_wrong_ones(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "seqinfo.ini"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        read_info(path)
    assert "\n" not in str(error.value)
