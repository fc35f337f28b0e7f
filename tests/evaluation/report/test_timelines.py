"""The tubes of a video, in the colours of the page."""

from __future__ import annotations

import re

import numpy as np
import pytest

from dnt_d2.evaluation.report import Story
from dnt_d2.evaluation.report.timelines import MAX_TUBES, timeline_svg
from dnt_d2.timeline import TubeSpan

pytest.importorskip("matplotlib")


def test_a_video_without_tubes() -> None:
    svg = timeline_svg(Story("worst", "a/b", 0, "tubes –"), "story-0")
    assert "no tubes" in svg
    assert 'aria-label="Tubes of the worst video, a/b, over time"' in svg


def test_tracks_are_coloured_by_variables(stories: list[Story]) -> None:
    svg = timeline_svg(stories[0], "story-0")
    assert set(re.findall(r"var\(--track-(\d+)\)", svg)) == {"1", "2", "3", "4"}
    assert "red panda" in svg
    assert "ground truth" in svg
    assert svg.count("data:image/png;base64") >= 4  # a ridge each


def test_of_too_many_tubes_the_strongest_are_drawn() -> None:
    tubes = [TubeSpan("car", i, np.arange(5), np.full(5, (i + 1) / 50)) for i in range(MAX_TUBES + 6)]
    tubes += [TubeSpan("bus", 99, np.arange(9))]  # no scores: as long as it is
    svg = timeline_svg(Story("best", "v", 10, "", tubes), "s")
    drawn = {int(number) for number in re.findall(r">#(\d+)<", svg)}
    assert drawn == {99, *range(7, MAX_TUBES + 6)}
