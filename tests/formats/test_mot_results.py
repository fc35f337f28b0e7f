"""dnt_d2/formats/mot_results.py: results in the form of MOTChallenge, also as TrackEval reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from dnt_d2.formats import Detections, FrameList, VideoSet, read_mot_results, write_mot, write_mot_results
from dnt_d2.formats.video_set import make_frame, make_note

Make = Callable[..., FrameList]
MakeResults = Callable[..., Detections]
Same = Callable[[Detections, Detections], None]
LINE = "1,7,2,3,4,5,0.5,1,-1"


def files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def write(folder: Path, first: str, frames: FrameList) -> None:
    write_mot_results(folder, Detections.of([], [], [], []), frames)
    (folder / "v_0.txt").write_text(first)


def test_nothing(make_frame_list: Make, tmp_path: Path) -> None:
    frames, nothing = make_frame_list(), Detections.of([], [], [], [])
    write_mot_results(tmp_path / "some", nothing, frames)
    assert files(tmp_path / "some") == {"v_0.txt": "", "v_2.txt": "", "v_3.txt": ""}  # v/1 has no frames
    assert len(read_mot_results(tmp_path / "some", frames)) == 0
    write_mot_results(tmp_path / "none", nothing, FrameList.of([], [], []))
    assert files(tmp_path / "none") == {}
    assert len(read_mot_results(tmp_path / "none", FrameList.of([], [], []))) == 0


def test_the_lines(make_frame_list: Make, tmp_path: Path) -> None:
    boxes = [[0, 0, 9.5, 4], [0.1, 2, 0.3, 2], [-1, 2, 3, 4]]
    made = Detections.of([0, 2, 4], [2, 0, 1], boxes, [0.875, 1e-7, 2], [0, 5, 12])
    write_mot_results(tmp_path, made, make_frame_list())
    assert files(tmp_path) == {
        "v_0.txt": "1,0,1.0,1.0,10.5,5.0,0.875,3,-1\n3,5,1.1,3.0,1.2,1.0,1e-07,1,-1\n",
        "v_2.txt": "2,12,0.0,3.0,5.0,3.0,2.0,2,-1\n",
        "v_3.txt": "",
    }


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("seed", range(5))
def test_what_is_written_comes_back(
    make_frame_list: Make, random_detections: MakeResults, assert_same: Same, tmp_path: Path, seed: int, dtype: type
) -> None:
    frames = make_frame_list(num_classes=40)
    made = random_detections(frames, seed, dtype=dtype)
    write_mot_results(tmp_path, made, frames)
    assert_same(read_mot_results(tmp_path, frames), made)
    # Frames that the list leaves out are no frames for the results either, but numbers stay those of the video.
    part = replace(frames, **{name: getattr(frames, name)[1:] for name in ("videos", "indices", "image_ids", "sizes")})
    made = replace(made, frames=np.maximum(made.frames, 1) - 1, tracks=np.arange(len(made)))
    write_mot_results(tmp_path, made, part)
    assert_same(read_mot_results(tmp_path, part), made)


def test_lines_of_others(make_frame_list: Make, assert_same: Same, tmp_path: Path) -> None:
    expected = Detections.of([0, 2], [0, 0], [[1, 2, 4, 6], [0, 0, 9.25, 1]], [0.5, 1], [7, 3])
    one, many = make_frame_list(num_classes=1), make_frame_list()
    for text, lists in (
        (f"\ufeff3,3,1,1,10.25,2,1,1,-1\r\n\r\n{LINE}", (one, many)),
        ("3,3.0,1,1,10.25,2,1,1\n1.0, 7,2,3,4,5,0.5,1.0,\n", (one, many)),
        ("3,3,1,1,10.25,2,1,1,-1,-1\n1,7,2,3,4,5,0.5,1,-1,-1\n", (one, many)),
        ("3,3,1,1,10.25,2,1,-1,-1,-1\n1,7,2,3,4,5,0.5,8.5,2,3\n", (one,)),  # ten columns: a place in the world
        ("3,3,1,1,10.25,2,1\n1,7,2,3,4,5,0.5,-1\n", (one,)),
    ):
        for frames in lists:
            write(tmp_path, text, frames)
            assert_same(read_mot_results(tmp_path, frames), expected)
    write(tmp_path, "1,7,2,3,4,5,0.5\n", many)
    with pytest.raises(ValueError, match=r"v_0\.txt:1: class -1 is not one of 1 to 3"):
        read_mot_results(tmp_path, many)


@pytest.mark.parametrize(
    ("place", "word", "message"),
    [
        (0, "0", "no frame 0, counted from 1, of this video"),
        (0, "4", "no frame 4, counted from 1, of this video"),
        (0, "1.5", "frame 1.5 is not a whole number"),
        (1, "-1", "the id is -1, but MOT holds tracks only"),
        (1, "8", "track 8 is in this frame already"),
        (1, "cat", "is not a number"),
        (2, "left", "not of four finite numbers, in"),
        (2, "nan", "the corners are"),
        (2, "sNaN", "not of four finite numbers, in"),
        (3, "1e999", "the corners are"),
        (3, "1e9999999", "not of four finite numbers, in"),
        (4, "0.5", "negative size"),
        (5, "-5", "negative size"),
        (6, "nan", "the score is nan"),
        (6, "", "is not a number"),
        (7, "0", "class 0 is not one of 1 to 3"),
        (7, "4", "class 4 is not one of 1 to 3"),
        (8, "-1,0,0", "there are 11 columns, not 7 to 10"),
    ],
)
def test_wrong_lines_are_named(make_frame_list: Make, tmp_path: Path, place: int, word: str, message: str) -> None:
    words = LINE.split(",")
    words[place] = word
    write(tmp_path, f"1,8,2,3,4,5,0.5,1,-1\n\n{','.join(words)}\n", make_frame_list())
    with pytest.raises(ValueError, match=rf"v_0\.txt:3: .*{message}"):
        read_mot_results(tmp_path, make_frame_list())


def test_other_errors(make_frame_list: Make, tmp_path: Path) -> None:
    frames, folder = make_frame_list(), tmp_path / "results"
    with pytest.raises(FileNotFoundError, match="results: there is no such folder of results"):
        read_mot_results(folder, frames)
    untracked = Detections.of([0, 1], [0, 0], [[0, 0, 1, 1]] * 2, [1, 1], [3, -1])
    with pytest.raises(ValueError, match=r"detection 1 \(frame 1 of video v/0\): it has no track, .* link first"):
        write_mot_results(folder, untracked, frames)
    with pytest.raises(ValueError, match=r"two_videos would become|Two videos would become the file v_0"):
        write_mot_results(folder, untracked.where(slice(1)), replace(frames, video_names=["v/0", "v", "v_0", "w"]))
    with pytest.raises(ValueError, match="can't be a path"):
        write_mot_results(folder, untracked.where(slice(1)), replace(frames, video_names=["a", "b", "../c", "d"]))
    assert not folder.exists()
    write(folder, "1,2,3,4,5,6\n", frames)
    with pytest.raises(ValueError, match=r"v_0\.txt:1: there are 6 columns, not 7 to 10"):
        read_mot_results(folder, frames)
    (folder / "v_0.txt").write_text(LINE)
    (folder / "other.txt").touch()
    with pytest.raises(ValueError, match=r"other\.txt is of no video of the data set"):
        read_mot_results(folder, frames)
    (folder / "other.txt").unlink()
    (folder / "v_3.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"v_3\.txt is missing; write it \(empty"):
        read_mot_results(folder, frames)


def tracked_videos(folder: Path) -> VideoSet:
    """Two videos of five frames, with three objects of one class; one frame has none."""
    rng = np.random.default_rng(0)
    cv2.imwrite(str(folder / "image.png"), np.zeros((200, 300, 3), np.uint8))
    frames = []
    for video in range(2):
        corners = rng.uniform(0, 100, (3, 2))
        for t in range(5):
            frame = make_frame(str(folder / "image.png"), 5 * video + t, (300, 200), (video, t, 5))
            for track, (x, y) in enumerate(corners + 3 * t):
                if t != 3:
                    frame["annotations"].append(make_note((x, y, x + 40.3, y + 30 + track), 0, 10 * track))
            frames.append(frame)
    return VideoSet(frames, ["street/a", "b"], ["person"])


def evaluate(folder: Path, names: Sequence[str]) -> dict[str, Any]:
    """HOTA of all videos, by TrackEval's reader of MOTChallenge."""
    trackeval = pytest.importorskip("trackeval")
    dataset = trackeval.datasets.MotChallenge2DBox(
        {
            "GT_FOLDER": str(folder / "gt"),
            "TRACKERS_FOLDER": str(folder / "trackers"),
            "TRACKERS_TO_EVAL": ["ours"],
            "SEQMAP_FILE": str(folder / "gt/seqmaps/all.txt"),
            "SKIP_SPLIT_FOL": True,
            "DO_PREPROC": False,
            "PRINT_CONFIG": False,
        }
    )
    assert dataset.seq_list == list(names)
    metric = trackeval.metrics.HOTA()
    results = {
        name: metric.eval_sequence(
            dataset.get_preprocessed_seq_data(dataset.get_raw_seq_data("ours", name), "pedestrian")
        )
        for name in names
    }
    return metric.combine_sequences(results)


