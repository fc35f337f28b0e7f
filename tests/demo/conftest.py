"""What the tests of the demo share: results by hand, a clip, and a predictor that says what it is told to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from detectron2.checkpoint import DetectionCheckpointer
from detectron2.config import CfgNode
from detectron2.structures import Boxes, Instances

from dnt_d2.demo import command
from dnt_d2.frame_result import FrameResult, Tracked
from dnt_d2.video import Frame

Make = Callable[..., Any]
Hook = Callable[[int], None]
SIZE = (48, 64)


def make_result(
    frame_index: int, rows: list[tuple[int, int, float]], *, detections: int | None = 0, size: tuple[int, int] = SIZE
) -> FrameResult:
    boxes = np.array([[5.0 + i, 6.0, 25.0 + i, 30.0] for i in range(max(len(rows), detections or 0))]).reshape(-1, 4)
    tracks, classes, scores = ([row[i] for row in rows] for i in range(3))
    tracked = Tracked(boxes[: len(rows)], scores, [s / 2 for s in scores], classes, tracks).to_instances(size)
    if detections is None:
        return FrameResult(frame_index, tracked)
    alone = Instances(size)
    alone.pred_boxes = Boxes(torch.from_numpy(boxes[:detections].astype(np.float32)))
    alone.scores = torch.full((detections,), 0.8)
    alone.pred_classes = torch.zeros(detections, dtype=torch.int64)
    return FrameResult(frame_index, tracked, alone)


def ignore(index: int) -> None:
    pass


class StandIn:
    """A predictor that sees two tracks in each frame, of class 0 and 1, with scores 0.9 and 0.4."""

    def __init__(self, mode: str, window: int | None, on_frame: Hook = ignore, on_result: Hook = ignore) -> None:
        self.mode, self.window, self._on_frame, self._on_result = mode, window, on_frame, on_result

    def stream(self, frames: Iterable[Frame]) -> Iterator[FrameResult]:
        waiting: list[FrameResult] = []
        for index, frame in enumerate(frames):
            self._on_frame(index)
            size = (frame.shape[0], frame.shape[1])
            waiting.append(make_result(index, [(1, 0, 0.9), (2, 1, 0.4)], detections=1, size=size))
            if self.mode == "online" or len(waiting) == self.window:
                yield from self._told(waiting)
                waiting = []
        yield from self._told(waiting)

    def _told(self, results: list[FrameResult]) -> Iterator[FrameResult]:
        for result in results:
            self._on_result(result.frame_index)
            yield result


def write_clip(folder: Path, count: int = 6, size: tuple[int, int] = SIZE) -> Path:
    folder.mkdir()
    for t in range(count):
        picture = np.full((*size, 3), 90, np.uint8)
        picture[10:30, 5 + 4 * t : 25 + 4 * t] = (30, 60, 250)
        cv2.imwrite(str(folder / f"{t:06d}.JPEG"), picture)
    return folder


@pytest.fixture
def result() -> Callable[..., FrameResult]:
    """``result(index, [(track, class, score), ...], detections=0)``: of a frame of 48 x 64."""
    return make_result


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A folder of six pictures of 48 x 64."""
    return write_clip(tmp_path / "clip")


@pytest.fixture(scope="session")
def trained(small_cfg: Make, small_model: Make, tmp_path_factory: pytest.TempPathFactory) -> CfgNode:
    """The config of a small network whose weights are in a file; it is in ``config.yaml`` beside them."""
    folder = tmp_path_factory.mktemp("trained")
    cfg = small_cfg("TUBES.TRIM_SCORE", 0.0, "DATASETS.TEST", (), "MODEL.WEIGHTS", str(folder / "model.pth"))
    DetectionCheckpointer(small_model(cfg, lively=True), str(folder)).save("model")
    (folder / "config.yaml").write_text(cfg.dump())
    return cfg


@pytest.fixture
def run(trained: CfgNode) -> Callable[..., int]:
    """``run("--input", clip, ...)``: the command, with the small network of classes 0, 1, 2."""
    config = str(Path(trained.MODEL.WEIGHTS).with_name("config.yaml"))
    return lambda *arguments: command.main(["--config-file", config, *map(str, arguments)])


@pytest.fixture
def predictor() -> StandIn:
    """A stand-in that works online."""
    return StandIn("online", None)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[StandIn]]:
    """``stand_in(on_frame, on_result)``: what the command gets for a predictor; those that it made are in the list."""

    def put(on_frame: Hook = ignore, on_result: Hook = ignore) -> list[StandIn]:
        made: list[StandIn] = []

        def load(cfg: CfgNode, mode: str, args: Any) -> StandIn:
            made.append(StandIn(mode, args.window, on_frame, on_result))
            return made[-1]

        monkeypatch.setattr(command, "_load", load)
        return made

    return put
