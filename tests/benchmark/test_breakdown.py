"""dnt_d2/benchmark/breakdown.py: every part of a frame is there once, and they add up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dnt_d2.benchmark.breakdown import breakdown_table, time_parts
from dnt_d2.benchmark.inference import write_clip
from dnt_d2.benchmark.networks import random_network
from dnt_d2.video import probe

Make = Callable[..., Any]


@pytest.mark.parametrize("overrides", [(), ("MODEL.TRACK_HEAD.NAME", "")])
def test_every_part_of_a_frame(small_cfg: Make, device: Any, tmp_path: Path, overrides: tuple[Any, ...]) -> None:
    pytest.importorskip("av")
    cfg = small_cfg(*overrides)
    clip = write_clip(tmp_path / "clip.mp4", 4, (96, 128), seed=0)
    watch = time_parts(cfg, random_network(cfg), clip, tmp_path / "out.mp4", names=["a", "b", "c"], device=str(device))
    assert probe(tmp_path / "out.mp4").num_frames == 4
    calls = dict(watch.calls)
    # The end of the file is asked for once more; linking has two functions.
    assert calls.pop("decode") == 4
    assert calls.pop("link") == 6
    assert calls.pop("rest") == 0
    assert set(calls.values()) == {3}
    assert ("correlation" in calls) == (not overrides)
    table = breakdown_table(watch, "Where:")
    assert [row[0] for row in table.rows[:2]] == ["decode", "resize"]
    assert [row[0] for row in table.rows[-4:]] == ["draw", "encode", "rest", "all"]
    *parts, whole = table.rows
    assert sum(row[1] for row in parts) == pytest.approx(whole[1])
    assert sum(row[2] for row in parts) == pytest.approx(100)
    assert all(row[1] > 0 for row in parts)
