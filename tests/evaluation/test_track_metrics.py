"""Metrics of tracks, against TrackEval on MOT files from end to end."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnt_d2.evaluation.ground_truth import VideoTruth
from dnt_d2.evaluation.track_metrics import COUNTS, RATIOS, Scores, TrackMetrics, track_metrics
from dnt_d2.formats.results import Detections

trackeval = pytest.importorskip("trackeval", reason="needs pip install 'dnt_d2[tracking]'")

NOTHING = Detections.of([], [], [], [], [])
BOX = [10.0, 10, 29, 29]


def truth_of(rows: Any, *, lengths: list[int], num_classes: int = 1) -> VideoTruth:
    """From rows (frame number, class, track, x1, y1, x2, y2) and the lengths of the videos."""
    table = np.asarray(rows, dtype=float).reshape(-1, 7)
    table = table[np.argsort(table[:, 0], kind="stable")]
    return VideoTruth(
        num_classes=num_classes,
        video_ids=np.repeat(np.arange(len(lengths)) * 2 + 5, lengths),
        frame_indices=np.concatenate([np.arange(n) for n in lengths]),
        frames=table[:, 0],
        classes=table[:, 1],
        tracks=table[:, 2],
        boxes=table[:, 3:],
    )


def found_of(rows: Any) -> Detections:
    table = np.asarray(rows, dtype=float).reshape(-1, 7)
    return Detections.of(table[:, 0], table[:, 1], table[:, 3:], np.ones(len(table)), table[:, 2])


def random_data(seed: int, lengths: list[int]) -> tuple[VideoTruth, Detections]:
    """Objects that move and hide; boxes that are off, missing, doubled, of another class, and tracks that break.

    Classes 0 and 1 are in the ground truth, 2 is only found, 3 is nowhere; the first video has no object of class 1.
    """
    rng = np.random.default_rng(seed)
    gt, found, start = [], [], 0
    for video, length in enumerate(lengths):
        for track in range(4):
            class_id = 0 if video == 0 else track % 2
            box = np.tile(rng.uniform(0, 60, 2), 2)
            box[2:] += rng.uniform(20, 60, 2)
            name = int(rng.integers(0, 1000)) * 10 + track
            for frame in range(start, start + length):
                box = box + np.tile(rng.normal(0, 3, 2), 2)
                if rng.random() < 0.2:
                    continue
                gt.append([frame, class_id, track * 3 + 1, *box])
                if rng.random() < 0.1:
                    name += 10
                shown = 2 if rng.random() < 0.1 else class_id
                if rng.random() < 0.85:
                    found.append([frame, shown, name, *(box + rng.normal(0, 5, 4))])
                if rng.random() < 0.15:
                    found.append([frame, class_id, -1 if rng.random() < 0.5 else name + 20_000, *(box + 10)])
        start += length
    return truth_of(gt, lengths=lengths, num_classes=4), found_of(found)


def mot_lines(frames: Any, boxes: Any, tracks: Any, tail: str) -> str:
    rows = zip(frames.tolist(), tracks.tolist(), boxes.tolist(), strict=True)
    return "".join(
        f"{frame + 1},{track},{x1 + 1},{y1 + 1},{x2 - x1 + 1},{y2 - y1 + 1},{tail}\n"
        for frame, track, (x1, y1, x2, y2) in rows
    )


def by_files(folder: Path, truth: VideoTruth, found: Detections, class_id: int, seen: np.ndarray) -> dict[str, Any]:
    """What TrackEval's Evaluator says about one class, from files; all videos take part."""
    lengths = {}
    for video in truth.videos:
        numbers = np.flatnonzero((truth.video_ids == video) & seen)
        name = f"v{video}"
        lengths[name] = len(numbers)
        mine = np.isin(truth.frames, numbers) & (truth.classes == class_id)
        steps = np.searchsorted(numbers, truth.frames[mine])
        (folder / "gt" / name / "gt").mkdir(parents=True)
        text = mot_lines(steps, truth.boxes[mine], truth.tracks[mine], "1,1,1")
        (folder / "gt" / name / "gt" / "gt.txt").write_text(text)
        mine = np.isin(found.frames, numbers) & (found.classes == class_id) & (found.tracks >= 0)
        steps = np.searchsorted(numbers, found.frames[mine])
        data = folder / "trackers" / "ours" / "data"
        data.mkdir(parents=True, exist_ok=True)
        (data / f"{name}.txt").write_text(mot_lines(steps, found.boxes[mine], found.tracks[mine], "1,-1,-1,-1"))
    dataset = trackeval.datasets.MotChallenge2DBox(
        {
            "GT_FOLDER": str(folder / "gt"),
            "TRACKERS_FOLDER": str(folder / "trackers"),
            "SEQ_INFO": lengths,
            "SKIP_SPLIT_FOL": True,
            "DO_PREPROC": False,
            "PRINT_CONFIG": False,
        }
    )
    quiet = ("PRINT_RESULTS", "PRINT_CONFIG", "TIME_PROGRESS", "OUTPUT_SUMMARY", "OUTPUT_DETAILED", "PLOT_CURVES")
    evaluator = trackeval.Evaluator({**dict.fromkeys(quiet, False), "LOG_ON_ERROR": None})
    results, _ = evaluator.evaluate([dataset], list(metrics().values()))
    return results["MotChallenge2DBox"]["ours"]["COMBINED_SEQ"]["pedestrian"]


