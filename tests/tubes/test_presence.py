"""dnt_d2/tubes/presence.py: where an object is absent, its tube gains nothing."""

from __future__ import annotations

import numpy as np
import pytest

from dnt_d2.evaluation import evaluate_class
from dnt_d2.tubes import Tube
from dnt_d2.tubes.presence import present, rescore_present
from dnt_d2.tubes.rescoring import rescore


def make_tube(scores: list[float], frames: list[int] | None = None) -> Tube:
    n = len(scores)
    numbers = np.arange(n) if frames is None else np.array(frames)
    return Tube(numbers, np.zeros(n, np.int64), np.zeros((n, 4)), np.array(scores), rescore(scores, 0.5))


def test_an_empty_tube() -> None:
    assert present([], [], absent_score=0.5, absent_frames=3).shape == (0,)
    assert len(rescore_present(make_tube([]), top_fraction=0.5, absent_score=0.5, absent_frames=3)) == 0


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ("9", "1"),
        ("0", "1"),
        ("000", "000"),  # never there
        ("00099", "00011"),  # enters late
        ("99000", "11000"),
        ("0099", "1111"),  # blurred at first
        ("9009", "1111"),  # a short gap is blur
        ("90009", "10001"),  # a long one is absence
        ("0900900090", "1111100011"),
        ("9000", "1000"),
        ("555", "111"),  # the limit itself is present
        ("444", "000"),
    ],
)
def test_ends_and_gaps(scores: str, expected: str) -> None:
    values = [int(c) / 10 for c in scores]
    found = present(values, range(len(values)), absent_score=0.5, absent_frames=3)
    assert "".join(str(int(v)) for v in found) == expected


def test_gaps_are_measured_in_frames_of_the_video() -> None:
    """With a stride, a stretch spans from its first to its last frame: one weak sample is one frame."""
    scores = [0.9, 0.1, 0.9, 0.1, 0.1, 0.9]
    frames = [0, 10, 20, 30, 40, 50]
    found = present(scores, frames, absent_score=0.5, absent_frames=5)
    assert found.tolist() == [True, True, True, False, False, True]


def test_off_is_the_papers_rescoring() -> None:
    rng = np.random.default_rng(0)
    tube = make_tube(rng.random(17).tolist())
    same = rescore_present(tube, top_fraction=0.5, absent_score=0.0, absent_frames=1)
    np.testing.assert_array_equal(same.rescored, tube.rescored)


def test_absent_boxes_keep_their_own_scores_and_dilute_nothing() -> None:
    tube = make_tube([0.1, 0.0, 0.8, 0.2, 0.6])
    result = rescore_present(tube, top_fraction=0.5, absent_score=0.5, absent_frames=2)
    # Present are 0.8, 0.2 (a short gap) and 0.6: the best two have the mean 0.7.
    np.testing.assert_allclose(result.rescored, [0.1, 0.0, 1.5, 0.9, 1.3])
    np.testing.assert_array_equal(result.scores, tube.scores)


@pytest.mark.parametrize(("score", "frames"), [(-0.1, 3), (1.1, 3), (float("nan"), 3), (0.5, 0)])
def test_settings_out_of_range(score: float, frames: int) -> None:
    with pytest.raises(ValueError, match=r"absent_(score|frames) must be"):
        present([0.5], [0], absent_score=score, absent_frames=frames)


def test_what_dives_under_costs_no_precision_there() -> None:
    """The whales of sec. 5.3: while one is away, its tube runs over weak boxes on the water, which must stay weak."""
    frames = np.arange(60)
    away = (frames >= 20) & (frames < 45)
    boxes = np.tile([10.0, 10, 49, 49], (60, 1))
    whale = Tube(frames, frames * 0, boxes, np.where(away, 0.02, 0.9), np.zeros(60))
    # Elsewhere, another whale that the network is less sure of.
    weak = Tube(frames + 100, frames * 0, boxes, np.full(60, 0.3), np.zeros(60))
    truth = np.concatenate([frames[~away], weak.frames])
    measured = []
    for absent_score in (0.0, 0.05):
        tubes = [
            rescore_present(tube, top_fraction=0.5, absent_score=absent_score, absent_frames=10)
            for tube in (whale, weak)
        ]
        found, scores = (np.concatenate([getattr(t, name) for t in tubes]) for name in ("frames", "rescored"))
        true_boxes = np.tile(boxes[0], (len(truth), 1))
        measured.append(evaluate_class(found, np.tile(boxes[0], (120, 1)), scores, truth, true_boxes).ap)
    assert measured[1] == 1.0
    assert measured[0] < 0.9
