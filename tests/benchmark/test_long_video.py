"""Memory over a long video: the stage on a small scale, and that what keeps everything is found out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from detectron2.config import CfgNode

from dnt_d2.benchmark import long_video as module
from dnt_d2.benchmark.long_video import MODES, Played, make_predictor, measure_long_video, play_through
from dnt_d2.benchmark.options import Options
from dnt_d2.benchmark.stand_in import StandIn
from dnt_d2.modeling import DetectAndTrack
from dnt_d2.predictor import VideoPredictor

Make = Callable[..., Any]
_, WINDOWS, _ = MODES
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux keeps a high-water mark")


@pytest.fixture
def network(small_cfg: Make, small_model: Make) -> tuple[CfgNode, DetectAndTrack]:
    cfg = small_cfg("MODEL.ROI_HEADS.NUM_CLASSES", 30, "MODEL.DEVICE", "cpu")
    return cfg, small_model(cfg)


@linux
@pytest.mark.parametrize(
    ("mode", "first", "limit"), [("offline", 150, 20e6), ("online", 20, 5e6), (WINDOWS, 150, 20e6)]
)
def test_memory_does_not_grow_with_the_video(
    network: tuple[CfgNode, DetectAndTrack], mode: str, first: int, limit: float
) -> None:
    """What one frame of the stand-in says takes 60 kB: kept, it would be 33 MB, and online 9 MB.

    Offline, linking at the end of the video takes 8 MB once, of however many frames: half the limit and less.
    """
    frames = first + (550 if limit > 5e6 else 150)
    played = play_through(make_predictor(*network, MODES[mode], stand_in=True), frames, first=first)
    assert played.frames == frames
    assert played.boxes >= 20 * (frames - 20)
    assert played.growth is not None
    assert played.growth < limit
    assert (played.spilled > 0) == (mode != "online")


@linux
def test_a_predictor_that_keeps_everything_is_found_out(network: tuple[CfgNode, DetectAndTrack]) -> None:
    predictor, kept = make_predictor(*network, MODES["offline"], stand_in=True), []
    inner = predictor.stream_model

    class Keeps(StandIn):
        def reset(self) -> None:
            inner.reset()

        def __call__(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
            kept.append(inner(items))
            return kept[-1]

    predictor.stream_model = Keeps()  # type: ignore[assignment]
    played = play_through(predictor, 700, first=150)
    assert played.growth is not None
    assert played.growth > 25e6


def test_the_stage(network: tuple[CfgNode, DetectAndTrack], monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(module, "load_config", lambda *_: network[0])
    monkeypatch.setattr(module, "random_network", lambda *_, **__: network[1])

    def few(predictor: VideoPredictor, frames: int, *, first: int) -> Played:
        seen.append((frames, first))
        return play_through(predictor, 3, first=1, warm=2)

    monkeypatch.setattr(module, "play_through", few)
    stage = measure_long_video(Options())
    assert seen == [(36_000, 500)] * 3 + [(2_000, 500)] * 2
    (table,) = stage.tables
    assert [row[:3] for row in table.rows] == [
        *(("stand-in", mode, 36_000) for mode in MODES),
        *(("network", mode, 2_000) for mode in ("offline", "online")),
    ]
    if sys.platform.startswith("linux"):
        assert [limit.limit for limit in stage.limits] == [50.0] * 5
