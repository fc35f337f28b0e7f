"""Sources by name, and their digests."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from dnt_d2.minivid.drawn import DrawnSource
from dnt_d2.minivid.sources import open_source, source_digest


def test_unknown_name() -> None:
    with pytest.raises(ValueError, match="watercolours"):
        open_source("watercolours")


def test_photographs_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="fetch_pictures"):
        open_source("photographs", tmp_path)


def test_auto_draws_where_there_are_no_photographs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        source = open_source("auto", tmp_path, ["car"])
    assert source.name == "drawn"
    assert list(source.cutouts("train")) == ["car"]
    assert "drawn pictures instead" in caplog.text


def test_drawn_pictures_are_not_exchanged(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="bird-hen are photographs"):
        open_source("drawn", exchanged=["bird-hen"])
    with pytest.raises(ValueError, match="no cut-out is called bird-unknown"):
        open_source("auto", tmp_path, exchanged=["bird-unknown"])


def test_digest_tells_pictures_apart() -> None:
    digests = [
        source_digest(DrawnSource(seed, (name,))) for seed, name in ((0, "car"), (0, "car"), (1, "car"), (0, "dog"))
    ]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
