"""dnt_d2/evaluation/saved_run.py: what is written is read, bit for bit, or an error says what to do."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from dnt_d2.evaluation import saved_run
from dnt_d2.evaluation.ground_truth import VideoTruth
from dnt_d2.evaluation.saved_run import FORMAT, RunFacts, SavedRun
from dnt_d2.evaluation.video_record import Rows, VideoRecord, VideoRecorder
from dnt_d2.formats.results import FrameList

if TYPE_CHECKING:
    from conftest import Drawn

MakeRun = Callable[..., SavedRun]


def empty_run(folder: Path) -> SavedRun:
    return SavedRun.create(folder, RunFacts("nothing"), VideoTruth.of([], 2), FrameList.of([], [], ["a", "b"]))


def assert_same_bits(a: Any, b: Any) -> None:
    assert a.shape == b.shape
    assert a.dtype == b.dtype
    assert a.tobytes() == b.tobytes()


def assert_same_record(a: VideoRecord, b: VideoRecord) -> None:
    assert a.revised is b.revised
    assert list(a.tables) == list(b.tables)
    assert_same_bits(a.frames, b.frames)
    for name, rows in a.tables.items():
        assert_same_bits(rows.counts, b.tables[name].counts)
        assert rows.columns.keys() == b.tables[name].columns.keys()
        for column, values in rows.columns.items():
            assert_same_bits(values, b.tables[name].columns[column])


def test_a_data_set_without_frames(tmp_path: Path) -> None:
    run = empty_run(tmp_path)
    assert run.video_ids == {}
    assert run.classes == ["a", "b"]
    assert run.finished == list(run.videos()) == []
    truth, frames = run.read_truth()
    assert truth.num_frames == len(frames) == len(frames.file_names) == len(truth.boxes) == 0
    assert truth.num_classes == 2


def test_facts_are_kept(tmp_path: Path, drawn: Drawn) -> None:
    facts = RunFacts("drawn", 4, "abc", {"TUBES.TOP_K": 25, "TUBES.ONLINE": False}, {"date": "2026-01-01"})
    SavedRun.create(tmp_path / "a" / "b", facts, drawn.truth, drawn.frames)
    assert SavedRun(tmp_path / "a" / "b").facts == facts
    assert SavedRun(str(tmp_path / "a" / "b")).video_ids == {2: "clip_2", 5: "clip_5", 7: "clip_7"}


def test_truth_and_frames(tmp_path: Path, make_run: MakeRun, drawn: Drawn) -> None:
    truth, frames = make_run(tmp_path, videos=()).read_truth()
    assert truth.num_classes == drawn.truth.num_classes
    for name, values in drawn.truth.arrays().items():
        assert_same_bits(getattr(truth, name), values)
    assert frames.file_names == drawn.frames.file_names
    assert frames.video_names == drawn.frames.video_names
    assert frames.class_names == drawn.frames.class_names
    for name in ("videos", "indices", "image_ids", "sizes"):
        assert_same_bits(getattr(frames, name), getattr(drawn.frames, name))


@pytest.mark.parametrize("name", ["zoë/キツネ 01.jpg", "", "\udcff.jpg", "🦊" * 70])
def test_any_name_of_a_file(tmp_path: Path, name: str) -> None:
    notes = [{"bbox": [0.1, 0, 1 / 3, 9], "category_id": 0}]
    dicts = [{"video_id": 0, "frame_index": 0, "file_name": name, "annotations": notes}]
    frames = FrameList.of([{**dicts[0], "image_id": 9, "width": 3, "height": 4}], ["vidéo"], ["ñu"])
    truth, again = SavedRun.create(tmp_path, RunFacts("é"), VideoTruth.of(dicts, 1), frames).read_truth()
    assert again.file_names == [name]
    assert again.video_names == ["vidéo"]
    assert again.class_names == ["ñu"]
    assert truth.boxes.tolist() == [[0.1, 0, 1 / 3, 9]]
    assert SavedRun(tmp_path).facts.dataset == "é"


def test_a_line_break_in_a_name_is_refused(tmp_path: Path) -> None:
    frame = {"video_id": 0, "frame_index": 0, "file_name": "a\nb", "annotations": []}
    frames = FrameList.of([{**frame, "image_id": 9, "width": 3, "height": 4}], ["v"], ["c"])
    with pytest.raises(ValueError, match=r"'a\\nb' has a line break"):
        SavedRun.create(tmp_path, RunFacts("x"), VideoTruth.of([frame], 1), frames)


@pytest.mark.parametrize("tubes", [True, False])
def test_records(tmp_path: Path, make_run: MakeRun, drawn: Drawn, tubes: bool) -> None:
    run = make_run(tmp_path, stride=2, tubes=tubes)
    read = dict(SavedRun(tmp_path).videos())
    assert list(read) == run.finished == [2, 5, 7]
    for video_id, record in read.items():
        assert_same_record(record, drawn.record(video_id, 2, tubes=tubes))


def test_records_out_of_the_ordinary(tmp_path: Path, make_run: MakeRun) -> None:
    run = make_run(tmp_path, videos=())
    scores = np.array([np.nan, np.inf, -0.0, 1e-42], np.float32)  # broken and tiny ones stay what they are
    columns = {
        "boxes": np.full((4, 4), 1 / 3),
        "scores": scores,
        "classes": np.arange(4) % len(run.classes),
        "tracks": np.array([-1, 0, 2, 2**40]),
    }
    of_tracker = VideoRecord(np.array([0, 3]), Rows(np.array([0, 4]), columns))
    nothing = VideoRecorder(3).record()
    recorder = VideoRecorder(len(run.classes))
    boxes, widths = np.zeros((0, 4), np.float32), {"detections": (0,), "candidates": (0, len(run.classes))}
    tables = {name: {"boxes": boxes, "scores": np.zeros(shape, np.float32)} for name, shape in widths.items()}
    tables["detections"]["classes"] = np.zeros(0, np.int16)
    recorder.add(0, {**tables, "tracklets": {"boxes": np.zeros((0, 8), np.float32)}, "proposals": {"boxes": boxes}})
    empty = recorder.record()
    for record in (of_tracker, nothing, empty):
        run.write(7, record)
        assert_same_record(run.read(7), record)


def test_finished_are_those_that_are_whole(tmp_path: Path, make_run: MakeRun, drawn: Drawn) -> None:
    run = make_run(tmp_path, videos=(7,))
    assert run.finished == [7]
    (tmp_path / "videos" / ".000002.npz.123.tmp").write_bytes(b"half")
    (tmp_path / "videos" / "000099.npz").write_bytes(b"of another data set")
    assert run.finished == SavedRun(tmp_path).finished == [7]
    run.write(2, drawn.record(2))
    assert run.finished == [2, 7]
    with pytest.raises(FileNotFoundError, match=r"000005\.npz is not there; run --eval-only again, what is there"):
        run.read(5)
    with pytest.raises(ValueError, match="video 4 is not one of drawn"):
        run.write(4, drawn.record(2))


def test_a_writer_that_dies_leaves_nothing(
    tmp_path: Path, make_run: MakeRun, drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path, videos=(7,))
    before = run.path(7).read_bytes()

    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(np.lib.format, "write_array", die)
    for video_id in (2, 7):
        with pytest.raises(KeyboardInterrupt):
            run.write(video_id, drawn.record(video_id))
    assert run.path(7).read_bytes() == before
    assert run.finished == [7]
    assert [path.name for path in (tmp_path / "videos").iterdir()] == ["000007.npz"]


def test_making_a_run_again_keeps_its_videos(tmp_path: Path, make_run: MakeRun) -> None:
    make_run(tmp_path)
    again = make_run(tmp_path, videos=())
    assert again.finished == [2, 5, 7]


def test_plain_numpy_reads_it(tmp_path: Path, make_run: MakeRun, drawn: Drawn) -> None:
    run = make_run(tmp_path)
    with np.load(run.path(7), allow_pickle=False) as archive:
        assert archive["frames"].tolist() == list(range(12))
        counts, scores = archive["candidates/counts"], archive["candidates/scores"]
        assert counts.shape == (12,)
        assert scores.shape == (counts.sum(), 3)
        assert set(archive.files) >= {"detections/classes", "tracklets/boxes", "proposals/counts"}
    with np.load(tmp_path / "truth.npz", allow_pickle=False) as archive:
        assert bytes(archive["file_names"]).decode().split("\n") == drawn.frames.file_names
        assert archive["boxes"].shape == (len(archive["frames"]), 4)


def test_the_bytes_of_a_frame(tmp_path: Path, make_run: MakeRun, drawn: Drawn) -> None:
    """The formula in the module's docstring is of the columns; the counts of rows come on top."""
    assert "4 P (8 + C) + 22 D + 32 M bytes" in str(saved_run.__doc__)
    run, record = make_run(tmp_path), drawn.record(7)
    detections, candidates, tracklets, proposals = (len(rows.columns["boxes"]) for rows in record.tables.values())
    assert proposals == candidates
    with np.load(run.path(7)) as archive:
        rows = {name: archive[name] for name in archive.files if "/" in name and not name.endswith("counts")}
    expected = 4 * proposals * (8 + 3) + 22 * detections + 32 * tracklets
    assert sum(values.nbytes for values in rows.values()) == expected


