"""The log gives back what was added, in the order of frames, however it was cut, ordered and joined."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from dnt_d2.evaluation import outcome_log
from dnt_d2.evaluation.outcome_log import OutcomeLog


def test_nothing() -> None:
    log = OutcomeLog()
    log.add(np.zeros(0, int), np.zeros(0, int), np.zeros(0), np.zeros(0, np.uint16))
    log.join(OutcomeLog())
    assert len(log) == 0
    assert log.num_bytes == 0
    assert [len(values) for values in log.of_class(3)] == [0, 0, 0]


@pytest.mark.parametrize("block", [1, 60, 1000])
@pytest.mark.parametrize("score_type", [np.float32, np.float64])
def test_chunks_in_any_order_give_the_same(block: int, score_type: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcome_log, "BLOCK", block)
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 30, 400)  # in no order inside a chunk
    classes, scores = rng.integers(0, 4, 400) * 2, rng.random(400).astype(score_type)
    outcomes = np.arange(400).astype(np.uint16)
    for seed in range(3):
        logs = [OutcomeLog(), OutcomeLog()]
        for number, chunk in enumerate(np.array_split(np.random.default_rng(seed).permutation(31), 7)):
            rows = np.isin(frames, chunk)
            logs[number % 2].add(frames[rows], classes[rows], scores[rows], outcomes[rows])
        logs[0].of_class(0)  # asking in between changes nothing
        logs[0].join(pickle.loads(pickle.dumps(logs[1])))
        assert len(logs[0]) == 400
        for class_id in range(8):
            rows = np.flatnonzero(classes == class_id)
            rows = rows[np.argsort(frames[rows], kind="stable")]
            found = logs[0].of_class(class_id)
            np.testing.assert_array_equal(found.frames, frames[rows])
            np.testing.assert_array_equal(found.scores, scores[rows])
            np.testing.assert_array_equal(found.outcomes, outcomes[rows])
            assert found.scores.dtype == score_type or not len(rows)


@pytest.mark.parametrize("by_frame", [True, False])
def test_six_bytes_a_detection(by_frame: bool) -> None:
    frames, classes = np.repeat(np.arange(50), 750), np.tile(np.repeat(np.arange(30), 25), 50)
    if not by_frame:
        order = np.random.default_rng(0).permutation(len(frames))
        frames, classes = frames[order], classes[order]
    log = OutcomeLog()
    log.add(frames, classes, np.zeros(len(frames), np.float32), np.zeros(len(frames), np.uint16))
    log.of_class(0)  # puts them in order
    assert 6 < log.num_bytes / len(log) < 6.5


def test_what_is_added_is_copied() -> None:
    log, scores = OutcomeLog(), np.array([0.5], np.float32)
    log.add(np.zeros(1, int), np.zeros(1, int), scores, np.ones(1, np.uint16))
    scores[0] = 0.1
    assert log.of_class(0).scores.tolist() == [0.5]


def test_wrong_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="2 frames, 1 classes, 1 scores, 1 outcomes"):
        OutcomeLog().add(np.zeros(2, int), np.zeros(1, int), np.zeros(1), np.zeros(1, np.uint16))
