"""One run that is disturbed on purpose, and what is measured of its end."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .distributed_starts import Started, Way, has_ended

VICTIM = 1
"""The rank that fails; of two machines it is alone on the second."""
LIMIT = 120.0
"""Seconds within which all must have ended."""


@dataclass
class Case:
    """One run that is disturbed.

    Attributes:
        way: how it is started.
        name: of its folder.
        started: its launchers.
        seconds: from the fault to the end of the last launcher; None if they did not all end with an error in time.
    """

    way: Way
    name: str
    started: Started
    seconds: float | None = None

    @property
    def names_the_rank(self) -> bool:
        """Whether the launcher's words say which rank it was: ours in a sentence, torchrun in a table."""
        pattern = rf"rank {VICTIM} of 2 \(process \d+\)|rank\s+: {VICTIM} "
        return re.search(pattern, self.started.text()) is not None


def signal_rank(case: Case, number: int) -> bool:
    """Send a signal to the rank that is to fail; False if it is gone already."""
    process = case.started.rank(VICTIM)
    if process is None or has_ended(process):
        return False
    os.kill(process, number)
    return True


def strike(case: Case, moment: Callable[[], Any], act: Callable[[], Any]) -> None:
    """Wait for the moment, act, and measure until all launchers have ended with an error."""
    case.started.until(moment)
    struck = act() is not False
    since = time.monotonic()
    codes = case.started.wait(LIMIT)
    if struck and all(codes):
        case.seconds = time.monotonic() - since


def seconds_of(cases: Sequence[Case]) -> dict[str, float | None]:
    """By the names of the ways to start, for the details of a fault."""
    return {case.way.name: None if case.seconds is None else round(case.seconds, 1) for case in cases}
