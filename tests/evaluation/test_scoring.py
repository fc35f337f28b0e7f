"""dnt_d2/evaluation/scoring.py: what a video comes to, made by hand and drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from dnt_d2.evaluation.average_precision import evaluate_class
from dnt_d2.evaluation.ground_truth import VideoTruth
from dnt_d2.evaluation.kernels import HIT
from dnt_d2.evaluation.linking import Linking, standard_linkings, tube_boxes
from dnt_d2.evaluation.motion import motion_iou_of
from dnt_d2.evaluation.saved_run import SavedRun
from dnt_d2.evaluation.scoring import RECALL_LIMITS, SCORE_BINS, KindScore, Scorer, VideoScore
from dnt_d2.evaluation.video_record import VideoRecord, VideoRecorder
from dnt_d2.formats.results import Detections
from dnt_d2.tubes.collector import TubeSettings, flatten_tubes

if TYPE_CHECKING:
    from conftest import Drawn

KINDS = ("frame", "tube")


def box(x: float, y: float = 0) -> list[float]:
    return [x, y, x + 39, y + 39]


def hand_made(**tracks: list[int]) -> tuple[VideoTruth, VideoRecorder]:
    """Video 6: class 0 stands at 0 in frames 0 to 2, class 1 at 100 in frame 1; class 2 is nowhere.

    Single frames: frame 0 finds class 0 and, with a lower score, finds it again; frame 1 finds nothing; frame 2 finds
    class 0 with the highest score of all, and a class 2 that is not there.
    """
    dicts: list[dict[str, Any]] = []
    for index in range(3):
        notes = [{"bbox": box(0), "category_id": 0, "instance_id": 0}]
        notes += [{"bbox": box(100), "category_id": 1, "instance_id": 1}] if index == 1 else []
        dicts.append({"file_name": f"{index}", "video_id": 6, "frame_index": index, "annotations": notes})
    recorder = VideoRecorder(3)
    detections = [([box(0), box(1)], [0.8, 0.7], [0, 0]), ([], [], []), ([box(2), box(0)], [0.9, 0.2], [0, 2])]
    candidates = [([box(0)], [[0.8, 0, 0]]), ([box(1)], [[0.4, 0, 0]]), ([box(300)], [[0.6, 0, 0]])]
    proposals = [[box(0)], [*[box(500)] * 10, box(100)], []]
    for index in range(3):
        boxes, scores, classes = detections[index]
        found = {"boxes": np.reshape(boxes, (-1, 4)), "scores": scores, "classes": classes}
        wanted = dict(zip(("boxes", "scores"), candidates[index], strict=True))
        steps = [] if index != 1 else [[*box(0), *box(1)]]
        tables = {"detections": found, "candidates": wanted, "tracklets": {"boxes": np.reshape(steps, (-1, 8))}}
        recorder.add(index, {**tables, "proposals": {"boxes": np.reshape(proposals[index], (-1, 4))}})
    return VideoTruth.of(dicts, 3), recorder


def scorer_of(truth: VideoTruth, linkings: dict[str, Linking] | None = None, **options: Any) -> Scorer:
    linkings = {"tube": Linking(TubeSettings())} if linkings is None else linkings
    return Scorer(truth, motion_iou_of(truth), linkings, **options)


def assert_same(a: KindScore, b: KindScore, num_classes: int = 3) -> None:
    np.testing.assert_array_equal(a.numbers, b.numbers)
    assert a.ap50 == b.ap50
    for class_id in range(num_classes):
        for x, y in zip(a.log.of_class(class_id), b.log.of_class(class_id), strict=True):
            np.testing.assert_array_equal(x, y)


def assert_equal_scores(a: VideoScore, b: VideoScore) -> None:
    assert (a.video_id, a.linked, list(a.kinds)) == (b.video_id, b.linked, list(b.kinds))
    for kind in a.kinds:
        assert_same(a.kinds[kind], b.kinds[kind])
    for name in ("numbers", "found", "histograms"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def test_an_empty_record() -> None:
    truth, _ = hand_made()
    score = scorer_of(truth).score(6, VideoRecorder(3).record())
    assert score.numbers.tolist() == []
    assert not score.linked
    assert (score.found, score.histograms, score.tracks) == (None, None, None)
    assert len(score.kinds["frame"].log) == 0
    assert np.isnan(score.kinds["frame"].ap50)


def test_a_video_of_no_frames_with_all_tables(drawn: Drawn) -> None:
    tables = (rows.select(np.zeros(0, np.int64)) for rows in drawn.record(7).tables.values())
    record = VideoRecord(np.zeros(0, np.int64), *tables)
    score = scorer_of(drawn.truth, standard_linkings(TubeSettings(), 2), trim_score=0.3).score(7, record)
    assert list(score.kinds) == ["frame", "tube", "tube_psi0", "tube_all"]
    for kind in score.kinds.values():
        assert len(kind.numbers) == len(kind.log) == 0
        assert np.isnan(kind.ap50)


def test_frames_without_boxes(drawn: Drawn) -> None:
    none = np.zeros((0, 4))
    tables = {
        "detections": {"boxes": none, "scores": [], "classes": []},
        "candidates": {"boxes": none, "scores": np.zeros((0, 3))},
        "tracklets": {"boxes": np.zeros((0, 8))},
        "proposals": {"boxes": none},
    }
    recorder = VideoRecorder(3)
    for index in range(9):
        recorder.add(index, tables)
    score = scorer_of(drawn.truth, keep_boxes=KINDS, trim_score=0.3).score(2, recorder.record())
    assert score.linked
    for kind in score.kinds.values():
        assert (len(kind.log), kind.ap50, kind.numbers.tolist()) == (0, 0, list(range(9)))
        assert kind.boxes is not None
        assert len(kind.boxes) == 0
    assert score.found is not None
    assert score.histograms is not None
    assert score.tracks is not None
    assert (score.found.sum(), score.histograms.sum(), len(score.tracks)) == (0, 0, 0)


def test_single_frames_by_hand() -> None:
    truth, recorder = hand_made()
    score = scorer_of(truth).score(6, recorder.record())
    frame = score.kinds["frame"]
    frames, scores, outcomes = frame.log.of_class(0)
    assert frames.tolist() == [0, 0, 2]
    np.testing.assert_array_equal(scores, np.float32([0.8, 0.7, 0.9]))
    assert ((outcomes & HIT) > 0).tolist() == [True, False, True]
    assert ((frame.log.of_class(2).outcomes & HIT) > 0).tolist() == [False]
    assert len(frame.log.of_class(1).scores) == 0
    # Class 0: two of three found before the miss. Class 1: not found. Class 2 has no objects, and no AP.
    assert frame.ap50 == pytest.approx((2 / 3 + 0) / 2)
    assert frame.boxes is None


def test_tubes_by_hand() -> None:
    """All in one tube, as nothing else is there; its boxes gain the mean of the better half of 0.8, 0.6, 0.4."""
    truth, recorder = hand_made()
    score = scorer_of(truth, keep_boxes=["tube"], trim_score=0.65).score(6, recorder.record())
    boxes = score.kinds["tube"].boxes
    assert boxes is not None
    of_class = boxes.where(boxes.classes == 0)
    video = recorder.record().collector()
    expected = flatten_tubes(video.link(TubeSettings()))
    rows = expected.classes == 0
    np.testing.assert_array_equal(of_class.scores, expected.scores[rows])
    np.testing.assert_array_equal(of_class.boxes, expected.boxes[rows])
    hits = (score.kinds["tube"].log.of_class(0).outcomes & HIT) > 0
    assert hits.tolist() == [True, True, False]
    assert score.tracks is not None
    for track in np.unique(boxes.tracks):
        whole = boxes.where(boxes.tracks == track)
        kept = score.tracks.where(score.tracks.tracks == track)
        strong = whole.frames[whole.scores >= 0.65]
        inside = np.zeros(0, int) if not len(strong) else whole.frames[(strong[0] <= whole.frames)]
        assert kept.frames.tolist() == [f for f in inside if f <= strong[-1]]


def test_histograms_by_hand() -> None:
    truth, recorder = hand_made()
    score = scorer_of(truth, keep_boxes=["tube"]).score(6, recorder.record())
    found = tube_boxes(truth, 6, recorder.record().collector(), Linking(TubeSettings()))
    assert score.histograms is not None
    assert score.histograms.shape == (4, SCORE_BINS)
    right_own, wrong_own, right, wrong = score.histograms
    np.testing.assert_array_equal((right_own + wrong_own).sum(), len(found.boxes))
    assert (right_own.sum(), right.sum()) == (2, 2)  # class 0 in frames 0 and 1
    assert right_own[[int(0.8 * SCORE_BINS), int(0.4 * SCORE_BINS)]].tolist() == [1, 1]
    for row, of in ((right_own + wrong_own, found.own_scores), (right + wrong, found.boxes.scores)):
        np.testing.assert_array_equal(row, np.histogram(of, SCORE_BINS, (0, 1))[0])


def test_recall_by_hand() -> None:
    """Frame 0: class 0 by the first; frame 1: class 1 by the eleventh, class 0 by none; frame 2: no proposals."""
    truth, recorder = hand_made()
    found = scorer_of(truth).score(6, recorder.record()).found
    assert RECALL_LIMITS == (10, 100, 300)
    assert found is not None
    assert found.tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 0]]


def test_ap_is_that_of_the_whole_rule(drawn: Drawn) -> None:
    """Over the frames and classes of one video, whatever comes before and after it in the data set."""
    scorer = scorer_of(drawn.truth, keep_boxes=KINDS)
    for video in drawn.truth.videos:
        score = scorer.score(video, drawn.record(video))
        for kind in KINDS:
            boxes = score.kinds[kind].boxes
            assert boxes is not None
            part = np.isin(drawn.truth.frames, score.numbers)
            results = []
            for c in (0, 1):
                rows, gt = boxes.classes == c, part & (drawn.truth.classes == c)
                found = (boxes.frames[rows], boxes.boxes[rows], boxes.scores[rows])
                results.append(evaluate_class(*found, drawn.truth.frames[gt], drawn.truth.boxes[gt]).ap)
            assert score.kinds[kind].ap50 == pytest.approx(np.mean(results))
            assert score.kinds[kind].ap50 > 0
        assert score.kinds["frame"].ap50 < 1 or video == 5


def test_boxes_are_kept_of_the_kinds_asked_for(drawn: Drawn) -> None:
    record = drawn.record(7)
    plain = scorer_of(drawn.truth).score(7, record)
    kept = scorer_of(drawn.truth, keep_boxes=["frame"]).score(7, record)
    assert_equal_scores(plain, kept)
    assert [of.boxes is None for of in plain.kinds.values()] == [True, True]
    assert kept.kinds["tube"].boxes is None
    boxes = kept.kinds["frame"].boxes
    assert isinstance(boxes, Detections)
    np.testing.assert_array_equal(boxes.boxes, record.detections.columns["boxes"])
    assert boxes.boxes.dtype == np.float32
    tubes = scorer_of(drawn.truth, keep_boxes=["tube"]).score(7, record).kinds["tube"].boxes
    assert tubes is not None
    assert tubes.boxes.dtype == np.float64
    assert boxes.tracks.tolist() == [-1] * len(boxes)


def test_every_frame_is_judged_where_it_is_asked_for(drawn: Drawn) -> None:
    scorer = scorer_of(drawn.truth, standard_linkings(TubeSettings(), 5), keep_boxes=["tube_all"])
    score = scorer.score(7, drawn.record(7, stride=5))
    first = 10  # the number of the video's first frame
    assert list(score.kinds) == ["frame", "tube", "tube_psi0", "tube_all"]
    assert score.kinds["tube"].numbers.tolist() == [first, first + 5, first + 10, first + 11]
    assert score.kinds["tube_all"].numbers.tolist() == list(range(first, first + 12))
    boxes = score.kinds["tube_all"].boxes
    assert boxes is not None
    assert set(boxes.frames.tolist()) == set(range(first, first + 12))


@pytest.mark.parametrize("online", [False, True])
def test_a_wider_step_is_that_of_a_widened_record(drawn: Drawn, online: bool) -> None:
    settings = TubeSettings(online=online, link_iou=0.8)
    wide = scorer_of(drawn.truth, {"tube": Linking(settings), "wide": Linking(settings, widen=4)})
    both = wide.score(7, drawn.record(7))
    alone = scorer_of(drawn.truth, {"tube": Linking(settings)}).score(7, drawn.record(7).widened(4, 0.8))
    assert_same(both.kinds["wide"], alone.kinds["tube"])
    assert both.kinds["wide"].numbers.tolist() == [10, 14, 18, 21]
    assert both.kinds["tube"].numbers.tolist() == list(range(10, 22))


def test_a_widened_step_joins_tracklets_at_its_own_threshold(drawn: Drawn) -> None:
    """Two linkings that differ in psi and are widened alike: neither takes the chains of the other."""
    linkings = {f"{psi}": Linking(TubeSettings(link_iou=psi), widen=4) for psi in (0.97, 0.1)}
    both = scorer_of(drawn.truth, linkings).score(7, drawn.record(7))
    for name, linking in linkings.items():
        alone = scorer_of(drawn.truth, {name: linking}).score(7, drawn.record(7))
        assert_same(both.kinds[name], alone.kinds[name])


def test_ways_to_link_do_not_disturb_each_other(drawn: Drawn) -> None:
    ways = {
        "a": Linking(TubeSettings()),
        "b": Linking(TubeSettings(top_k=2)),
        "c": Linking(TubeSettings(), use_tracks=False),
        "d": Linking(TubeSettings(online=True)),
        "e": Linking(TubeSettings(), every_frame=True),
    }
    together = scorer_of(drawn.truth, ways).score(2, drawn.record(2))
    for name, linking in reversed(ways.items()):
        alone = scorer_of(drawn.truth, {name: linking}).score(2, drawn.record(2))
        assert_same(together.kinds[name], alone.kinds[name])


def test_tracks_of_a_tracker_are_trimmed(drawn: Drawn) -> None:
    record = drawn.record(2, tubes=False)
    columns = record.detections.columns
    columns["tracks"] = np.arange(len(columns["scores"])) % 3 - 1
    score = scorer_of(drawn.truth, trim_score=0.5).score(2, record)
    assert not score.linked
    assert list(score.kinds) == ["frame"]
    assert score.tracks is not None
    assert set(score.tracks.tracks) == {0, 1}
    assert scorer_of(drawn.truth).score(2, record).tracks is None


def test_a_saved_run_changes_nothing(drawn: Drawn, make_run: Callable[..., SavedRun], tmp_path: Path) -> None:
    run = make_run(tmp_path)
    truth, _ = run.read_truth()
    linkings = standard_linkings(TubeSettings(), 1)
    for video in drawn.truth.videos:
        at_once = scorer_of(drawn.truth, linkings).score(video, drawn.record(video))
        assert_equal_scores(at_once, scorer_of(truth, linkings).score(video, run.read(video)))
    assert run.finished == drawn.truth.videos


def test_frames_that_are_not_in_the_data_set(drawn: Drawn) -> None:
    record = drawn.record(2)
    scorer = scorer_of(drawn.truth)
    with pytest.raises(ValueError, match="no video 3"):
        scorer.score(3, record)
    far = VideoRecord(record.frames + 1, record.detections)
    with pytest.raises(ValueError, match="no frame 9 of video 2"):
        scorer.score(2, far)


def test_classes_and_scores_that_cannot_be(drawn: Drawn) -> None:
    scorer = scorer_of(drawn.truth, {})
    record = drawn.record(2, tubes=False)
    record.detections.columns["classes"][4] = 3
    with pytest.raises(ValueError, match=r"class 3 of detection 4 is not in \[0, 3\)"):
        scorer.score(2, record)
    record = drawn.record(2, tubes=False)
    record.detections.columns["scores"][1] = np.nan
    with pytest.raises(ValueError, match="score of detection 1 is nan"):
        scorer.score(2, record)
