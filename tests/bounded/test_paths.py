"""dnt_d2/bounded/paths.py: what leads out, and what doesn't."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dnt_d2.bounded.paths import is_writable_path, join_inside, leads_out

OUT = ("/a", "\\a", "\\\\server\\a", "..", "../a", "a/../../b", "a\\..\\b", "C:a", "c:\\a", "a/..")
INSIDE = ("", "a", "a/b", "..a", "a..", "a/..b/c", "ab:c", "a b", "a\\b", ".", "./a", "...")


@pytest.mark.parametrize("path", OUT)
def test_what_leads_out(path: str) -> None:
    assert leads_out(path)
    assert not is_writable_path(path)
    with pytest.raises(ValueError, match="leads out of the folder '/data/x'"):
        join_inside("/data/x", path)


@pytest.mark.parametrize("path", INSIDE)
def test_what_does_not(path: str) -> None:
    assert not leads_out(path)
    assert is_writable_path(path)
    assert join_inside("/data/x", path) == os.path.join("/data/x", path)


def test_an_absolute_path_may_lie_inside(tmp_path: Path) -> None:
    inside = str(tmp_path / "a" / "b.jpg")
    assert join_inside(str(tmp_path), inside) == inside
    assert join_inside("/", inside) == inside
    for folder, path in ((str(tmp_path / "a"), str(tmp_path / "ab")), (str(tmp_path), f"{tmp_path}/a/../b")):
        with pytest.raises(ValueError, match="leads out"):
            join_inside(folder, path)


@pytest.mark.parametrize("path", ["a\0b", "a\nb", "a\x1b[2Jb", "a" * 256, "b/" + "é" * 128])
def test_names_of_new_files(path: str) -> None:
    assert not is_writable_path(path)
    if "\0" in path:
        with pytest.raises(ValueError, match="zero byte"):
            join_inside("/data", path)
