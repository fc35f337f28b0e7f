"""The demo: a clip in, a drawn video and a timeline out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from detectron2.checkpoint import DetectionCheckpointer
from detectron2.config import CfgNode
from detectron2.data import DatasetCatalog, MetadataCatalog
from detectron2.structures import Boxes, Instances

from dnt_d2 import VideoPredictor, demo
from dnt_d2.frame_result import FrameResult, TrackIDs
from dnt_d2.video import Frame, probe, read_frames

Make = Callable[..., Any]
NAMES = ["dog", "car", "bird"]


def result(frame_index: int, rows: list[tuple[int, int, float]], *, detections: int | None = 0) -> FrameResult:
    """A frame of 48 x 64 with a box for each (track, class, score)."""

    def instances(count: int) -> Instances:
        found = Instances((48, 64))
        found.pred_boxes = Boxes(torch.tensor([[5.0 + i, 6.0, 25.0 + i, 30.0] for i in range(count)]).reshape(-1, 4))
        return found

    tracked = instances(len(rows))
    tracked.scores = torch.tensor([score for _, _, score in rows])
    tracked.raw_scores = tracked.scores / 2
    tracked.pred_classes = torch.tensor([c for _, c, _ in rows], dtype=torch.int64)
    tracked.track_ids = torch.tensor([t for t, _, _ in rows], dtype=torch.int64)
    tracked.ID = TrackIDs(t for t, _, _ in rows)
    if detections is None:
        return FrameResult(frame_index, tracked)
    alone = instances(detections)
    alone.scores = torch.full((detections,), 0.8)
    alone.pred_classes = torch.zeros(detections, dtype=torch.int64)
    return FrameResult(frame_index, tracked, alone)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A folder of six pictures."""
    folder = tmp_path / "clip"
    folder.mkdir()
    for t in range(6):
        picture = np.full((48, 64, 3), 90, np.uint8)
        picture[10:30, 5 + 4 * t : 25 + 4 * t] = (30, 60, 250)
        cv2.imwrite(str(folder / f"{t:06d}.JPEG"), picture)
    return folder


def test_no_results_make_no_spans() -> None:
    assert demo.to_spans([], NAMES) == []
    assert demo.to_spans([result(0, []), result(1, [])], NAMES) == []


def test_spans_turn_frames_into_tubes() -> None:
    results = [result(0, [(1, 0, 0.9)]), result(1, [(1, 0, 0.7), (2, 2, 0.2)]), result(2, [(2, 2, 0.3)])]
    first, second = demo.to_spans(results, NAMES)
    assert (first.label, first.track_id, first.frames.tolist()) == ("dog", 1, [0, 1])
    assert first.scores is not None
    assert first.raw_scores is not None
    np.testing.assert_allclose(first.scores, [0.9, 0.7], rtol=1e-6)
    np.testing.assert_allclose(first.raw_scores, [0.45, 0.35], rtol=1e-6)
    assert (second.label, second.frames.tolist()) == ("bird", [1, 2])
    assert [span.track_id for span in demo.to_spans(results, NAMES, score=0.5)] == [1]


@pytest.mark.parametrize(("compare", "scale", "width"), [(False, 1, 64), (False, 2, 128), (True, 2, 256)])
def test_video_has_every_frame(clip: Path, tmp_path: Path, compare: bool, scale: int, width: int) -> None:
    results = [result(t, [(1, 0, 0.9)] * (t % 2), detections=None if t == 2 else 1) for t in range(6)]
    drawn: list[int] = []
    output = tmp_path / "out.mp4"
    demo.write_video(
        clip, results, NAMES, output, compare=compare, scale=scale, frame_callback=lambda t, _: drawn.append(t)
    )
    assert drawn == list(range(6))
    assert probe(output).num_frames == 6
    assert next(read_frames(output)).shape[1] >= width


