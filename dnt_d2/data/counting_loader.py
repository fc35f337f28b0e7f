"""The loader of training: it counts what was passed over for the items that it hands out."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from torch.utils.data import DataLoader

from ..faults import NAMED, Tally, skips_of

logger = logging.getLogger(__name__)


class CountingLoader(DataLoader):
    """A ``DataLoader`` that counts faults as batches are taken, in this process, whatever workers have read ahead.

    Attributes:
        left_out: of the data when they were loaded; the same on every rank.
        tally: of the items that were taken from here, by this rank.
        drawn_again: how many of these items were drawn again.
    """

    def __init__(self, *args: Any, left_out: Tally, **kwargs: Any) -> None:
        """
        Args:
            args, kwargs: of ``DataLoader``.
            left_out: see the class.
        """
        super().__init__(*args, **kwargs)
        self.left_out, self.tally, self.drawn_again = left_out, Tally(), 0

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        for batch in super().__iter__():
            for item in batch:
                self._count(item)
            yield batch

    def _count(self, item: Any) -> None:
        skips = skips_of([item])
        self.drawn_again += bool(skips)
        for skip in skips:
            if not self.tally.add(skip):
                continue
            known = len(self.tally.files)
            if known <= NAMED:
                logger.warning(f"passed over: {skip.why}")
            elif known == NAMED + 1:
                logger.warning("passed over: other files, too; they are counted, and named in skipped.json")
