"""dnt_d2/formats/track_files.py: a video frame by frame, against the writers of whole data sets and other readers."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from dnt_d2.formats import (
    TRACK_FORMATS,
    Detections,
    FrameList,
    TrackWriter,
    VideoSet,
    parse_target,
    read_coco_results,
    read_coco_vid,
    read_csv_results,
    read_ilsvrc_results,
    read_mot_results,
    write_coco_results,
    write_coco_vid,
    write_csv_results,
    write_ilsvrc_results,
    write_mot_results,
)
from dnt_d2.formats.video_set import make_frame, make_note

Make = Callable[..., FrameList]
MakeResults = Callable[..., Detections]
Same = Callable[[Detections, Detections], None]
SIZE = (64, 48)
CLASSES = ["class 0", "class 1", "class 2"]


@pytest.fixture
def frames(make_frame_list: Make) -> FrameList:
    made = make_frame_list((6,))
    return replace(made, image_ids=made.indices + 1)


def write(path: Path, made: Detections, form: str | None = None, indices: Iterable[int] = range(6)) -> TrackWriter:
    with TrackWriter(path, form=form, video="v/0", class_names=CLASSES, fps=25) as writer:
        for index in indices:
            x = made.where(made.frames == index)
            writer.write(index, SIZE, x.boxes, x.scores, x.classes, x.tracks)
    return writer


def write_at_once(form: str, path: Path, made: Detections, frames: FrameList) -> Path:
    if form == "mot":
        write_mot_results(path, made, frames)
        return path / "v_0.txt"
    if form == "ilsvrc":
        write_ilsvrc_results(path, made, frames, tracks=True)
    else:
        {"coco": write_coco_results, "csv": write_csv_results}[form](path, made, frames)
    return path


def read(form: str, path: Path, frames: FrameList) -> Detections:
    readers = {"coco": read_coco_results, "csv": read_csv_results, "ilsvrc": read_ilsvrc_results}
    return read_mot_results(path.parent, frames) if form == "mot" else readers[form](path, frames)


@pytest.mark.parametrize("form", TRACK_FORMATS)
def test_nothing(form: str, tmp_path: Path, frames: FrameList) -> None:
    path, nothing = tmp_path / "new" / "v_0.txt", Detections.of([], [], [], [])
    writer = TrackWriter(path, form=form, video="v/0", class_names=CLASSES)
    assert list(path.parent.iterdir()) == []  # nothing yet, but the folder is there
    writer.close()
    writer.close()
    for indices in (None, range(6)):
        if indices is not None:
            write(path, nothing, form, indices)
        if form == "coco_vid":
            found = read_coco_vid(path)
            assert (len(found.frames), found.class_names) == (len(indices or ()), CLASSES)
            assert not any(frame["annotations"] for frame in found.frames)
        else:
            assert len(read(form, path, frames)) == 0
    assert [x.name for x in path.parent.iterdir()] == ["v_0.txt"]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("form", [form for form in TRACK_FORMATS if form != "coco_vid"])
def test_the_bytes_are_those_of_the_other_writers(
    form: str, dtype: type, tmp_path: Path, frames: FrameList, random_detections: MakeResults, assert_same: Same
) -> None:
    made = random_detections(frames, seed=0, dtype=dtype)
    made = made.where(made.frames != 3)
    if form != "mot":
        made = replace(made, tracks=np.where(made.classes == 1, -1, made.tracks))
    write(tmp_path / "v_0.txt", made, form)
    expected = write_at_once(form, tmp_path / "at once", made, frames)
    assert (tmp_path / "v_0.txt").read_bytes() == expected.read_bytes()
    assert_same(read(form, expected, frames), made)


def test_coco_vid_is_a_data_set_with_scores(tmp_path: Path, frames: FrameList, random_detections: MakeResults) -> None:
    made = random_detections(frames, seed=0, size=40)
    made = replace(made, boxes=made.boxes.round() + np.array([0, 0, 1.5, 1]), tracks=made.tracks % 1000)
    write(tmp_path / "a.json", made)
    videos = VideoSet([make_frame(f"v/0/{t + 1:06d}.jpg", t + 1, SIZE, (0, t, 6)) for t in range(6)], ["v/0"], CLASSES)
    for t, label, box, track in zip(made.frames, made.classes, made.boxes.tolist(), made.tracks, strict=True):
        videos.frames[t]["annotations"].append(make_note(tuple(box), int(label), int(track)))
    assert read_coco_vid(tmp_path / "a.json") == videos
    # Its entries are those of write_coco_vid, and those of COCO's results.
    write_coco_vid(videos, tmp_path / "b.json", "")
    write_coco_results(tmp_path / "c.json", made, frames)
    ours, dataset, results = (json.loads((tmp_path / f"{x}.json").read_text()) for x in "abc")
    assert ours["annotations"] == [a | b for a, b in zip(dataset["annotations"], results, strict=True)]
    assert ours["videos"] == [dataset["videos"][0] | {"fps": 25}]
    assert (ours["images"], ours["categories"]) == (dataset["images"], dataset["categories"])
    assert set(ours) == set(dataset)


def test_pycocotools_reads_them(tmp_path: Path, frames: FrameList, random_detections: MakeResults) -> None:
    made = random_detections(frames, seed=0, size=40)
    made = replace(made, boxes=np.tile([1.0, 2, 31, 42.5], (40, 1)) + 70 * np.arange(40)[:, None])
    write(tmp_path / "truth.json", made)
    write(tmp_path / "found.json", made, "coco")
    truth = COCO(str(tmp_path / "truth.json"))
    assert len(truth.imgs) == 6
    assert [truth.anns[i + 1]["score"] for i in range(40)] == made.scores.tolist()
    found = truth.loadRes(str(tmp_path / "found.json"))
    evaluation = COCOeval(truth, found, "bbox")
    for step in (evaluation.evaluate, evaluation.accumulate, evaluation.summarize):
        step()
    assert evaluation.stats[0] == pytest.approx(1)


def test_pandas_reads_them(tmp_path: Path, frames: FrameList, random_detections: MakeResults) -> None:
    made = random_detections(frames, seed=0)
    made = replace(made, tracks=np.where(made.classes == 1, -1, made.tracks % 1000))
    write(tmp_path / "a.csv", made)
    table = pandas.read_csv(tmp_path / "a.csv")
    assert table.columns.tolist() == ["video", "frame", "class", "track", "score", "x1", "y1", "x2", "y2"]
    assert table[["x1", "y1", "x2", "y2"]].to_numpy().tolist() == made.boxes.tolist()
    assert table["score"].tolist() == made.scores.tolist()
    assert table["track"].fillna(-1).tolist() == made.tracks.tolist()
    assert table["class"].tolist() == [CLASSES[label] for label in made.classes]
    assert table["frame"].tolist() == made.frames.tolist()


def test_numpy_reads_ilsvrc(tmp_path: Path, frames: FrameList, random_detections: MakeResults) -> None:
    made = random_detections(frames, seed=0)
    made = replace(made, tracks=made.tracks % 1000)
    write(tmp_path / "a.txt", made, "ilsvrc")
    whole = [made.frames + 1, made.classes + 1, made.tracks, made.scores]
    np.testing.assert_array_equal(np.loadtxt(tmp_path / "a.txt"), np.column_stack([*whole, made.boxes]))


def test_trackeval_reads_mot(tmp_path: Path) -> None:
    trackeval = pytest.importorskip("trackeval")
    indices, tracks = np.repeat(np.arange(6), 2), np.tile([4, 9], 6)
    corners = np.stack([3.0 * indices + 10 * tracks, 5.25 + indices], axis=1)
    boxes = np.hstack([corners, corners + np.array([40.5, 30])])
    made = Detections.of(indices, [0] * 12, boxes, [0.75] * 12, tracks)
    made = made.where(made.frames != 2)
    write(tmp_path / "ours/data/clip.txt", made)
    truth = tmp_path / "truth/clip/gt/gt.txt"
    truth.parent.mkdir(parents=True)
    with truth.open("w") as file:
        for t, track, (x1, y1, x2, y2) in zip(made.frames, made.tracks, made.boxes.tolist(), strict=True):
            file.write(f"{t + 1},{track + 100},{x1 + 1},{y1 + 1},{x2 - x1 + 1},{y2 - y1 + 1},1,1,1\n")
    settings: dict[str, Any] = {
        "GT_FOLDER": str(tmp_path / "truth"),
        "TRACKERS_FOLDER": str(tmp_path),
        "TRACKERS_TO_EVAL": ["ours"],
        "SEQ_INFO": {"clip": 6},
        "SKIP_SPLIT_FOL": True,
        "DO_PREPROC": False,
        "PRINT_CONFIG": False,
    }
    dataset = trackeval.datasets.MotChallenge2DBox(settings)

    def hota() -> list[float]:
        raw = dataset.get_raw_seq_data("ours", "clip")
        return trackeval.metrics.HOTA().eval_sequence(dataset.get_preprocessed_seq_data(raw, "pedestrian"))["HOTA"]

    assert hota() == pytest.approx([1] * 19)
    write(tmp_path / "ours/data/clip.txt", replace(made, tracks=made.tracks + made.frames))
    assert max(hota()) < 0.8


def interrupted(count: int) -> Iterable[int]:
    yield from range(count)
    raise KeyboardInterrupt


@pytest.mark.parametrize("form", TRACK_FORMATS)
def test_an_error_keeps_what_was_done(
    form: str, tmp_path: Path, frames: FrameList, random_detections: MakeResults
) -> None:
    made = random_detections(frames, seed=0, size=30)
    wholes = []
    for count in range(6):
        write(tmp_path / "whole", made, form, range(count))
        wholes.append((tmp_path / "whole").read_bytes())
    path = tmp_path / "a"
    path.write_bytes(b"older")
    for count in range(6):
        with pytest.raises(KeyboardInterrupt):
            write(path, made, form, interrupted(count))
        assert path.read_bytes() == (wholes[count] if count else b"older")
    assert sorted(x.name for x in tmp_path.iterdir()) == ["a", "whole"]


@pytest.mark.parametrize("form", TRACK_FORMATS)
def test_a_full_disk_keeps_what_was_done(
    form: str,
    tmp_path: Path,
    frames: FrameList,
    random_detections: MakeResults,
    largest_file: Callable[[int], AbstractContextManager[None]],
) -> None:
    made = random_detections(frames, seed=0, size=30)
    write(tmp_path / "whole", made, form)
    path, size = tmp_path / "a", (tmp_path / "whole").stat().st_size
    kept = []
    for limit in np.linspace(0, size - 1, 12, dtype=int).tolist():
        path.unlink(missing_ok=True)
        message = rf"{path}: File too large at frame \d; the file is"
        with largest_file(limit), pytest.raises(OSError, match=message) as error:
            write(path, made, form)
        count = int(str(error.value).split(" at frame ")[1][0])
        kept.append(count)
        if count:
            assert f"is kept with the {count} frames before" in str(error.value)
            write(tmp_path / "whole", made, form, range(count))
            assert path.read_bytes() == (tmp_path / "whole").read_bytes()
        else:
            assert not path.exists()
    assert kept == sorted(kept)
    assert kept[0] == 0
    assert kept[-1] == 5
    assert sorted(x.name for x in tmp_path.iterdir()) == ["a", "whole"]


def test_memory_is_constant(tmp_path: Path) -> None:
    writer = TrackWriter(tmp_path / "a.json", video="clip", class_names=CLASSES)  # the one that holds anything
    boxes, scores, classes, tracks = np.tile([1.0, 2, 3, 4], (4, 1)), np.ones(4), np.ones(4), np.arange(4)
    tracemalloc.start()
    try:
        for index in range(300):
            writer.write(index, SIZE, boxes, scores, classes, tracks)
            if index == 50:
                before = tracemalloc.get_traced_memory()[0]
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert after - before < 2000  # less than 10 bytes a frame
    writer.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("out.txt", ("mot", "out.txt")),
        ("some/OUT.JSON", ("coco_vid", "some/OUT.JSON")),
        ("out.csv", ("csv", "out.csv")),
        ("ilsvrc:out.txt", ("ilsvrc", "out.txt")),
        ("coco:results.json", ("coco", "results.json")),
        ("MOT:tracks", ("mot", "tracks")),
        ("csv:a:b", ("csv", "a:b")),
        ("C:\\x.txt", ("mot", "C:\\x.txt")),
        ("coco_vid:C:\\x", ("coco_vid", "C:\\x")),
        ("12:30.txt", ("mot", "12:30.txt")),
        ("./yolo:x.txt", ("mot", "yolo:x.txt")),
    ],
)
def test_targets(text: str, expected: tuple[str, str]) -> None:
    assert parse_target(text) == (expected[0], Path(expected[1]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"tracks go to a \.txt \(MOT\), a \.json"),
        ("out", r"^out: tracks go to"),
        ("out.xml", r"FORMAT:PATH, with one of mot, coco_vid, coco, csv, ilsvrc$"),
        ("yolo:x.txt", r"no format 'yolo' of tracks, there are mot, .*; a file: \./yolo:x\.txt"),
        ("coco:", "no path after the format; write coco:FILE"),
    ],
)
def test_wrong_targets(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_target(text)


def test_what_is_said_before_the_work(tmp_path: Path) -> None:
    def make(name: str = "a.txt", **changes: Any) -> None:
        TrackWriter(tmp_path / name, **({"video": "v", "class_names": ["dog"]} | changes))

    for changes, message in (
        ({"name": "a.xml"}, "tracks go to"),
        ({"form": "xml"}, "no format 'xml' of tracks"),
        ({"fps": 0}, "fps is 0"),
        ({"fps": float("nan")}, "fps is nan"),
        ({"video": ""}, "the name of the video is ''"),
        ({"video": "\udce4"}, "rename it to one that is text"),
        ({"name": "a.csv", "class_names": ["dog", "dog"]}, "two classes named 'dog'"),
    ):
        with pytest.raises(ValueError, match=message):
            make(**changes)
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"file/a\.txt: no file can be made there"):
        make("file/a.txt")
    assert [x.name for x in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frame_index": 2}, "frame 2 can't follow frame 2; write each frame once, in order"),
        ({"size": (0, 5)}, "frame 3 is 0 x 5; give its true size"),
        ({"boxes": np.zeros((2, 5))}, "frame 3: cannot reshape"),
        ({"boxes": np.zeros((1, 4))}, "frame 3: .* must have N, N, N x 4, N, N values"),
        ({"boxes": [[0, 0, 1, 1], [0, 0, -1, 1]]}, "box 1 of frame 3: .* negative size"),
        ({"scores": [0.5, np.nan]}, "box 1 of frame 3: the score is nan"),
        ({"classes": [0, 3]}, "box 1 of frame 3: its class 3 is not one of 3 classes"),
        ({"track_ids": [7, 7]}, "box 1 of frame 3: track 7 is in this frame already"),
        ({"track_ids": [-1, 7]}, "box 0 of frame 3: it has no track, but MOT holds tracks only"),
    ],
)
def test_wrong_frames_change_nothing(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    good: dict[str, Any] = {
        "frame_index": 3,
        "size": SIZE,
        "boxes": np.zeros((2, 4), np.float32),
        "scores": [0, 1],
        "classes": [0, 2],
        "track_ids": [7, 8],
    }
    with TrackWriter(tmp_path / "a.txt", video="v", class_names=CLASSES) as writer:
        writer.write(2, SIZE, [], [], [], [])
        with pytest.raises(ValueError, match=rf"a\.txt: {message}"):
            writer.write(**(good | changes))
        writer.write(**good)
    assert writer.num_frames == 2
    assert (tmp_path / "a.txt").read_text() == "4,7,1.0,1.0,1.0,1.0,0.0,1,-1\n4,8,1.0,1.0,1.0,1.0,1.0,3,-1\n"
    with pytest.raises(ValueError, match="closed already"):
        writer.write(4, SIZE, [], [], [], [])
