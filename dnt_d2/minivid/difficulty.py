"""Bursts of difficulty: a few bad frames in a row, after which the object is easy to see again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .settings import MiniVIDSettings

Kind = Literal["blur", "occlusion", "dimming", "pose"]
KINDS: tuple[Kind, ...] = ("blur", "occlusion", "dimming", "pose")
# What can happen to a whole image at once: the lens and the light.
SHARED_KINDS: tuple[Kind, ...] = ("blur", "dimming")


@dataclass(frozen=True)
class Burst:
    """Frames ``start`` to ``stop`` (exclusive) in which something goes wrong.

    Attributes:
        kind: what goes wrong.
        start, stop: frames of the video.
        strength: how much, relative to the knob of its kind; 0 to 1.
        side: of four; from where an occluder comes, which way a pose turns.
        shared: whether it strikes the whole image.
    """

    kind: Kind
    start: int
    stop: int
    strength: float
    side: int
    shared: bool = False


def level(burst: Burst, frame: int) -> float:
    """How far a burst has built up in ``frame``, in [0, 1]: most in its middle, and never below 0.6 inside of it."""
    if not burst.start <= frame < burst.stop:
        return 0.0
    length = burst.stop - burst.start
    middle = 0.5 * (length - 1)
    return 1.0 - 0.4 * abs(frame - burst.start - middle) / max(middle, 1.0)


def progress(burst: Burst, frame: int) -> float:
    """How much of a burst has passed in ``frame``, 0 in its first frame and 1 in its last."""
    return (frame - burst.start) / max(burst.stop - burst.start - 1, 1)


def plan_bursts(
    first: int, last: int, share: float, fixed: list[Burst], settings: MiniVIDSettings, rng: np.random.Generator
) -> list[Burst]:
    """Fill a share of the frames ``first`` to ``last`` (exclusive) with bursts that don't touch each other.

    Args:
        first, last: the frames in which the track is visible.
        share: of these frames, to be covered.
        fixed: bursts that are there already; they count towards the share.
        settings: the knobs; with ``severity`` 0 there are no bursts.
        rng: the video's generator.

    Returns:
        the new bursts, in the order of their start. Fewer than asked for where there is no room.
    """
    wanted = round(share * (last - first))
    if settings.severity == 0 or wanted < 1:
        return []
    taken = np.zeros(last + 2, bool)
    for burst in fixed:
        taken[max(burst.start, 0) : burst.stop] = True
    missing = wanted - int(taken[first:last].sum())
    bursts: list[Burst] = []
    for _ in range(200):
        if missing < settings.burst_length[0]:
            break
        length = min(int(rng.integers(settings.burst_length[0], settings.burst_length[1] + 1)), missing)
        start = _free_start(taken, first, last, length, rng)
        if start is None:
            continue
        bursts.append(draw_burst(start, start + length, settings, rng))
        taken[start : start + length] = True
        missing -= length
    return sorted(bursts, key=lambda burst: burst.start)


def plan_shared_bursts(length: int, settings: MiniVIDSettings, rng: np.random.Generator) -> list[Burst]:
    """The bursts that strike all objects of a video at once: blur and dimming of the whole image."""
    if settings.severity == 0 or settings.blur_weight + settings.dimming_weight == 0:
        return []
    share = settings.shared_bursts * rng.uniform(0.5, 1.5)
    count = round(share * length / float(np.mean(settings.burst_length)))
    bursts = []
    taken = np.zeros(length + 2, bool)
    for _ in range(count):
        frames = int(rng.integers(settings.burst_length[0], settings.burst_length[1] + 1))
        start = _free_start(taken, 0, length, frames, rng)
        if start is not None:
            bursts.append(draw_burst(start, start + frames, settings, rng, SHARED_KINDS, shared=True))
            taken[start : start + frames] = True
    return sorted(bursts, key=lambda burst: burst.start)


def _free_start(taken: NDArray[np.bool_], first: int, last: int, length: int, rng: np.random.Generator) -> int | None:
    """A random start of ``length`` free frames with a free frame (or the end of the track) on both sides."""
    if last - first < length:
        return None
    before = np.concatenate([[0], np.cumsum(taken)])
    starts = np.arange(first, last - length + 1)
    busy = before[np.minimum(starts + length + 1, len(taken))] - before[np.maximum(starts - 1, 0)]
    free = starts[busy == 0]
    return int(rng.choice(free)) if len(free) else None


def draw_burst(
    start: int,
    stop: int,
    settings: MiniVIDSettings,
    rng: np.random.Generator,
    kinds: tuple[Kind, ...] = KINDS,
    shared: bool = False,
) -> Burst:
    """A burst of a random kind and strength over the frames ``start`` to ``stop`` (exclusive)."""
    all_weights = {
        "blur": settings.blur_weight,
        "occlusion": settings.occlusion_weight,
        "dimming": settings.dimming_weight,
        "pose": settings.pose_weight,
    }
    weights = np.array([all_weights[kind] for kind in kinds])
    kind = kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))]
    return Burst(kind, start, stop, float(rng.uniform(0, 1)), int(rng.integers(4)), shared)
