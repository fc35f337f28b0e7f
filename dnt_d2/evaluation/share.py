"""How the scores of all ranks become one evaluation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain

import numpy as np

from .ground_truth import VideoTruth
from .scoring import VideoScore


def join_scores(shares: Sequence[Sequence[VideoScore]], truth: VideoTruth) -> list[VideoScore]:
    """The scores of all ranks.

    Args:
        shares: those of each rank.
        truth: of the data set.

    Raises:
        ValueError: ranks have processed the same frame, or parts of the same video.
    """
    times = np.zeros(truth.num_frames, dtype=np.int64)
    for score in chain(*shares):
        times[score.numbers] += 1
    if (times > 1).any():
        number = int(np.argmax(times > 1))
        raise ValueError(
            f"{truth.describe(number)} was processed by {times[number]} ranks: the sampler must give each frame once"
        )
    for video_id, count in Counter(score.video_id for score in chain(*shares) if score.linked).items():
        if count > 1:
            raise ValueError(f"video {video_id} was cut between ranks: the sampler must give whole videos to a rank")
    return list(chain(*shares))
