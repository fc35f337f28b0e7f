"""dnt_d2/evaluation/video_record.py: what a network said about one video, whole and with frames left out."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dnt_d2.evaluation.tracklet_chains import join_tracklets
from dnt_d2.evaluation.video_record import Rows, VideoRecord, VideoRecorder
from dnt_d2.tubes.collector import TubeSettings, VideoCollector

if TYPE_CHECKING:
    from conftest import Drawn

LAYOUT = {"boxes": (np.float32, (4,)), "scores": (np.float64, ())}


def no_boxes(num_classes: int = 2) -> dict[str, dict[str, np.ndarray]]:
    """The tables of a frame in which nothing was found."""
    boxes, scores = np.zeros((0, 4)), np.zeros(0)
    return {
        "detections": {"boxes": boxes, "scores": scores, "classes": scores},
        "candidates": {"boxes": boxes, "scores": np.zeros((0, num_classes))},
        "tracklets": {"boxes": np.zeros((0, 8))},
    }


def two_rows() -> Rows:
    """Frames of 2, 0 and 1 rows."""
    frames = [{"boxes": np.arange(8).reshape(2, 4), "scores": [0.5, 0.25]}, {"boxes": [], "scores": []}]
    return Rows.of([*frames, {"boxes": [[9, 9, 9, 9]], "scores": [1]}], LAYOUT)


def assert_same_record(a: VideoRecord, b: VideoRecord) -> None:
    assert a.revised == b.revised
    assert list(a.tables) == list(b.tables)
    np.testing.assert_array_equal(a.frames, b.frames)
    for name, rows in a.tables.items():
        np.testing.assert_array_equal(rows.counts, b.tables[name].counts)
        assert rows.columns.keys() == b.tables[name].columns.keys()
        for column, values in rows.columns.items():
            np.testing.assert_array_equal(values, b.tables[name].columns[column])


def test_no_frames_no_rows() -> None:
    rows = Rows.of([], LAYOUT)
    assert rows.counts.tolist() == rows.split("boxes") == []
    assert rows.columns["boxes"].shape == (0, 4)
    assert rows.select(np.zeros(0, np.int64)).columns["scores"].dtype == np.float64


def test_rows_of_frames() -> None:
    rows = two_rows()
    assert rows.counts.tolist() == [2, 0, 1]
    assert [len(part) for part in rows.split("boxes")] == [2, 0, 1]
    assert rows.split("boxes")[0].dtype == np.float32
    assert rows.split("boxes")[0].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    picked = rows.select(np.array([1, 2]))
    assert picked.counts.tolist() == [0, 1]
    assert picked.columns["scores"].tolist() == [1]


def test_rows_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match=r"2 rows together, but columns have others: \{'b': 3\}"):
        Rows(np.array([2, 0]), {"a": np.zeros(2), "b": np.zeros(3)})
    with pytest.raises(ValueError, match=r"the video has 2 frames, but tables have others: \{'detections': 3\}"):
        VideoRecord(np.arange(2), two_rows())


def test_a_video_without_frames() -> None:
    recorder = VideoRecorder(3)
    record = recorder.record()
    assert len(recorder) == len(record.frames) == len(record.detections.counts) == 0
    assert list(record.tables) == ["detections"]
    assert record.widened(4) is record
    with pytest.raises(ValueError, match="without candidates and tracklets can't be linked"):
        record.collector()


def test_one_frame_with_nothing_in_it() -> None:
    recorder = VideoRecorder(2)
    recorder.add(4, no_boxes())
    record = recorder.record()
    assert record.frames.tolist() == [4]
    assert record.collector().link(TubeSettings()) == [[], []]
    assert_same_record(record.widened(3), record)


def test_a_record_has_what_was_added(drawn: Drawn) -> None:
    record, again = drawn.record(7), drawn.record(7, seed=0)
    assert_same_record(record, again)
    assert list(record.tables) == ["detections", "candidates", "tracklets", "proposals"]
    assert record.frames.tolist() == list(range(12))
    assert record.tracklets is not None
    assert record.tracklets.counts[0] == 0 < record.tracklets.counts[1]
    assert record.detections.columns["classes"].dtype == np.int16
    columns = [v for rows in record.tables.values() for v in (rows.counts, *rows.columns.values())]
    assert record.nbytes == sum(values.size * values.itemsize for values in columns)


def test_the_collector_gets_the_same_frames(drawn: Drawn) -> None:
    record = drawn.record(7, stride=4)
    assert record.candidates is not None
    assert record.tracklets is not None
    collector = record.collector()
    assert collector.frames.tolist() == [0, 4, 8, 11]
    by_hand = VideoCollector()
    parts = (record.candidates.split("boxes"), record.candidates.split("scores"), record.tracklets.split("boxes"))
    for index, *arrays in zip([0, 4, 8, 11], *parts, strict=True):
        by_hand.add(index, *arrays)
    assert_same_tubes(collector, by_hand)


def assert_same_tubes(a: VideoCollector, b: VideoCollector, *, use_tracks: bool = True) -> None:
    found, expected = (collector.link(TubeSettings(), use_tracks=use_tracks) for collector in (a, b))
    assert [len(tubes) for tubes in found] == [len(tubes) for tubes in expected]
    assert any(expected)
    for x, y in zip(chain(*found), chain(*expected), strict=True):
        np.testing.assert_array_equal(x.frames, y.frames)
        np.testing.assert_array_equal(x.boxes, y.boxes)
        np.testing.assert_array_equal(x.rescored, y.rescored)


def test_revised_scores() -> None:
    first, second = no_boxes(), no_boxes()
    first["candidates"] = {"boxes": np.ones((2, 4)), "scores": np.full((2, 2), 0.5)}
    recorder = VideoRecorder(2)
    recorder.add(0, first)
    recorder.add(1, second, revised=np.full((2, 2), 0.25))
    record = recorder.record()
    assert record.revised
    assert record.candidates is not None
    assert record.candidates.columns["scores"].tolist() == [[0.25, 0.25]] * 2
    assert first["candidates"]["scores"][0, 0] == 0.5  # what was given stays
    with pytest.raises(ValueError, match="averaged scores come from later frames"):
        record.collector().link(TubeSettings(online=True))
    with pytest.raises(ValueError, match="SCORE_AVERAGE: the saved scores are means with frames that would be skipped"):
        record.widened(2)
    with pytest.raises(ValueError, match=r"frame 2: revised scores \(2, 2\) for \(0, 2\)"):
        recorder.add(2, no_boxes(), revised=np.ones((2, 2)))
    alone = {"detections": no_boxes()["detections"]}
    recorder = VideoRecorder(2)
    with pytest.raises(ValueError, match=r"frame 3: revised scores \(1, 2\) for no candidates before"):
        recorder.add(3, alone, revised=np.ones((1, 2)))
    recorder.add(3, alone)
    with pytest.raises(ValueError, match=r"frame 4: revised scores \(1, 2\) for no candidates before"):
        recorder.add(4, alone, revised=np.ones((1, 2)))


def test_frames_that_do_not_follow() -> None:
    recorder = VideoRecorder(2)
    recorder.add(4, no_boxes())
    for index in (4, 3):
        with pytest.raises(ValueError, match=f"frame {index} after frame 4: a video's frames must come in order"):
            recorder.add(index, no_boxes())
    with pytest.raises(ValueError, match=r"frame 5 has \['detections'\], those before had \['candidates', 'det"):
        recorder.add(5, {"detections": no_boxes()["detections"]})
    with pytest.raises(ValueError, match="frame 0 is the first of its video, yet tracklets end in it"):
        VideoRecorder(2).add(0, no_boxes() | {"tracklets": {"boxes": np.zeros((1, 8))}})
    assert len(recorder) == 1


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"candidates": {"boxes": np.zeros((2, 4)), "scores": np.zeros((2, 3))}}, "columns of candidates have"),
        ({"candidates": {"boxes": np.zeros((2, 4)), "scores": np.zeros((3, 2))}}, r"\(3, 2\)\}, which do not fit"),
        ({"detections": {"boxes": np.zeros((4, 2)), "scores": np.zeros(4), "classes": np.zeros(4)}}, "of detections"),
        ({"detections": {"boxes": np.zeros((4, 4))}}, r"no table 'detections' of \['boxes'\]"),
        ({"flow": {"boxes": np.zeros((4, 4))}}, "no table 'flow'"),
    ],
)
def test_tables_that_do_not_fit(tables: Mapping[str, Mapping[str, np.ndarray]], message: str) -> None:
    with pytest.raises(ValueError, match=f"frame 9: .*{message}"):
        VideoRecorder(2).add(9, no_boxes() | dict(tables))


def test_widening_by_one_is_nothing_and_below_one_an_error(drawn: Drawn) -> None:
    record = drawn.record(2)
    assert record.widened(1) is record
    with pytest.raises(ValueError, match="widened 0 times only if that is 1 or more"):
        record.widened(0)


@pytest.mark.parametrize("factor", [2, 5, 11, 12, 100])
def test_a_widened_record_is_one_of_these_frames_alone(drawn: Drawn, factor: int) -> None:
    """What is said of a frame does not depend on the others; tracklets do."""
    wide, alone = drawn.record(7).widened(factor), drawn.record(7, stride=factor)
    assert wide.frames.tolist() == alone.frames.tolist() == sorted({*range(0, 12, factor), 11})
    for name in ("detections", "candidates", "proposals"):
        np.testing.assert_array_equal(wide.tables[name].counts, alone.tables[name].counts)
        for column, values in alone.tables[name].columns.items():
            np.testing.assert_array_equal(wide.tables[name].columns[column], values)
    assert_same_tubes(wide.collector(), alone.collector(), use_tracks=False)
    assert wide.tracklets is not None
    assert wide.tracklets.counts[0] == 0


def test_widened_tracklets_are_chains(drawn: Drawn) -> None:
    record = drawn.record(7)
    assert record.tracklets is not None
    steps, wide = record.tracklets.split("boxes"), record.widened(5, 0.4).tracklets
    assert wide is not None
    for place, (a, b) in enumerate([(0, 5), (5, 10), (10, 11)], 1):
        np.testing.assert_array_equal(wide.split("boxes")[place], join_tracklets(steps[a + 1 : b + 1], 0.4))
    assert (wide.counts[1:] > 0).all()


def test_records_without_tubes_can_be_widened(drawn: Drawn) -> None:
    wide = drawn.record(7, tubes=False).widened(4)
    assert_same_record(wide, drawn.record(7, 4, tubes=False))
    assert list(wide.tables) == ["detections"]


def test_replaced_frames_are_kept_and_widened(drawn: Drawn) -> None:
    assert len(drawn.record(7).replaced) == 0
    recorder = VideoRecorder(1)
    none = {"detections": {"boxes": np.zeros((0, 4)), "scores": [], "classes": []}}
    for index in range(6):
        recorder.add(index, none, replaced=index in (2, 3))
    record = recorder.record()
    assert record.replaced.tolist() == [2, 3]
    assert record.widened(2).replaced.tolist() == [2]
    with pytest.raises(ValueError, match="marked as replaced that the video doesn't have"):
        VideoRecord(np.arange(2), Rows(np.zeros(2, np.int64), {}), replaced=np.array([5]))
