"""benchmarks/speed.md, made from the JSON files of the stages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from tabulate import tabulate

from .figures import Comparison, Figure, Limit, Scaling, Stage, Table

STAGES = ("correlation", "psroi", "linking", "evaluation", "inference", "training", "data", "drawing", "long_video")
"""In the order of the page, and of ``tools/benchmark.py all``, which leaves out the last."""

_INTRODUCTION = """# How fast it is

Each figure comes from `python tools/benchmark.py STAGE`, which writes a JSON file into `results/`; this page is made
from those files by `python tools/benchmark.py page`. Do not edit it.

- Times are medians of some rounds, with the quartiles in brackets. What is compared takes turns in one process
  (A B A B), and "faster" is the median of the rounds' ratios: what else the machine does falls on both alike.
- A floor is what the stage could take at best on this machine: its arithmetic at the measured rate of a large matrix
  product, or its bytes at the measured rate of a large copy.
- Memory is the most that a call held at once beyond its inputs, its result included.
- Absolute times hold for the machine that the file is named after; the ratios travel better.
"""


def make_page(results: Path) -> str:
    """The page in Markdown.

    Args:
        results: a folder of JSON files named STAGE--MACHINE.json; other files in it are left alone.

    Raises:
        ValueError: a file with the name of a stage was not written by the benchmark.
    """
    parts = [_INTRODUCTION]
    for machine in machines(results):
        stages = read_stages(results, machine)
        picture = results.parent / f"speed--{machine}.png"
        parts.append(_machine(machine, stages, picture.name if picture.exists() else None))
    return "\n".join(parts)


def machines(results: Path) -> list[str]:
    """The machines that there are files of, by name."""
    return sorted({path.stem.split("--", 1)[1] for name in STAGES for path in results.glob(f"{name}--*.json")})


def read_stages(results: Path, machine: str) -> list[Stage]:
    """What has been measured on a machine, in the order of :data:`STAGES`."""
    return [Stage.read(path) for name in STAGES if (path := results / f"{name}--{machine}.json").exists()]


def _machine(machine: str, stages: Sequence[Stage], picture: str | None) -> str:
    described = sorted({str(stage.facts.get("machine", "")) for stage in stages})
    parts = [f"## {machine}\n", f"{'; '.join(described)}.\n"]
    if picture is not None:
        parts.append(f"![What each optimisation gained, and where the time of a frame goes]({picture})\n")
    parts.append("### The limits that this project has set itself\n")
    parts.append(limits_table([limit for stage in stages for limit in stage.limits]))
    for stage in stages:
        parts.append(_stage(machine, stage))
    return "\n".join(parts)


def _stage(machine: str, stage: Stage) -> str:
    name = f"{stage.name}--{machine}.json"
    versions = ", ".join(f"{package} {version}" for package, version in stage.facts.get("versions", {}).items())
    source = f"`{stage.facts.get('command')}`, {stage.facts.get('date')}, seed {stage.facts.get('seed')}; {versions}"
    heading = (
        f"\n### {stage.name.replace('_', ' ').capitalize()}\n\n{stage.setting}. ({source}; [{name}](results/{name}).)\n"
    )
    return f"{heading}\n{show_stage(stage)}"


def show_stage(stage: Stage) -> str:
    """The tables and the notes of one stage, without its limits."""
    blocks: list[tuple[Sequence[Any], Callable[[Any], str]]] = [
        (stage.figures, figures_table),
        (stage.comparisons, comparisons_table),
        (stage.scaling, scaling_table),
    ]
    parts = [table(rows) for rows, table in blocks if rows]
    parts += [free_table(table) for table in stage.tables]
    parts += ["\n".join(f"- {note}" for note in stage.notes) + "\n"] if stage.notes else []
    return "\n".join(parts)


def limits_table(limits: Iterable[Limit]) -> str:
    """One line per limit: reached, allowed, met or not."""
    rows = [
        (x.what, f"{number(x.figure)} {x.unit}", f"{number(x.limit)} {x.unit}", "yes" if x.met else "NO")
        for x in limits
    ]
    return _table(("limit", "reached", "at most", "met"), rows, "lrrl")


def figures_table(figures: Iterable[Figure]) -> str:
    """One line per figure: time, floor and their ratio, memory."""
    rows = []
    for x in figures:
        floor = f"{duration(x.floor)} ({x.floor_of})" if x.floor is not None else ""
        ratio = f"{number(x.seconds / x.floor)}x" if x.floor else ""
        rows.append((x.what, _timed(x.seconds, x.low, x.high), floor, ratio, size(x.extra_bytes)))
    return _table(("what", "time", "floor", "of the floor", "memory"), rows, "lrrrr")


def comparisons_table(comparisons: Iterable[Comparison]) -> str:
    """One line per comparison: both times, and how many times faster the second is."""
    rows = [
        (
            x.what,
            f"{x.before}: {duration(x.before_seconds)}",
            f"{x.after}: {duration(x.after_seconds)}",
            f"{number(x.faster)}x ({number(x.low)}-{number(x.high)})",
        )
        for x in comparisons
    ]
    return _table(("what", "before", "after", "faster"), rows, "lllr")


def scaling_table(scalings: Iterable[Scaling]) -> str:
    """One line per size: time and memory, and their growth from the size before."""
    rows: list[tuple[str, ...]] = []
    for x in scalings:
        for i, (count, seconds, extra) in enumerate(zip(x.sizes, x.seconds, x.extra_bytes, strict=True)):
            grown = [""] * 3
            if i > 0:
                grown[0] = f"{number(count / x.sizes[i - 1])}x"
                grown[1] = f"{number(seconds / x.seconds[i - 1])}x"
                earlier = x.extra_bytes[i - 1]
                grown[2] = f"{number(extra / earlier)}x" if extra and earlier else ""
            first = (x.what, x.stated) if i == 0 else ("", "")
            rows.append(
                (first[0], f"{count:,} {x.of}", grown[0], duration(seconds), grown[1], size(extra), grown[2], first[1])
            )
    headers = ("what", "size", "", "time", "", "memory", "", "stated")
    return _table(headers, rows, "lrrrrrrl")


def free_table(table: Table) -> str:
    """A stage's own table, its title above."""
    rows = [tuple(cell if isinstance(cell, str) else number(cell) for cell in row) for row in table.rows]
    return f"{table.title}\n\n" + _table(table.headers, rows, "l" + "r" * (len(table.headers) - 1))


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]], align: str) -> str:
    columns = tuple({"l": "left", "r": "right"}[letter] for letter in align)
    return tabulate(rows, headers, tablefmt="pipe", colalign=columns if rows else None, disable_numparse=True) + "\n"


def _timed(seconds: float, low: float, high: float) -> str:
    return f"{duration(seconds)} ({duration(low)}-{duration(high)})"


def duration(seconds: float) -> str:
    """In the unit that suits it, with three digits."""
    for unit, factor in ("s", 1.0), ("ms", 1e3), ("µs", 1e6):
        if seconds * factor >= 1 or unit == "µs":
            return f"{number(seconds * factor)} {unit}"
    raise AssertionError("the last unit takes all")


def size(num_bytes: int | None) -> str:
    """In MiB; "" if unknown."""
    return "" if num_bytes is None else f"{number(num_bytes / 2**20)} MiB"


def number(value: float) -> str:
    """With three significant digits, and no exponent."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
