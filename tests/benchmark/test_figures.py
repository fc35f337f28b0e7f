"""dnt_d2/benchmark/figures.py: from timings to figures, to JSON and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dnt_d2.benchmark.figures import Comparison, Figure, Limit, Scaling, Stage, Table
from dnt_d2.benchmark.timing import Timing


def test_an_empty_stage_survives_a_file(tmp_path: Path) -> None:
    Stage("psroi", "").write(tmp_path / "x.json")
    assert Stage.read(tmp_path / "x.json") == Stage("psroi", "")


def test_a_stage_survives_a_file(tmp_path: Path) -> None:
    timings = {"slow": Timing((2.0, 4.0, 6.0)), "fast": Timing((1.0, 1.0, 2.0))}
    stage = Stage("psroi", "two threads", {"command": "x", "date": "2026-01-01"}, notes=["a note"])
    stage.figures = [Figure.of("a", timings["slow"], floor=0.5, floor_of="a copy", extra_bytes=7), Figure("b", 1, 1, 1)]
    stage.comparisons = [Comparison.of("c", "slow", "fast", timings)]
    stage.limits = [Limit("d", 1.5, 1.0, "x"), Limit("e", 1.0, 1.0, "s")]
    stage.scaling = [Scaling("f", "boxes", (1, 2), (0.1, 0.2), (None, 5))]
    stage.tables = [Table("g", ("h", "i"), (("j", 1.5), ("k", 2)))]
    stage.write(tmp_path / "x.json")
    assert Stage.read(tmp_path / "x.json") == stage
    content = json.loads((tmp_path / "x.json").read_text())
    assert next(iter(content)) == "command"
    assert [limit["met"] for limit in content["limits"]] == [False, True]


def test_a_comparison_is_of_rounds() -> None:
    found = Comparison.of("c", "slow", "fast", {"slow": Timing((2.0, 4.0, 6.0)), "fast": Timing((1.0, 1.0, 2.0))})
    assert (found.before_seconds, found.after_seconds) == (4.0, 1.0)
    assert (found.faster, found.low, found.high) == (3.0, 2.0, 4.0)


@pytest.mark.parametrize("text", ['{"rows": []}', '{"name": "a", "setting": "", "figures": [{"x": 1}]}'])
def test_another_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(ValueError, match=r"x\.json: not a file that tools/benchmark\.py wrote"):
        Stage.read(tmp_path / "x.json")
