"""What one rank has seen of a data set, and how the shares of all ranks become one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .hit_log import HitLog


@dataclass
class Share:
    """The part of an evaluation that was done by one process.

    Attributes:
        seen: (F,) the frames of the data set that were processed.
        spanned: (F,) the frames from the first to the last processed one of each linked video: with a temporal stride
            also those in between.
        logs: what was found, by kind of result.
        linked: the videos that are complete.
        without_candidates: how many frames came without link candidates.
    """

    seen: NDArray[np.bool_]
    spanned: NDArray[np.bool_]
    logs: dict[str, HitLog]
    linked: set[int] = field(default_factory=set)
    without_candidates: int = 0

    @classmethod
    def empty(cls, num_frames: int, names: Iterable[str]) -> Share:
        """A share without anything in it."""
        none = np.zeros(num_frames, dtype=bool)
        return cls(none, none.copy(), {name: HitLog() for name in names})


def join_shares(shares: Sequence[Share], describe: Callable[[int], str]) -> Share:
    """Put the shares of all ranks together.

    Args:
        shares: at least one, of the same data set.
        describe: names a frame by its number, for messages.

    Raises:
        ValueError: ranks have processed the same frame, or parts of the same video.
    """
    times = np.sum([share.seen for share in shares], axis=0)
    if (times > 1).any():
        number = int(np.argmax(times > 1))
        raise ValueError(
            f"{describe(number)} was processed by {times[number]} ranks: the sampler must give each frame once"
        )
    for video_id, count in Counter(video_id for share in shares for video_id in share.linked).items():
        if count > 1:
            raise ValueError(f"video {video_id} was cut between ranks: the sampler must give whole videos to a rank")
    joined = Share.empty(len(times), shares[0].logs)
    for share in shares:
        joined.seen |= share.seen
        joined.spanned |= share.spanned
        joined.linked |= share.linked
        joined.without_candidates += share.without_candidates
        for name, log in share.logs.items():
            joined.logs[name].join(log)
    return joined
