"""Frames, drawing and sinks, at once and in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import starmap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnt_d2.demo import ResultDrawer, Shown, play, write_live, write_video
from dnt_d2.demo.stopping import Stage
from dnt_d2.frame_result import FrameResult
from dnt_d2.video import Frame, probe, read_frames

Make = Callable[..., Any]
NAMES = ["dog", "car", "bird"]


def shown(result: Make, count: int = 6, per_frame: Callable[[int], None] = lambda t: None) -> Iterator[Shown]:
    for t in range(count):
        per_frame(t)
        yield Shown(np.full((48, 64, 3), t, np.uint8), None, result(t, [(1, 0, 0.9)]))


def no_thread() -> bool:
    return not any(thread.name == "ahead" for thread in threading.enumerate())


def test_nothing_to_play() -> None:
    played: list[Shown] = []
    play([], played.append)
    assert played == []
    assert no_thread()


def test_every_sink_gets_each_picture_once_and_in_order(result: Make) -> None:
    first: list[Shown] = []
    second: list[Shown] = []
    play(shown(result), first.append, second.append, draw=lambda frame, found: frame + 100)
    assert [one.result.frame_index for one in first] == list(range(6)) == [one.image[0, 0, 0] - 100 for one in first]
    assert [id(one) for one in first] == [id(one) for one in second]


def test_frames_drawing_and_sinks_work_at_once(result: Make) -> None:
    """Frame t + 2 is made, and t + 1 drawn, before t is written."""
    met = threading.Barrier(3, timeout=10)

    def meet(t: int, lag: int) -> None:
        if 0 <= t - lag < 3:
            met.wait()

    def draw(frame: Frame, found: FrameResult) -> Frame:
        meet(found.frame_index, 1)
        return frame

    play(shown(result, per_frame=lambda t: meet(t, 2)), lambda one: meet(one.result.frame_index, 0), draw=draw)


@pytest.mark.parametrize("where", ["frames", "draw", "sink"])
def test_an_error_comes_in_its_turn_and_leaves_no_thread(result: Make, where: str) -> None:
    played: list[int] = []

    def fail(at: str, t: int) -> None:
        if at == where and t == 3:
            raise OSError(at)

    def draw(frame: Frame, found: FrameResult) -> Frame:
        fail("draw", found.frame_index)
        return frame

    def sink(one: Shown) -> None:
        fail("sink", one.result.frame_index)
        played.append(one.result.frame_index)

    with pytest.raises(OSError, match=where):
        play(shown(result, per_frame=lambda t: fail("frames", t)), sink, draw=draw)
    assert played == [0, 1, 2]
    assert no_thread()


def test_a_stage_stops_it_between_two_frames(result: Make) -> None:
    made: list[int] = []
    played: list[int] = []
    stage = Stage()

    def sink(one: Shown) -> None:
        played.append(one.result.frame_index)
        if len(played) == 3:
            stage.stop()

    play(shown(result, 1000, made.append), sink, draw=lambda frame, found: frame, stage=stage)
    assert played == [0, 1, 2]
    assert len(made) < 20  # what waits is bounded
    assert no_thread()


@pytest.mark.parametrize(
    ("compare", "scale", "size"), [(False, 1, (48, 64)), (False, 2, (96, 128)), (True, 2, (230, 128))]
)
def test_the_video_has_every_frame_as_it_is_drawn(
    clip: Path, tmp_path: Path, result: Make, compare: bool, scale: int, size: tuple[int, int]
) -> None:
    """Trails depend on the frames before, so that the order counts."""
    results = [result(t, [(1, 0, 0.9), (2, 1, 0.5)][: t % 3], detections=None if t == 2 else 2) for t in range(6)]
    drawn: dict[int, Any] = {}
    output = tmp_path / "out.mp4"
    write_video(
        clip, results, NAMES, output, compare=compare, scale=scale, frame_callback=lambda t, p: drawn.update({t: p})
    )
    assert list(drawn) == list(range(6))
    assert probe(output).num_frames == 6
    assert np.allclose(next(read_frames(output)).shape[:2], size, atol=8)  # a header's height may be another some day
    draw = ResultDrawer(NAMES, compare=compare, scale=scale)
    expected = starmap(draw, zip(read_frames(clip), results, strict=True))
    assert all(np.array_equal(mine, other) for mine, other in zip(drawn.values(), expected, strict=True))


@pytest.mark.parametrize("count", [1, 7])
def test_results_and_frames_must_match(clip: Path, tmp_path: Path, result: Make, count: int) -> None:
    with pytest.raises(ValueError, match="zip"):
        write_video(clip, [result(t, []) for t in range(count)], NAMES, tmp_path / "out.mp4")
    assert list(tmp_path.glob("*.mp4")) == []


def test_live(clip: Path, tmp_path: Path, predictor: Any) -> None:
    write_live(predictor, clip, NAMES, tmp_path / "live.mp4", score=0.1)
    assert probe(tmp_path / "live.mp4").num_frames == 6
