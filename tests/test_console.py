"""dnt_d2/console.py: a console that knows less than Unicode."""

from __future__ import annotations

import io
import sys

import pytest

from dnt_d2.console import tolerate_any_text


@pytest.mark.parametrize(
    ("encoding", "expected"), [("ascii", b"\\xe9 \\u03c4 \\udcff"), ("cp1252", b"\xe9 \\u03c4 \\udcff")]
)
def test_what_can_t_be_said_is_spelt(monkeypatch: pytest.MonkeyPatch, encoding: str, expected: bytes) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    with pytest.raises(UnicodeEncodeError):
        print("é τ \udcff", end="")
    tolerate_any_text()
    print("é τ \udcff", end="", flush=True)
    assert raw.getvalue() == expected


def test_a_name_that_is_no_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="utf-8"))
    tolerate_any_text()
    print("τ \udcff", end="", flush=True)
    assert raw.getvalue().decode() == "τ \\udcff"


def test_what_forgives_already_or_is_no_file_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="surrogateescape")
    for stream in (kind, io.StringIO(), None):
        monkeypatch.setattr(sys, "stdout", stream)
        tolerate_any_text()
    assert kind.errors == "surrogateescape"