def test_trackeval_reads_them(tmp_path: Path) -> None:
    videos = tracked_videos(tmp_path)
    write_mot(videos, tmp_path / "gt")
    frames = FrameList.of(videos.frames, videos.video_names, videos.class_names)
    notes = [(number, note) for number, frame in enumerate(videos.frames) for note in frame["annotations"]]
    perfect = Detections.of(
        [number for number, _ in notes],
        [0] * len(notes),
        [note["bbox"] for _, note in notes],
        np.linspace(0.1, 0.9, len(notes)),
        [note["instance_id"] + 1 for _, note in notes],
    )
    target = tmp_path / "trackers/ours/data"
    write_mot_results(target, perfect, frames)
    assert evaluate(tmp_path, ["street_a", "b"])["HOTA"].tolist() == [1] * 19
    late = frames.indices[perfect.frames] >= 2
    write_mot_results(target, replace(perfect, tracks=perfect.tracks + 100 * late), frames)
    found = evaluate(tmp_path, ["street_a", "b"])
    assert found["DetA"].tolist() == [1] * 19
    assert found["AssA"].tolist() == pytest.approx([0.5] * 19)  # each object is two tracks of two frames each
    shifted = replace(perfect, boxes=perfect.boxes + 1000)
    write_mot_results(target, shifted, frames)
    assert evaluate(tmp_path, ["street_a", "b"])["HOTA"].tolist() == [0] * 19
