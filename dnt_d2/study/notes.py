"""What people write about the study's tables: benchmarks/study/notes.md, a section for each table that needs one.

A section begins with `## ` and the name of the table; the page has it below that table. What stands before the first
section is for those who write.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

NAME = "notes.md"
_HEADING = re.compile(r"^## +(.+?) *$", re.MULTILINE)


def read_notes(path: Path, known: Collection[str]) -> dict[str, str]:
    """The text of each section, without its heading and without empty lines around it.

    Args:
        path: of the file; without one there are no notes.
        known: names that a section may have.

    Raises:
        ValueError: a section has another name, or one that was there before.
    """
    if not path.exists():
        return {}
    _, *parts = _HEADING.split(path.read_text(encoding="utf-8"))
    notes: dict[str, str] = {}
    for name, text in zip(parts[::2], parts[1::2], strict=True):
        if name not in known:
            raise ValueError(f"{path}: no table is called {name!r}; name its section after one of: {', '.join(known)}")
        if name in notes:
            raise ValueError(f"{path}: {name!r} has two sections; make them one")
        notes[name] = text.strip()
    return notes
