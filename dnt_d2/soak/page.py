"""Files of faults and what became of them, and the page that is made from these files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tabulate import tabulate

from ..evaluation.tables import write_json
from .record import POINTS, Fault

TITLES = {
    "distributed": "More processes, more machines",
    "interruption": "Kills, half-written files, full disks",
    "data": "Broken data",
    "numbers": "Numbers that are none",
    "hostile": "Hostile input",
    "fuzzing": "Random input",
    "systems": "Other systems",
}

_INTRODUCTION = """# What it survives

Each line counts faults that were injected on purpose into whole programs: `python tools/soak.py POINT` does it, writes
a JSON file into `results/`, and makes this page from those files (`python tools/soak.py page` makes it alone). Do not
edit it. The same seed injects the same faults; where a process is killed at a random moment, the moment is from the
seed too, what it hits depends on the machine's speed. What each message means, and what to do:
[When things go wrong](../docs/when_things_go_wrong.md).

"Lost" is work that was lost for good, or came out different from what an undisturbed run gives. Work since the last
checkpoint that is done again by itself, to the same result, is not lost.
"""


@dataclass
class Found:
    """What one point of ``tools/soak.py`` found.

    Attributes:
        point: one of :data:`dnt_d2.soak.record.POINTS`.
        faults: one for each kind.
        facts: the command, the seed, the amount, the minutes, and what :func:`dnt_d2.provenance.provenance` says.
    """

    point: str
    faults: list[Fault]
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether everything was survived, and nothing lost."""
        return bool(self.faults) and all(fault.passed for fault in self.faults)

    def write(self, path: Path) -> None:
        """To a JSON file, which appears whole or not at all."""
        faults = [{**asdict(fault), "passed": fault.passed} for fault in self.faults]
        write_json(path, {**self.facts, "point": self.point, "faults": faults})

    @staticmethod
    def read(path: Path) -> Found:
        """What :meth:`write` wrote.

        Raises:
            ValueError: the file is none of ``tools/soak.py``.
        """
        content = json.loads(path.read_text(encoding="utf-8"))
        try:
            point, rows = content.pop("point"), content.pop("faults")
            return Found(point, [Fault(**{k: v for k, v in row.items() if k != "passed"}) for row in rows], content)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path}: not a file that tools/soak.py wrote ({error!r})") from error


def faults_table(faults: Sequence[Fault]) -> str:
    """One line per kind of fault, in Markdown."""
    rows = [
        (
            fault.what,
            f"{fault.injected:,}",
            fault.expected,
            f"{fault.survived:,}" if fault.survived == fault.injected else f"**{fault.survived:,}**",
            "none" if not fault.lost else f"**{fault.lost:,} {fault.unit}**",
            f"{fault.seconds:,.0f} s" if fault.seconds >= 1 else "< 1 s",
        )
        for fault in faults
    ]
    headers = ("fault", "injected", "what counts as survived", "survived", "lost", "time")
    return tabulate(rows, headers, "pipe", colalign=("left", "right", "left", "right", "right", "right"))


def make_page(results: Path) -> str:
    """The page in Markdown.

    Args:
        results: a folder of files named ``soak_POINT--MACHINE.json``; other files in it are left alone.

    Raises:
        ValueError: a file with such a name was not written by ``tools/soak.py``.
    """
    found = {point: sorted(results.glob(f"soak_{point}--*.json")) for point in POINTS}
    parts = [_INTRODUCTION]
    if any(found.values()):
        parts.append(summary_table([Found.read(path) for files in found.values() for path in files]))
    for point, files in found.items():
        parts += [f"## {TITLES[point]}\n"] if files else []
        parts += [_section(path) for path in files]
    return "\n".join(parts)


def summary_table(all_found: Sequence[Found]) -> str:
    """One line per run of a point, in Markdown: how many faults of how many kinds, and what became of them."""
    rows = []
    for found in all_found:
        injected, survived = (sum(getattr(x, key) for x in found.faults) for key in ("injected", "survived"))
        lost = [f"{x.lost:,} {x.unit}" for x in found.faults if x.lost]
        rows.append(
            (TITLES[found.point], len(found.faults), f"{injected:,}", f"{survived:,}", ", ".join(lost) or "none")
        )
    headers = ("", "kinds of faults", "injected", "survived", "lost")
    return tabulate(rows, headers, "pipe", colalign=("left", *["right"] * 4)) + "\n"


def _section(path: Path) -> str:
    found = Found.read(path)
    facts = found.facts
    versions = ", ".join(f"{package} {version}" for package, version in facts.get("versions", {}).items())
    source = f"`{facts.get('command')}`, {facts.get('date')}, {facts.get('machine')}, seed {facts.get('seed')}"
    parts = [
        faults_table(found.faults),
        f"\n({source}, {facts.get('minutes')} minutes; {versions}; [{path.name}](results/{path.name}).)\n",
    ]
    return "\n".join(parts)
