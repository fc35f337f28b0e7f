"""dnt_d2/data/odd_annotations.py: files one by one, with or without an end at the first that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnt_d2.data.annotations import Repairs, UnknownClass
from dnt_d2.data.odd_annotations import read_odd


@pytest.fixture
def paths(ilsvrc_writer) -> list[Path]:
    xml = [
        ilsvrc_writer.xml("VID", "val/v/0", (32, 32), [("car", 0, (2, 2, 40, 9))]),
        ilsvrc_writer.xml("VID", "val/v/1", (32, 32), [("car", 0, (2, 2, 40, 9)), ("dragon", 1, (2, 2, 9, 9))]),
        ilsvrc_writer.xml("VID", "val/v/2", (32, 32), []),
    ]
    xml[2].write_text("<annotation>")
    return [*xml, xml[2].with_name("3.xml")]


def test_nothing() -> None:
    assert read_odd([], str, {}, Repairs()) == {}


def test_the_rest_is_read(paths: list[Path]) -> None:
    repairs, failed = Repairs(), {}
    found = read_odd(
        range(4), lambda n: str(paths[n]), {"car": 0}, repairs, failed=lambda n, error: failed.update({n: error})
    )
    assert [(n, x[0], len(x[2])) for n, x in found.items()] == [(0, 32, 1)]
    assert {n: type(error) for n, error in failed.items()} == {1: UnknownClass, 2: ValueError, 3: FileNotFoundError}
    assert repairs == Repairs(clipped=1)  # of the file that was kept


def test_the_first_wrong_one_is_an_error(paths: list[Path]) -> None:
    with pytest.raises(UnknownClass, match=r"1\.xml: 'dragon' is not one of the 1 classes"):
        read_odd(range(4), lambda n: str(paths[n]), {"car": 0}, Repairs())
