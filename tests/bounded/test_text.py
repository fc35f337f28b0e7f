"""dnt_d2/bounded/text.py: lines that can be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnt_d2.bounded.memory import MEMORY_VARIABLE
from dnt_d2.bounded.text import LONGEST_LINE, check_lines


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "content", [b"", b"a", b"a\n", b"x" * (LONGEST_LINE - 1), (b"y" * 999 + b"\n") * 3000, b"\xff"]
)
def test_what_is_fine(tmp_path: Path, content: bytes) -> None:
    check_lines(_written(tmp_path / "a.txt", content))


def test_what_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError):
        check_lines(tmp_path / "none.txt")
    with pytest.raises(ValueError, match=r"a\.txt: it has a zero byte"):
        check_lines(_written(tmp_path / "a.txt", b"1 2\n" * 400_000 + b"\0"))
    with pytest.raises(ValueError, match=r"b\.txt: a line has more than 1,048,576 bytes; write an object a line"):
        check_lines(_written(tmp_path / "b.txt", b"1 2\n" + b"x" * 3 * LONGEST_LINE))
    monkeypatch.setenv(MEMORY_VARIABLE, "1")
    with pytest.raises(ValueError, match=r"c\.txt: its lines would take 3 MiB of memory"):
        check_lines(_written(tmp_path / "c.txt", b"12\n" * 30_000), cost=40)
