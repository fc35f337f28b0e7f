"""Results by frame turned into tubes over time."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from dnt_d2.demo import SpanCollector, to_spans
from dnt_d2.demo.passes import NO_IMAGE, Shown
from dnt_d2.demo.spans import TimelineSink, strongest

Make = Callable[..., Any]
NAMES = ["dog", "car", "bird"]


def test_no_results_make_no_spans(result: Make) -> None:
    assert to_spans([], NAMES) == []
    assert to_spans([result(0, []), result(1, [])], NAMES) == []
    assert strongest([]) == []


def test_spans_turn_frames_into_tubes(result: Make) -> None:
    results = [result(0, [(1, 0, 0.9)]), result(1, [(1, 0, 0.7), (2, 2, 0.2)]), result(2, [(2, 2, 0.3)])]
    first, second = to_spans(results, NAMES)
    assert (first.label, first.track_id, first.frames.tolist()) == ("dog", 1, [0, 1])
    assert first.scores is not None
    assert first.raw_scores is not None
    np.testing.assert_allclose(first.scores, [0.9, 0.7], rtol=1e-6)
    np.testing.assert_allclose(first.raw_scores, [0.45, 0.35], rtol=1e-6)
    assert (second.label, second.frames.tolist()) == ("bird", [1, 2])
    assert [span.track_id for span in to_spans(results, NAMES, score=0.5)] == [1]


def test_late_frames_are_left_out_with_one_warning(result: Make, caplog: pytest.LogCaptureFixture) -> None:
    collector = SpanCollector(NAMES, max_frames=3)
    with caplog.at_level(logging.WARNING):
        for t in range(6):
            collector.add(result(t, [(1, 0, 0.9)]))
    assert collector.num_frames == 3
    assert collector.spans()[0].frames.tolist() == [0, 1, 2]
    assert len(caplog.records) == 1


def test_the_strongest_are_long_and_sure(result: Make) -> None:
    results = [result(t, [(1, 0, 0.3), (2, 1, 0.9), *([(3, 2, 0.99)] if t == 0 else [])]) for t in range(6)]
    spans = to_spans(results, NAMES)
    assert [span.track_id for span in strongest(spans, 2)] == [1, 2]
    assert [span.track_id for span in strongest(spans, 1)] == [2]


def sink(path: Path) -> TimelineSink:
    return TimelineSink(str(path), NAMES, "clip", 25.0)


def test_the_picture_is_there_at_the_end_also_after_an_error(result: Make, tmp_path: Path) -> None:
    with sink(tmp_path / "none.png"):
        pass
    with suppress(KeyboardInterrupt), sink(tmp_path / "tubes.png") as timeline:
        timeline(Shown(NO_IMAGE, None, result(0, [(1, 0, 0.9)])))
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["tubes.png"]
    assert cv2.imread(str(tmp_path / "tubes.png")) is not None


def test_what_can_not_be_drawn_is_said_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"tubes\.gif: a timeline is a file that ends in one of png, svg"):
        sink(tmp_path / "tubes.gif")
    with pytest.raises(OSError, match=r"tubes\.png"):
        sink(tmp_path / "file" / "tubes.png")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ModuleNotFoundError, match="needs matplotlib"):
        sink(tmp_path / "tubes.png")
