"""Tables and JSON of results."""

from __future__ import annotations

import json
from pathlib import Path

from dnt_d2.evaluation.tables import per_class_table, write_json

NAN = float("nan")


def test_no_classes() -> None:
    lines = per_class_table([], {"frame": []}, {"boxes": []}).splitlines()
    assert [cell.strip() for cell in lines[-1].split("|")[1:-1]] == ["mean", "0", "-"]


def test_columns_side_by_side() -> None:
    table = per_class_table(
        ["bear", "car", "fox"], {"frame": [50.0, NAN, 70.0], "tube": [1.0, NAN, 2.0]}, {"boxes": [3, 0, 4]}
    )
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]
    assert rows[0] == ["class", "boxes", "frame", "tube"]
    assert rows[2:] == [
        ["bear", "3", "50.00", "1.00"],
        ["car", "0", "-", "-"],
        ["fox", "4", "70.00", "2.00"],
        ["mean", "7", "60.00", "1.50"],
    ]


def test_json_has_null_for_nan_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "results.json"
    for value in (1.5, NAN):
        write_json(path, {"a": {"b": [value, 2]}, "c": "text"})
    assert json.loads(path.read_text()) == {"a": {"b": [None, 2]}, "c": "text"}
    assert [p.name for p in path.parent.iterdir()] == ["results.json"]