@pytest.mark.parametrize("compare", [False, True])
def test_the_pictures_are_those_that_are_drawn_one_after_the_other(clip: Path, tmp_path: Path, compare: bool) -> None:
    """Trails depend on the frames before, so that the order counts."""
    results = [result(t, [(1, 0, 0.9), (2, 1, 0.5)], detections=2) for t in range(6)]
    pictures: list[Any] = []
    demo.write_video(
        clip, results, NAMES, tmp_path / "out.mp4", compare=compare, frame_callback=lambda _, p: pictures.append(p)
    )
    draw = demo.ResultDrawer(NAMES, compare=compare)
    expected = [draw(*pair) for pair in zip(read_frames(clip), results, strict=True)]
    assert [t for t, _ in expected] == list(range(6))
    for mine, (_, other) in zip(pictures, expected, strict=True):
        assert np.array_equal(mine, other)


def test_decoding_drawing_and_encoding_work_at_once(clip: Path, tmp_path: Path) -> None:
    """Frame t + 2 is read, and t + 1 drawn, before t is written."""
    met = threading.Barrier(3, timeout=10)

    def meet(t: int, lag: int) -> None:
        if 0 <= t - lag < 3:
            met.wait()

    def pairs() -> Iterator[tuple[Frame, FrameResult]]:
        for t, frame in enumerate(read_frames(clip)):
            meet(t, 2)
            yield frame, result(t, [])

    def draw(frame: Frame, found: FrameResult) -> tuple[int, Frame]:
        meet(found.frame_index, 1)
        return found.frame_index, frame

    demo.write_pairs(pairs(), draw, tmp_path / "out.mp4", probe(clip), frame_callback=lambda t, _: meet(t, 0))
    assert probe(tmp_path / "out.mp4").num_frames == 6


@pytest.mark.parametrize("stage", ["pairs", "draw", "write"])
def test_an_error_leaves_no_video_and_no_thread(clip: Path, tmp_path: Path, stage: str) -> None:
    def fail(where: str, t: int) -> None:
        if where == stage and t == 2:
            raise OSError(stage)

    def pairs() -> Iterator[tuple[Frame, FrameResult]]:
        for t, frame in enumerate(read_frames(clip)):
            fail("pairs", t)
            yield frame, result(t, [])

    def draw(frame: Frame, found: FrameResult) -> tuple[int, Frame]:
        fail("draw", found.frame_index)
        return found.frame_index, frame

    with pytest.raises(OSError, match=stage):
        demo.write_pairs(pairs(), draw, tmp_path / "out.mp4", probe(clip), frame_callback=lambda t, _: fail("write", t))
    assert list(tmp_path.glob("*.mp4")) == []
    assert not any(thread.name == "ahead" for thread in threading.enumerate())