def metrics() -> dict[str, Any]:
    silent = {"PRINT_CONFIG": False}
    return {
        "HOTA": trackeval.metrics.HOTA(),
        "CLEAR": trackeval.metrics.CLEAR(dict(silent)),
        "Identity": trackeval.metrics.Identity(dict(silent)),
    }


def flat(results: dict[str, Any]) -> Scores:
    values = {name: value for metric in metrics() for name, value in results[metric].items()}
    return {name: (100 if name in RATIOS else 1) * float(np.mean(values[name])) for name in (*RATIOS, *COUNTS)}


def assert_same(ours: Scores, theirs: Scores) -> None:
    assert list(ours) == [*RATIOS, *COUNTS]
    assert ours == pytest.approx(theirs, abs=1e-9, rel=0)
    assert all(type(ours[name]) is int for name in COUNTS)


def assert_unknown(scores: Scores) -> None:
    assert all(math.isnan(scores[name]) for name in RATIOS)
    assert [scores[name] for name in COUNTS] == [0] * 4


def test_nothing_at_all() -> None:
    for lengths in ([], [2]):
        truth = VideoTruth(
            num_classes=2,
            video_ids=np.repeat(np.arange(len(lengths)), lengths),
            frame_indices=np.arange(sum(lengths)),
            frames=np.zeros(0),
            boxes=np.zeros((0, 4)),
            classes=np.zeros(0),
            tracks=np.zeros(0),
        )
        result = track_metrics(truth, NOTHING)
        for scores in (result.class_averaged, result.detection_averaged, *result.per_class):
            assert_unknown(scores)
        assert len(result.per_class) == 2


def test_no_detections() -> None:
    result = track_metrics(truth_of([[0, 0, 1, *BOX], [1, 0, 1, *BOX]], lengths=[2], num_classes=2), NOTHING)
    nothing = {**dict.fromkeys(RATIOS, 0), **dict.fromkeys(COUNTS, 0), "LocA": 100, "ML": 1}
    for scores in (result.class_averaged, result.detection_averaged, result.per_class[0]):
        assert scores == nothing
    assert_unknown(result.per_class[1])


def test_no_ground_truth() -> None:
    result = track_metrics(truth_of([], lengths=[1]), found_of([[0, 0, 4, *BOX]]))
    for scores in (result.class_averaged, result.detection_averaged, result.per_class[0]):
        assert_unknown(scores)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("stride", [1, 3])
def test_equals_trackeval_on_files(tmp_path: Path, seed: int, stride: int) -> None:
    truth, found = random_data(seed, lengths=[12, 1, 15])
    seen = truth.sampled(stride)
    result = track_metrics(truth, found, seen=seen)
    theirs = {c: by_files(tmp_path / str(c), truth, found, c, seen) for c in range(4)}
    for class_id in (0, 1):
        assert_same(result.per_class[class_id], flat(theirs[class_id]))
    for class_id in (2, 3):
        assert_unknown(result.per_class[class_id])
    known = {
        name: metric.combine_classes_class_averaged({c: theirs[c][name] for c in (0, 1)})
        for name, metric in metrics().items()
    }
    assert_same(result.class_averaged, flat(known))
    every = {
        name: metric.combine_classes_det_averaged({c: theirs[c][name] for c in range(4)})
        for name, metric in metrics().items()
    }
    assert_same(result.detection_averaged, flat(every))
    assert result.detection_averaged["IDP"] != pytest.approx(result.class_averaged["IDP"])
    assert result.class_averaged["IDSW"] > 0 or stride > 1


def moving(tracks: list[int], video: int = 0, steps: int = 10) -> list[list[float]]:
    """Two objects that walk side by side, far apart, with the given names; video v begins at frame v * steps."""
    return [
        [video * steps + t, 0, track, 100 * i + t, 5, 100 * i + t + 40, 60]
        for i, track in enumerate(tracks)
        for t in range(steps)
    ]


def rename(rows: list[list[float]], names: dict[int, int], start: int) -> list[list[float]]:
    return [[f, c, names.get(int(t), t) if f >= start else t, *box] for f, c, t, *box in rows]