def test_broken_files_are_named(tmp_path: Path, make_run: MakeRun) -> None:
    run = make_run(tmp_path)
    path = run.path(7)
    content = path.read_bytes()
    np.save(tmp_path / "other.npy", np.zeros(3))
    for broken in (content[: len(content) // 2], b"", b"no archive at all", (tmp_path / "other.npy").read_bytes()):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match=r"000007\.npz is broken .*; remove it, and run --eval-only again: the r"):
            run.read(7)
    shutil.copy(tmp_path / "truth.npz", path)
    with pytest.raises(ValueError, match=r"000007\.npz is no video of a saved run .*; remove it"):
        run.read(7)


@pytest.mark.parametrize("without", ["frames", "revised", "detections/counts", "tracklets/boxes", "candidates/scores"])
def test_a_file_that_lacks_something(tmp_path: Path, make_run: MakeRun, without: str) -> None:
    run = make_run(tmp_path, videos=(7,))
    with np.load(run.path(7)) as archive:
        arrays = {name: archive[name] for name in archive.files if name != without}
    if without.endswith(("boxes", "scores")):
        arrays[without] = np.zeros((1, 8))
    np.savez(run.path(7), **arrays)
    with pytest.raises(ValueError, match=r"000007\.npz is no video of a saved run"):
        run.read(7)


def test_flipped_bits_are_noticed(tmp_path: Path, make_run: MakeRun, drawn: Drawn) -> None:
    """Or do not matter, as in a date inside the archive."""
    run, record = make_run(tmp_path, videos=(5,)), drawn.record(5)
    content, rng = run.path(5).read_bytes(), np.random.default_rng(0)
    noticed = harmless = 0
    for _ in range(300):
        broken = bytearray(content)
        broken[rng.integers(len(content))] ^= 1 << rng.integers(8)
        run.path(5).write_bytes(broken)
        try:
            read = run.read(5)
        except ValueError as error:
            noticed += "000005.npz is" in str(error)
        else:
            assert_same_record(read, record)
            harmless += 1
    assert noticed + harmless == 300
    assert noticed > harmless


def test_broken_ground_truth_is_named(tmp_path: Path, make_run: MakeRun) -> None:
    run = make_run(tmp_path, videos=(7,))
    path = tmp_path / "truth.npz"
    content = path.read_bytes()
    shutil.copy(run.path(7), path)
    with pytest.raises(ValueError, match=r"truth\.npz is not the ground truth of a saved run"):
        run.read_truth()
    path.write_bytes(content[:-30])
    with pytest.raises(ValueError, match=r"truth\.npz is broken .*; remove it"):
        run.read_truth()
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"truth\.npz is not there"):
        run.read_truth()


def test_the_newest_run_is_found(tmp_path: Path, make_run: MakeRun) -> None:
    for time, name in enumerate(("b", "a", "c")):
        make_run(tmp_path / "runs" / name, videos=())
        os.utime(tmp_path / "runs" / name / "run.json", (time, time if name != "a" else 9))
    (tmp_path / "runs" / "d").mkdir()  # no run.json: it was never whole
    assert SavedRun(tmp_path).folder == tmp_path / "runs" / "a"
    assert SavedRun(tmp_path / "runs" / "c").folder == tmp_path / "runs" / "c"


def test_what_is_no_run(tmp_path: Path, make_run: MakeRun) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(FileNotFoundError, match=r"is no saved run .*, and has none in runs/; name the folder that"):
            SavedRun(folder)
    make_run(tmp_path, videos=())
    path = tmp_path / "run.json"
    content = json.loads(path.read_text())
    assert content["format"] == FORMAT
    path.write_text(json.dumps(content | {"format": "dnt_d2 saved run 0"}))
    with pytest.raises(ValueError, match=r"run\.json is not of the format 'dnt_d2 saved run 1'; run --eval-only again"):
        SavedRun(tmp_path)
    path.write_text("[]")
    with pytest.raises(ValueError, match="is not of the format"):
        SavedRun(tmp_path)
    path.write_text(path.read_text()[:-1])
    with pytest.raises(ValueError, match=r"run\.json: broken JSON .*; write or fetch the file again"):
        SavedRun(tmp_path)
    path.write_text(json.dumps({key: value for key, value in content.items() if key != "classes"}))
    with pytest.raises(ValueError, match=r"run\.json lacks 'classes'; run --eval-only again"):
        SavedRun(tmp_path)
