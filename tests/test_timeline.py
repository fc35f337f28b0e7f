"""The timeline: a picture for any tubes, none included, and clear words for impossible ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from dnt_d2.timeline import TubeSpan, _group, _runs, draw_timeline, timeline_figure
from dnt_d2.timeline_style import TimelineStyle

pytest.importorskip("matplotlib")


def span(label: str, track_id: int, start: int, end: int, score: float | None = 0.8) -> TubeSpan:
    frames = np.arange(start, end)
    if score is None:
        return TubeSpan(label, track_id, frames)
    raw = np.clip(score + 0.2 * np.sin(frames / 5), 0, 1)
    return TubeSpan(label, track_id, frames, (raw + score) / 2, raw)


def read(path: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(path))
    assert image is not None
    return np.asarray(image, np.uint8)


def has_color(image: NDArray[np.uint8]) -> bool:
    return bool(((image.max(axis=2).astype(int) - image.min(axis=2)) > 60).any())


def test_no_tubes_gives_a_colourless_picture(tmp_path: Path) -> None:
    draw_timeline([], 30, tmp_path / "empty.png")
    image = read(tmp_path / "empty.png")
    assert image.size > 0
    assert not has_color(image)
    assert (image < 200).any()  # it says so


def test_tubes_and_truth_are_drawn(tmp_path: Path) -> None:
    tubes = [span("car", 0, 0, 100), span("car", 1, 20, 60, 0.4), span("red_panda", 2, 50, 51)]
    truth = [span("car", 0, 0, 100, None), span("zebra", 1, 10, 40, None)]
    path = tmp_path / "new" / "timeline.png"
    draw_timeline(tubes, 100, path, ground_truth=truth, title="clip", fps=25)
    image = read(path)
    assert image.shape[1] >= 1000
    assert has_color(image)
    assert ((image == (0xD2, 0xC8, 0xC3)).all(axis=2)).sum() > 1000  # grey bars
    assert list(path.parent.iterdir()) == [path]


def test_more_tubes_give_a_higher_picture_up_to_a_limit(tmp_path: Path) -> None:
    heights = []
    for count in (1, 10, 160):
        draw_timeline([span("car", i, i, i + 9) for i in range(count)], 200, tmp_path / "t.png")
        heights.append(read(tmp_path / "t.png").shape[0])
    assert heights[0] < heights[1] < heights[2] <= 9600


def test_one_frame_one_tube_without_scores(tmp_path: Path) -> None:
    draw_timeline([TubeSpan("car", 7, np.array([0]))], 1, tmp_path / "one.svg")
    assert (tmp_path / "one.svg").read_text().rstrip().endswith("</svg>")


def test_gaps_are_found_and_the_step_of_a_sampled_tube_is_none() -> None:
    assert [run.tolist() for run in _runs(np.array([4]))] == [[0]]
    assert [run.tolist() for run in _runs(np.array([0, 1, 2, 9, 10]))] == [[0, 1, 2], [3, 4]]
    assert [run.tolist() for run in _runs(np.array([0, 10, 20, 50, 60, 63]))] == [[0, 1, 2], [3, 4, 5]]


def test_truth_is_packed_into_as_few_lanes_as_overlap_asks_for() -> None:
    truth = [span("car", 0, 0, 10, None), span("car", 1, 5, 20, None), span("car", 2, 12, 30, None)]
    tubes, lanes = _group([], truth)["car"]
    assert tubes == []
    assert [[track.track_id for track in lane] for lane in lanes] == [[0, 2], [1]]


def test_classes_come_in_order_of_appearance() -> None:
    groups = _group([span("zebra", 0, 5, 9), span("car", 2, 3, 9), span("car", 1, 7, 9)], [span("dog", 0, 4, 9)])
    assert list(groups) == ["car", "dog", "zebra"]
    assert [tube.track_id for tube in groups["car"][0]] == [2, 1]


def test_a_page_chooses_the_colours(tmp_path: Path) -> None:
    colors = {"ink": "#a10001", "quiet": "#a10002", "hairline": "#a10003", "band": "#a10004", "truth": "#a10005"}
    style = TimelineStyle(**colors, paper="none", line=lambda track: f"#b000{track:02x}")
    figure = timeline_figure([span("car", 7, 0, 9)], 9, ground_truth=[span("car", 0, 0, 9, None)], style=style)
    figure.savefig(tmp_path / "t.svg")
    text = (tmp_path / "t.svg").read_text()
    for color in (*colors.values(), "#b00007"):
        assert color in text
    assert "#1f2430" not in text


def test_impossible_tubes_are_named(tmp_path: Path) -> None:
    one = np.array([0.5])
    for bad, message in (
        (TubeSpan("car", 3, np.array([], int)), "car 3: frames must be"),
        (TubeSpan("car", 3, np.array([2, 1]), np.ones(2)), "car 3: frames must be"),
        (TubeSpan("car", 3, np.array([30]), one), r"car 3: frames 30..30 leave the video's 0..29"),
        (TubeSpan("car", 3, np.array([1, 2]), one), "car 3: 2 frames, but scores"),
        (TubeSpan("car", 3, np.array([1]), np.array([1.4])), r"car 3: a score leaves \[0, 1\]"),
        (TubeSpan("car", 3, np.array([1]), one, np.array([np.nan])), r"car 3: a score leaves \[0, 1\]"),
    ):
        with pytest.raises(ValueError, match=message):
            draw_timeline([bad], 30, tmp_path / "t.png")
        with pytest.raises(ValueError, match=message):
            draw_timeline([], 30, tmp_path / "t.png", ground_truth=[bad])
    assert list(tmp_path.iterdir()) == []


def test_bad_names_and_lengths_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ends in one of png"):
        draw_timeline([], 30, tmp_path / "t.txt")
    with pytest.raises(ValueError, match="num_frames is 0"):
        draw_timeline([], 0, tmp_path / "t.png")
    with pytest.raises(ValueError, match="fps -1"):
        draw_timeline([], 3, tmp_path / "t.png", fps=-1)


def test_without_matplotlib_the_extra_is_named(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['matplotlib.figure'] = sys.modules['matplotlib'] = None\n"
        "from dnt_d2.timeline import draw_timeline\n"
        "try: draw_timeline([], 3, sys.argv[1])\n"
        "except ModuleNotFoundError as error: assert \"pip install 'dnt_d2[plots]'\" in str(error)\n"
        "else: raise AssertionError\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "t.png")], check=True)