def measure(rows: list[list[float]], **options: Any) -> TrackMetrics:
    return track_metrics(truth_of(moving([1, 2]), lengths=[10]), found_of(rows), **options)


def test_perfect_tracks_have_100_whatever_their_names() -> None:
    result = measure(moving([77, 3]))
    perfect = {**dict.fromkeys(RATIOS, pytest.approx(100)), "IDSW": 0, "Frag": 0, "MT": 2, "ML": 0}
    assert result.class_averaged == perfect
    assert result.detection_averaged == perfect
    assert result.per_class == [perfect]


def test_swapped_names_cost_association_alone() -> None:
    scores = measure(rename(moving([1, 2]), {1: 2, 2: 1}, start=5)).class_averaged
    assert scores["DetA"] == pytest.approx(100)
    assert scores["AssA"] == pytest.approx(100 / 3)  # each name shares 5 boxes of the 15 that either has
    assert scores["HOTA"] == pytest.approx(100 * math.sqrt(1 / 3))
    assert (scores["IDSW"], scores["IDF1"], scores["MOTA"]) == (2, pytest.approx(50), pytest.approx(90))


def test_a_split_track_is_one_switch() -> None:
    scores = measure(rename(moving([1, 2]), {1: 9}, start=5)).class_averaged
    assert (scores["IDSW"], scores["Frag"], scores["MT"]) == (1, 0, 2)
    assert scores["AssA"] == pytest.approx(75)  # halves of one, the whole other
    assert scores["IDF1"] == pytest.approx(75)


def test_a_gap_is_a_fragment() -> None:
    scores = measure([row for row in moving([1, 2]) if row[2] == 2 or row[0] not in (4, 5, 6)]).class_averaged
    assert (scores["IDSW"], scores["Frag"], scores["MT"], scores["ML"]) == (0, 1, 1, 0)
    assert scores["IDR"] == pytest.approx(100 * 17 / 20)
    assert scores["IDP"] == pytest.approx(100)


def test_the_same_name_in_another_video_is_another_track() -> None:
    truth = truth_of(moving([1, 2]) + moving([1, 2], video=1), lengths=[10, 10])
    scores = track_metrics(truth, found_of(moving([1, 2]) + moving([2, 1], video=1))).class_averaged
    assert (scores["HOTA"], scores["IDSW"], scores["MT"]) == (pytest.approx(100), 0, 4)


def test_boxes_without_a_track_are_left_out() -> None:
    with_more = measure(moving([1, 2]) + moving([-1]))
    assert with_more == measure(moving([1, 2]))


def test_frames_that_do_not_count() -> None:
    seen = np.arange(10) % 2 == 0
    wrong = [[f, c, t, *(np.array(box) + 30 * (f % 2))] for f, c, t, *box in moving([1, 2])]
    assert measure(wrong, seen=seen).class_averaged["HOTA"] == pytest.approx(100)
    assert measure(wrong).class_averaged["HOTA"] < 90
    assert_unknown(measure(wrong, seen=np.zeros(10, dtype=bool)).class_averaged)


def test_boxes_are_inclusive_pixels() -> None:
    """10 x 10 pixels of which 10 x 5 are found: an IoU of 0.5 in pixels, which without +1 would be 4/9."""
    truth = truth_of([[0, 0, 1, 0, 0, 9, 9]], lengths=[1])
    scores = track_metrics(truth, found_of([[0, 0, 1, 0, 0, 9, 4]])).class_averaged
    assert (scores["MOTA"], scores["MOTP"], scores["IDF1"]) == (pytest.approx(100), pytest.approx(50), 100)


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trackeval._timing, "DO_TIMING", True)  # as after a run of TrackEval's own Evaluator
    measure(moving([1, 2]))
    assert capfd.readouterr() == ("", "")


def test_what_can_not_be_judged_is_refused() -> None:
    bare = truth_of([[0, 0, 1, *BOX], [1, 0, -1, *BOX]], lengths=[2])
    with pytest.raises(ValueError, match="1 of 2 ground-truth boxes have no track, the first in frame 1 of video 5"):
        track_metrics(bare, NOTHING)
    double = [[0, 0, 3, *BOX], [0, 0, 3, 1, 1, 5, 5]]
    with pytest.raises(ValueError, match="ground truth: the track 3 has two boxes of the class 0 in frame 0 of video"):
        track_metrics(truth_of(double, lengths=[1]), NOTHING)
    with pytest.raises(ValueError, match="detections: the track 3 has two boxes"):
        track_metrics(truth_of([], lengths=[1]), found_of(double))
    with pytest.raises(ValueError, match="has the frame 3, but the ground truth has 1"):
        track_metrics(truth_of([], lengths=[1]), found_of([[3, 0, 1, *BOX]]))


def test_without_trackeval_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "trackeval"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "trackeval", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'dnt_d2\[tracking\]'"):
        measure([])
