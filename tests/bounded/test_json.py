"""dnt_d2/bounded/json.py: the content, and what is refused."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dnt_d2.bounded.json import read_json
from dnt_d2.bounded.memory import MEMORY_VARIABLE


def _written(path: Path, text: str) -> Path:
    path.write_bytes(text.encode("utf-8"))
    return path


@pytest.mark.parametrize("content", [[], {}, None, 3, {"a": [1, 2.5, "é", None, {"b": []}], "c": {"a": True}}])
def test_it_is_what_json_reads(tmp_path: Path, content: Any) -> None:
    assert read_json(_written(tmp_path / "a.json", "\ufeff" + json.dumps(content))) == content


def test_hooks(tmp_path: Path) -> None:
    path = _written(tmp_path / "a.json", '[{"a": {"b": 1.25}}, NaN, -Infinity]')
    found = read_json(path, parse_float=Decimal, take=lambda entry: list(entry.values()), constants=True)
    assert found[0] == [[Decimal("1.25")]]
    assert (str(found[1]), found[2]) == ("nan", -float("inf"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expecting value: line 1 column 1"),
        ('{"a": 1', "line 1 column 8"),
        ("[1, NaN]", "NaN is no number of JSON"),
        ('[{"a": 1, "b": 2, "a": 3}]', "the key 'a' is there twice in one object"),
        ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        (f"[{'9' * 5000}]", "4300 digits"),
        ('["\0"]', "control character"),
    ],
)
def test_broken_json_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=rf"a\.json: broken JSON \(.*{message}.*\); write or fetch the file again"):
        read_json(_written(tmp_path / "a.json", text))


def test_other_encodings_and_missing_files(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes("[]".encode("utf-16"))
    with pytest.raises(ValueError, match=r"a\.json: this is not a text in UTF-8"):
        read_json(tmp_path / "a.json")
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "b.json")


@pytest.mark.parametrize("part", ["[]", "{}", '{"a":0}', "0", "1.5", '""', '"abc"', "[[]]", '{"a":{"a":{"a":[]}}}'])
def test_nothing_is_parsed_that_takes_more_than_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    text = f"[{','.join([part] * 50_000)}]"
    path = _written(tmp_path / "a.json", text)
    taken = _size(read_json(path)) + 2 * len(text)
    monkeypatch.setenv(MEMORY_VARIABLE, str(max(taken >> 20, 1)))
    with pytest.raises(ValueError, match=r"a\.json: its content would take .* MiB of memory"):
        read_json(path)


def _size(value: Any) -> int:
    """Bytes of nested lists and dicts, what is shared (small numbers, keys) once."""
    seen: dict[int, int] = {}
    todo = [value]
    while todo:
        item = todo.pop()
        if id(item) not in seen:
            seen[id(item)] = sys.getsizeof(item)
            todo += [*item, *item.values()] if isinstance(item, dict) else item if isinstance(item, list) else []
    return sum(seen.values())
