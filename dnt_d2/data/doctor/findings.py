"""What the doctor finds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

ERROR, WARNING, NOTE = "error", "warning", "note"
"""Training can't start (or would learn or measure nonsense); something is left out or repaired; good to know."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or worth knowing, however often it occurs.

    Attributes:
        severity: :data:`ERROR`, :data:`WARNING` or :data:`NOTE`.
        what: is wrong, in the plural.
        count: how often.
        example: a file or folder, with what is wrong with it.
        remedy: what to do.
    """

    severity: str
    what: str
    count: int
    example: str
    remedy: str


def found(severity: str, what: str, examples: Sequence[str], remedy: str) -> Iterator[Finding]:
    """A finding if there are examples, one for each case; else nothing."""
    if examples:
        yield Finding(severity, what, len(examples), examples[0], remedy)
