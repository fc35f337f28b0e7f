"""Bursts cover their share of the frames, don't touch, and vanish with severity 0."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from dnt_d2.minivid.difficulty import Burst, draw_burst, level, plan_bursts, plan_shared_bursts, progress
from dnt_d2.minivid.settings import MiniVIDSettings

SETTINGS = MiniVIDSettings()


def test_no_frames_no_bursts() -> None:
    assert plan_bursts(0, 0, 0.4, [], SETTINGS, np.random.default_rng(0)) == []
    assert plan_bursts(5, 6, 0.4, [], SETTINGS, np.random.default_rng(0)) == []


def test_no_severity_no_bursts() -> None:
    calm = replace(SETTINGS, severity=0.0)
    assert plan_bursts(0, 60, 0.4, [], calm, np.random.default_rng(0)) == []
    assert plan_shared_bursts(60, calm, np.random.default_rng(0)) == []


def test_bursts_cover_their_share_and_never_touch() -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        shared = plan_shared_bursts(60, SETTINGS, rng)
        bursts = plan_bursts(4, 56, 0.4, shared, SETTINGS, rng)
        own = np.zeros(60, int)
        for burst in bursts:
            assert 2 <= burst.stop - burst.start <= 8
            assert burst.start >= 4
            assert burst.stop <= 56
            own[burst.start : burst.stop] += 1
        both = own.copy()
        for burst in shared:
            both[burst.start : burst.stop] += 1
        assert both.max() <= 1
        assert abs((both[4:56] > 0).mean() - 0.4) <= 0.04 or sum(b.stop - b.start for b in shared) > 0.4 * 52
        ordered = sorted([*bursts, *shared], key=lambda burst: burst.start)
        assert all(a.stop < b.start for a, b in pairwise(ordered))


def test_shared_bursts_are_of_lens_and_light() -> None:
    rng = np.random.default_rng(1)
    bursts = [burst for _ in range(50) for burst in plan_shared_bursts(60, SETTINGS, rng)]
    assert {burst.kind for burst in bursts} == {"blur", "dimming"}
    assert all(burst.shared for burst in bursts)


def test_a_kind_without_weight_never_happens() -> None:
    settings = replace(SETTINGS, blur_weight=0.0, pose_weight=0.0)
    rng = np.random.default_rng(2)
    kinds = {draw_burst(0, 4, settings, rng).kind for _ in range(100)}
    assert kinds == {"occlusion", "dimming"}
    assert plan_shared_bursts(600, replace(settings, dimming_weight=0.0), rng) == []


def test_level_builds_up_and_passes() -> None:
    burst = Burst("blur", 10, 15, 0.5, 0)
    assert [round(level(burst, frame), 2) for frame in range(9, 16)] == [0, 0.6, 0.8, 1, 0.8, 0.6, 0]
    assert level(Burst("blur", 3, 4, 0.5, 0), 3) == 1


def test_progress_runs_from_0_to_1() -> None:
    burst = Burst("blur", 10, 15, 0.5, 0)
    assert [progress(burst, frame) for frame in range(10, 15)] == [0, 0.25, 0.5, 0.75, 1]
    assert progress(Burst("blur", 3, 4, 0.5, 0), 3) == 0
