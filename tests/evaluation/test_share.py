"""dnt_d2/evaluation/share.py: joining what ranks have seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from dnt_d2.evaluation.ground_truth import VideoTruth
from dnt_d2.evaluation.outcome_log import OutcomeLog
from dnt_d2.evaluation.scoring import KindScore, VideoScore
from dnt_d2.evaluation.share import join_scores

if TYPE_CHECKING:
    from conftest import Drawn


def score(video_id: int, numbers: list[int], *, linked: bool = True) -> VideoScore:
    places = np.array(numbers, dtype=np.int64)
    return VideoScore(video_id, places, {"frame": KindScore(places, OutcomeLog(), 0.5)}, linked)


def test_nothing() -> None:
    truth = VideoTruth.of([], 1)
    assert join_scores([], truth) == join_scores([[], []], truth) == []


def test_all_scores_of_all_ranks(drawn: Drawn) -> None:
    first, second, third = score(2, [0, 1, 8]), score(7, [10, 21]), score(5, [9])
    assert join_scores([[first], [], [second, third]], drawn.truth) == [first, second, third]


def test_single_frames_may_be_cut(drawn: Drawn) -> None:
    parts = [score(2, [0], linked=False), score(2, [2, 5], linked=False), score(2, [1], linked=False)]
    assert join_scores([parts[:1], parts[1:]], drawn.truth) == parts


@pytest.mark.parametrize("linked", [True, False])
def test_a_frame_of_two_ranks_is_an_error(drawn: Drawn, linked: bool) -> None:
    ranks = [[score(2, [0, 1], linked=linked)], [score(2, [1, 2], linked=linked), score(5, [9])]]
    with pytest.raises(ValueError, match="frame 1 of video 2 was processed by 2 ranks: the sampler must give each fr"):
        join_scores(ranks, drawn.truth)


def test_a_video_of_two_ranks_is_an_error(drawn: Drawn) -> None:
    with pytest.raises(ValueError, match="video 7 was cut between ranks: the sampler must give whole videos to a rank"):
        join_scores([[score(5, [9]), score(7, [10])], [score(7, [12])]], drawn.truth)
