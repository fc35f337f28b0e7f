"""Changes of files: each kind of change happens, and none fails, whatever it gets."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from random import Random
from xml.etree import ElementTree

import numpy as np
import pytest

from dnt_d2.soak.fuzz import binary, flat, nasty, sound, trees

Change = Callable[[Random, Sequence[bytes]], bytes]

SEEDS: dict[Change, list[bytes]] = {
    flat.change_lines: [b"", b"a b 1\nc,d\n"],
    trees.change_xml: sound.xml_files(),
    trees.change_json: [b"[]", b'{"a": [1, {"b": "c"}]}'],
    binary.change_jpeg: sound.jpegs(),
    binary.change_png: sound.pngs(),
    binary.change_arrays: [binary.pack_arrays({"a": np.array(1), "b/c": np.zeros((2, 3), np.int16), "d": np.zeros(0)})],
}


@pytest.mark.parametrize("change", SEEDS, ids=lambda change: change.__name__)
def test_any_number_of_times(change: Change) -> None:
    made = {change(Random(number), SEEDS[change]) for number in range(150)}
    assert len(made) > 50


def test_bytes_of_nothing() -> None:
    assert {flat.change_bytes(Random(number), b"", [b""]) for number in range(100)} > {b""}


def test_most_xml_and_json_can_still_be_parsed() -> None:
    def parsed(change: Change, parse: Callable[[bytes], object]) -> int:
        count = 0
        for number in range(200):
            try:
                parse(change(Random(number), SEEDS[change]))
                count += 1
            except (ValueError, ElementTree.ParseError, LookupError, RecursionError):
                pass
        return count

    assert 60 < parsed(trees.change_xml, ElementTree.fromstring) < 200
    assert 60 < parsed(trees.change_json, json.loads) < 200


def test_most_archives_can_still_be_opened() -> None:
    opened = 0
    for number in range(100):
        data = binary.change_arrays(Random(number), SEEDS[binary.change_arrays])
        opened += zipfile.is_zipfile(io.BytesIO(data))
    assert 60 < opened < 100


def test_seeds_are_not_changed_in_place() -> None:
    for change, seeds in SEEDS.items():
        before = [bytes(seed) for seed in seeds]
        for number in range(20):
            change(Random(number), seeds)
        assert seeds == before


def test_changes_are_mostly_single() -> None:
    counts = [nasty.times(Random(number)) for number in range(1000)]
    assert min(counts) == 1
    assert max(counts) <= 8
    assert counts.count(1) > 500
