"""dnt_d2/study/leftover_boxes.py: tubes and leftovers together are what was to be linked, each box once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.evaluation.linking import Linking, tube_boxes
from dnt_d2.evaluation.saved_run import SavedRun
from dnt_d2.evaluation.video_record import VideoRecorder
from dnt_d2.study.leftover_boxes import leftovers, with_leftovers
from dnt_d2.tubes import vote_boxes
from dnt_d2.tubes.collector import TubeSettings
from dnt_d2.tubes.tube import Tube

SETTINGS = TubeSettings(nms_iou=0.3, top_k=6)


def tube(frames: list[int], indices: list[int]) -> Tube:
    zeros = np.zeros(len(frames))
    return Tube(np.array(frames), np.array(indices), np.zeros((len(frames), 4)), zeros, zeros)


def test_nothing_is_left_of_nothing() -> None:
    places, rows = leftovers([], [], np.zeros(0, np.int64))
    assert (len(places), rows.shape) == (0, (0, 5))
    places, rows = leftovers([np.zeros((0, 5))] * 2, [], np.array([4, 9]))
    assert (len(places), rows.shape) == (0, (0, 5))


def test_what_no_tube_takes() -> None:
    voted = [np.full((3, 5), 0.0), np.zeros((0, 5)), np.array([[1.0] * 5, [2.0] * 5])]
    voted[0][:, 4] = [0.3, 0.2, 0.1]
    places, rows = leftovers(voted, [tube([4, 8], [1, 0])], np.array([4, 6, 8]))
    assert places.tolist() == [0, 0, 2]
    assert rows[:, 4].tolist() == [0.3, 0.1, 2.0]
    places, rows = leftovers(voted, [tube([4, 8], [1, 0]), tube([4, 8], [2, 1])], np.array([4, 6, 8]))
    assert (places.tolist(), rows[:, 4].tolist()) == ([0], [0.3])


@pytest.mark.parametrize("stride", [1, 4])
def test_every_box_is_in_a_tube_or_left_over(tmp_path: Path, make_run: Callable[..., SavedRun], stride: int) -> None:
    run = make_run(tmp_path, stride)
    truth, _ = run.read_truth()
    record = run.read(6)
    found = with_leftovers(truth, 6, record, SETTINGS)
    left = found.where(found.tracks < 0)
    tubes = tube_boxes(truth, 6, record.collector(), Linking(SETTINGS)).boxes
    kept = found.where(found.tracks >= 0)
    np.testing.assert_array_equal(kept.boxes, tubes.boxes)
    np.testing.assert_array_equal(kept.scores, tubes.scores)
    assert len(left) > 10
    assert left.scores.max() <= 0.5
    assert record.candidates is not None
    voted: Counter[tuple[float, ...]] = Counter()
    own = {}
    for number, boxes, scores in zip(
        truth.numbers(6, record.frames),
        record.candidates.split("boxes"),
        record.candidates.split("scores"),
        strict=True,
    ):
        for c in range(truth.num_classes):
            for row in vote_boxes(np.column_stack([boxes, scores[:, c]]), nms_iou=0.3, top_k=6):
                key = (number, c, *row[:4])
                voted[key] += 1
                own[key] = row[4]
    keys = [(f, c, *box) for f, c, box in zip(found.frames, found.classes, found.boxes, strict=True)]
    assert Counter(keys) == voted
    rest = [(f, c, *box) for f, c, box in zip(left.frames, left.classes, left.boxes, strict=True)]
    np.testing.assert_array_equal(left.scores, [own[key] / 2 for key in rest])


def test_what_can_not_be_linked(tmp_path: Path, make_run: Callable[..., SavedRun]) -> None:
    truth, _ = make_run(tmp_path / "a", videos=()).read_truth()
    bare = make_run(tmp_path / "b", candidates=False).read(3)
    with pytest.raises(ValueError, match="video 3 was saved without candidates"):
        with_leftovers(truth, 3, bare, SETTINGS)
    with pytest.raises(ValueError, match=r"set TUBES.ONLINE to False"):
        with_leftovers(truth, 3, make_run(tmp_path / "c").read(3), replace(SETTINGS, online=True))
    with pytest.raises(ValueError, match="without candidates"):
        with_leftovers(truth, 3, VideoRecorder(3).record(), SETTINGS)
