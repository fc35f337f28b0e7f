"""Faults of a data set: what each is called, what is done about it (DATASETS.ON_FAULT), and how often it was met."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple

POLICIES = ("error", "skip")
"""What DATASETS.ON_FAULT may be."""

# Of so many files the log says the name; of so many more the tally knows it.
NAMED, _KEPT = 5, 1000


class Skip(NamedTuple):
    """One fault that was passed over.

    Attributes:
        what: its kind, in words.
        path: of the file or folder.
        why: the message of the error that it would have been.
    """

    what: str
    path: str
    why: str


@dataclass
class Tally:
    """Faults that were passed over, counted.

    Attributes:
        counts: how often each kind was met.
        files: for the first thousand files or folders, why.
    """

    counts: Counter[str] = field(default_factory=Counter)
    files: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.counts)

    def add(self, skip: Skip) -> bool:
        """Count one; True the first time that this file is met, as far as files are known."""
        self.counts[skip.what] += 1
        is_news = skip.path not in self.files and len(self.files) < _KEPT
        if is_news:
            self.files[skip.path] = skip.why
        return is_news

    def join(self, other: Tally) -> None:
        """Add another tally."""
        self.counts.update(other.counts)
        for path, why in other.files.items():
            if len(self.files) < _KEPT:
                self.files.setdefault(path, why)

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON."""
        return {"counts": dict(sorted(self.counts.items())), "files": dict(self.files)}

    def __str__(self) -> str:
        """ "3 x missing image, 1 x broken image"."""
        return ", ".join(f"{count} x {what}" for what, count in sorted(self.counts.items()))


@dataclass
class Leniency:
    """That faults are passed over while a data set is loaded, and those that were.

    Attributes:
        testing: the data are to be tested on: then ground truth must be whole, and only images may be missing.
        tally: what was passed over.
    """

    testing: bool = False
    tally: Tally = field(default_factory=Tally)

    def pass_over(self, what: str, path: str, error: Exception | str) -> None:
        """Count a fault."""
        self.tally.add(Skip(what, path, str(error)))


_lenient: ContextVar[Leniency | None] = ContextVar("lenient", default=None)


@contextmanager
def leniency(policy: str, *, testing: bool) -> Iterator[Leniency]:
    """What ``DatasetCatalog.get`` does about faults inside of this block; outside of it each is an error.

    A function in the catalog takes no arguments, so it asks :func:`current_leniency`.

    Args:
        policy: one of :data:`POLICIES`.
        testing: see :class:`Leniency`.

    Yields:
        what was passed over so far; with "error" that stays nothing.
    """
    found = Leniency(testing)
    token = _lenient.set(found if policy == "skip" else None)
    try:
        yield found
    except PermissionError as error:
        raise no_right(error) from error
    finally:
        _lenient.reset(token)


def current_leniency() -> Leniency | None:
    """That of the innermost :func:`leniency`; None where each fault is an error."""
    return _lenient.get()


def no_right(error: PermissionError) -> PermissionError:
    """The same error in one sentence: it is never passed over, since nobody can say what lies behind it."""
    return PermissionError(
        f"{error.filename}: no right to read it ({error.strerror}), whatever DATASETS.ON_FAULT says; give this user "
        "the right (chmod -R u+rX)"
    )


def tell(logger: logging.Logger, tally: Tally, where: str) -> None:
    """Warn of what was passed over: the first names, then counts. Nothing is said of nothing."""
    if tally:
        for path, why in list(tally.files.items())[:NAMED]:
            logger.warning(f"passed over: {why if path in why else f'{path}: {why}'}")
        logger.warning(f"{where}: {tally} (DATASETS.ON_FAULT is 'skip')")


def skips_of(items: Iterable[Any]) -> list[Skip]:
    """What was passed over for some items of a loader."""
    return [skip for item in items if isinstance(item, Mapping) for skip in item.get("skipped", ())]
