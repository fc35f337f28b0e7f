"""The loader of training: it counts what was passed over for the items that it hands out."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from ..faults import NAMED, Skip, Tally, skips_of
from .workers import SteadyLoader

logger = logging.getLogger(__name__)


class CountingLoader(SteadyLoader):
    """A ``DataLoader`` that counts faults as batches are taken, in this process, whatever workers have read ahead.

    Attributes:
        left_out: of the data when they were loaded; the same on every rank.
    """

    def __init__(self, *args: Any, left_out: Tally, **kwargs: Any) -> None:
        """
        Args:
            args, kwargs: of ``DataLoader``.
            left_out: see the class.
        """
        super().__init__(*args, **kwargs)
        self.left_out = left_out
        self._named = Tally()
        self._news: list[list[Skip]] = []

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        for batch in super().__iter__():
            for skips in filter(None, (skips_of([item]) for item in batch)):
                self._news.append(skips)
                self._name(skips)
            yield batch

    def take(self) -> list[list[Skip]]:
        """What was passed over since the last call: for each item that was drawn again, its faults."""
        news, self._news = self._news, []
        return news

    def _name(self, skips: list[Skip]) -> None:
        """Warn of the first files by name, of others once."""
        for skip in skips:
            if not self._named.add(skip):
                continue
            known = len(self._named.files)
            if known <= NAMED:
                logger.warning(f"passed over: {skip.why}")
            elif known == NAMED + 1:
                logger.warning("passed over: other files, too; they are counted, and named in skipped.json")