def test_score_hides_weak_tracks(clip: Path, tmp_path: Path) -> None:
    pictures: dict[float, list[Any]] = {0.0: [], 0.5: []}
    for score, kept in pictures.items():
        results = [result(t, [(1, 0, 0.4)]) for t in range(6)]
        demo.write_video(
            clip, results, NAMES, tmp_path / "out.mp4", score=score, frame_callback=lambda _, p, k=kept: k.append(p)
        )
    plain = list(read_frames(clip))
    assert all(np.array_equal(a, b) for a, b in zip(pictures[0.5], plain, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(pictures[0.0], plain, strict=True))


def test_results_and_frames_must_match(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="zip"):
        demo.write_video(clip, [result(0, [])], NAMES, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_class_names_come_from_the_data(small_cfg: Make) -> None:
    assert demo.class_names(small_cfg("DATASETS.TEST", ("minivid_val_seen",)))[0] == "airplane"
    assert demo.class_names(small_cfg("DATASETS.TEST", (), "DATASETS.TRAIN", ())) == ["0", "1", "2"]


@pytest.fixture
def cfg(small_cfg: Make, small_model: Make, tmp_path: Path) -> CfgNode:
    """Of a small network whose weights are in a file; written to ``config.yaml``."""
    cfg = small_cfg("TUBES.TRIM_SCORE", 0.0, "DATASETS.TEST", (), "MODEL.WEIGHTS", str(tmp_path / "model.pth"))
    DetectionCheckpointer(small_model(cfg, lively=True), str(tmp_path)).save("model")
    (tmp_path / "config.yaml").write_text(cfg.dump())
    return cfg


@pytest.mark.parametrize("mode", ["offline", "online"])
def test_modes(cfg: CfgNode, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    """Each draws what VideoPredictor says in it, and offline is what is drawn unless something else is asked for."""
    drawn: list[FrameResult] = []
    monkeypatch.setattr(demo, "write_pairs", lambda pairs, *_, **__: drawn.extend(result for _, result in pairs))
    arguments = ["--config-file", str(tmp_path / "config.yaml"), "--input", str(clip), "--output", "out.mp4"]
    assert demo.main([*arguments, *(["--mode", mode] if mode == "online" else [])]) == 0
    found = {name: list(VideoPredictor(cfg, mode=name).stream(read_frames(clip))) for name in ("offline", "online")}
    same = {
        name: all(
            len(a.instances) == len(b.instances) and torch.allclose(a.instances.scores, b.instances.scores)
            for a, b in zip(drawn, results, strict=True)
        )
        for name, results in found.items()
    }
    assert same == {name: name == mode for name in found}


def test_live_frames_meet_their_results(cfg: CfgNode, clip: Path, tmp_path: Path) -> None:
    """One pass over the source, whose frames wait for the network, a few at a time."""
    predictor = VideoPredictor(cfg, mode="online")
    frames = list(read_frames(clip))
    pairs = list(demo.track_live(predictor, clip))
    assert [r.frame_index for _, r in pairs] == list(range(6))
    assert all(np.array_equal(mine, other) for (mine, _), other in zip(pairs, frames, strict=True))
    results = demo.write_live(predictor, clip, NAMES, tmp_path / "live.mp4", score=0.1)
    for mine, (_, other) in zip(results, pairs, strict=True):
        assert mine.frame_index == other.frame_index
        assert torch.allclose(mine.instances.scores, other.instances.scores)
    assert probe(tmp_path / "live.mp4").num_frames == 6


def test_a_mode_that_can_not_be(cfg: CfgNode, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--config-file", str(tmp_path / "config.yaml"), "--input", str(clip), "--output", "out.mp4"]
    with pytest.raises(SystemExit):
        demo.main([*arguments, "--mode", "sideways"])
    assert demo.main([*arguments, "--mode", "online", "TEST.SCORE_AVERAGE", "next"]) == 1
    assert "TEST.SCORE_AVERAGE needs the next frame" in capsys.readouterr().err


def test_classes_of_data_of_ones_own(cfg: CfgNode, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The config describes them; nothing of the data themselves is needed."""
    bolts = "test_demo_bolts"
    cfg.DATASETS.REGISTER = [{"NAME": bolts, "FORMAT": "mot", "ROOT": str(tmp_path / "none"), "CLASSES": NAMES}]
    cfg.DATASETS.TEST = (bolts,)
    (tmp_path / "config.yaml").write_text(cfg.dump())
    named: list[str] = []
    monkeypatch.setattr(demo, "write_video", lambda source, results, names, *_, **__: named.extend(names))
    try:
        arguments = ["--config-file", str(tmp_path / "config.yaml"), "--input", str(clip), "--output", "out.mp4"]
        assert demo.main(arguments) == 0
    finally:
        DatasetCatalog.remove(bolts)
        MetadataCatalog.remove(bolts)
    assert named == NAMES


@pytest.mark.usefixtures("cfg")
def test_command_line(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config.yaml"
    output, timeline = tmp_path / "out.mp4", tmp_path / "tubes.png"
    arguments = ["--config-file", str(config), "--output", str(output), "--timeline", str(timeline), "--compare"]
    weights = ["MODEL.WEIGHTS", str(tmp_path / "model.pth")]
    assert demo.main([*arguments, "--input", str(clip), *weights]) == 0
    assert probe(output).num_frames == 6
    assert cv2.imread(str(timeline)) is not None
    assert str(output) in capsys.readouterr().out
    assert demo.main([*arguments, "--input", str(tmp_path / "nothing.mp4"), *weights]) == 1
    assert "nothing.mp4" in capsys.readouterr().err
    assert demo.main([*arguments, "--input", str(clip), "--output", str(tmp_path / "out.avi")]) == 1
    assert "out.avi: give a file name that ends in .mp4" in capsys.readouterr().err
