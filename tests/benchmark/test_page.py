"""dnt_d2/benchmark/page.py: every figure of every file stands in the page, in units that people read."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnt_d2.benchmark.figures import Comparison, Figure, Limit, Scaling, Stage, Table
from dnt_d2.benchmark.page import STAGES, duration, make_page, number, show_stage, size


def a_stage(name: str = "psroi") -> Stage:
    facts = {"command": "tools/benchmark.py psroi", "date": "2026-01-02", "seed": 5, "machine": "x86_64, 2 cores"}
    return Stage(
        name,
        "two threads",
        facts | {"versions": {"torch": "2.9"}},
        [Figure("pool", 0.002, 0.001, 0.004, 0.0005, "a copy", 3 << 20)],
        [Comparison("pooling", "loops", "sums", 2.0, 0.5, 4.0, 3.5, 4.5)],
        [Limit("as fast as another", 0.8, 1.0, "x"), Limit("never met", 3.0, 1.0, "x")],
        [Scaling("pool", "RoIs", (100, 200), (0.1, 0.25), (None, 1 << 20), "linear")],
        [Table("Where the time goes", ("part", "ms"), (("sums", 1.25),))],
        ["What one has to know."],
    )


def test_nothing_measured_yet(tmp_path: Path) -> None:
    assert make_page(tmp_path).startswith("# How fast it is")
    assert "##" not in make_page(tmp_path)
    assert show_stage(Stage("psroi", "")) == ""


def test_everything_is_in_the_page(tmp_path: Path) -> None:
    a_stage().write(tmp_path / "psroi--2-core-x86_64.json")
    a_stage("correlation").write(tmp_path / "correlation--2-core-x86_64.json")
    a_stage().write(tmp_path / "psroi--another.json")
    (tmp_path / "demo--2-core-x86_64.json").write_text("{}")  # of another tool
    page = make_page(tmp_path)
    assert [line for line in page.splitlines() if line.startswith("## ")] == ["## 2-core-x86_64", "## another"]
    assert page.index("### Correlation") < page.index("### Psroi")
    for text in (
        "`tools/benchmark.py psroi`, 2026-01-02, seed 5; torch 2.9",
        "[psroi--another.json]",
        "x86_64, 2 cores",
    ):
        assert text in page
    for row in (
        "2.00 ms (1.00 ms-4.00 ms) | 500 µs (a copy) | 4.00x | 3.00 MiB",
        "loops: 2.00 s | sums: 500 ms | 4.00x (3.50-4.50)",
        "0.80 x | 1.00 x | yes",
        "3.00 x | 1.00 x | NO",
        "200 RoIs | 2.00x | 250 ms | 2.50x | 1.00 MiB",
        "sums | 1.25",
        "What one has to know.",
    ):
        assert row in " ".join(page.split())


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    (tmp_path / "psroi--here.json").write_text("{}")
    with pytest.raises(ValueError, match=r"psroi--here\.json"):
        make_page(tmp_path)


def test_stages_are_those_of_the_command_line() -> None:
    usual = ("correlation", "psroi", "linking", "evaluation", "inference", "training", "data", "drawing")
    assert (*usual, "long_video") == STAGES


def test_units() -> None:
    assert [duration(s) for s in (123.4, 1.5, 0.02, 3e-6, 4e-9)] == ["123 s", "1.50 s", "20.0 ms", "3.00 µs", "0.00 µs"]
    assert [number(v) for v in (0, 0.123, 9.99, 12.34, 12345)] == ["0", "0.12", "9.99", "12.3", "12,345"]
    assert (size(None), size(1 << 19)) == ("", "0.50 MiB")
