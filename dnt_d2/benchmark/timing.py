"""Time calls in one process, in turns: A B A B, so that what else the machine does falls on all of them alike."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

import torch

Call = Callable[[], object]


@dataclass(frozen=True)
class Timing:
    """How long one of several calls took.

    Attributes:
        seconds: of one call, in each round; the rounds of calls that took turns belong together.
    """

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Seconds of a call in the middle round."""
        return median(self.seconds)

    @property
    def spread(self) -> tuple[float, float]:
        """The quartiles of the rounds; with fewer than four rounds, the shortest and the longest."""
        return quartiles(self.seconds)

    def times_longer_than(self, other: Timing) -> tuple[float, float, float]:
        """The median and the quartiles of the ratios to another call of the same round."""
        ratios = [a / b for a, b in zip(self.seconds, other.seconds, strict=True)]
        return median(ratios), *quartiles(ratios)


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    """The first and the third quartile; of fewer than four values, the least and the largest."""
    if len(values) < 4:
        return min(values), max(values)
    first, _, third = quantiles(values, n=4, method="inclusive")
    return first, third


def take_turns(
    calls: Mapping[str, Call], *, rounds: int = 7, device: str | torch.device = "cpu", at_least: float = 0.02
) -> dict[str, Timing]:
    """Time several calls against each other.

    Each call is made once or twice to warm up, and as often in each round as it takes to last ``at_least``. On a GPU a
    turn ends when the device is done.

    Args:
        calls: by name; what they return is dropped.
        rounds: turns of each.
        device: that they compute on.
        at_least: seconds of a turn.

    Raises:
        ValueError: there is no round.
    """
    if rounds < 1:
        raise ValueError(f"rounds is {rounds}: at least one is needed")
    repeats = {}
    for name, call in calls.items():
        first = _turn(call, 1, device)
        # A first call builds caches, chooses algorithms and compiles: its time says nothing of the second's.
        once = _turn(call, 1, device) if first < 10 * at_least or device_type(device) != "cpu" else first
        repeats[name] = max(1, math.ceil(at_least / max(once, 1e-7)))
    turns: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            turns[name].append(_turn(call, repeats[name], device))
    return {name: Timing(tuple(seconds)) for name, seconds in turns.items()}


def _turn(call: Call, repeats: int, device: str | torch.device) -> float:
    wait_for(device)
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    wait_for(device)
    return (time.perf_counter() - start) / repeats


def wait_for(device: str | torch.device) -> None:
    """Until a GPU has done what it was given; a CPU has."""
    if device_type(device) == "cuda":
        torch.cuda.synchronize(device)


def device_type(device: str | torch.device) -> str:
    """ "cpu" or "cuda"."""
    return torch.device(device).type
