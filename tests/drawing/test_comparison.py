"""Two pictures in one: both whole, one above the other or side by side; which detection belongs to which track."""

from __future__ import annotations

import numpy as np
import pytest

from dnt_d2.drawing.comparison import compare_frames, match_tracks, side_by_side
from dnt_d2.geometry import box_iou


def picture(height: int, width: int, value: int) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


@pytest.mark.parametrize(("height", "width"), [(180, 240), (240, 240), (2, 3), (1080, 1920)])
def test_landscape_has_single_frames_above(height: int, width: int) -> None:
    both = compare_frames(picture(height, width, 10), picture(height, width, 200))
    assert both.dtype == np.uint8
    assert both.shape[1] == width
    np.testing.assert_array_equal(both[-height:], picture(height, width, 200))
    header = (both != 10).any(axis=(1, 2)).argmin()
    np.testing.assert_array_equal(both[header : header + height], picture(height, width, 10))
    assert both.shape[0] < 2 * height + 3 * header


def test_portrait_has_them_on_the_left() -> None:
    both = compare_frames(picture(240, 180, 10), picture(240, 180, 200))
    np.testing.assert_array_equal(both[-240:, :180], picture(240, 180, 10))
    np.testing.assert_array_equal(both[-240:, -180:], picture(240, 180, 200))
    np.testing.assert_array_equal(both, side_by_side(picture(240, 180, 10), picture(240, 180, 200)))


@pytest.mark.parametrize("width", [8, 60, 640])
def test_titles_are_written_and_stay_in_their_halves(width: int) -> None:
    both = side_by_side(picture(100, width, 0), picture(100, width, 0), ("a rather long title", ""))
    header = both[: len(both) - 100]
    assert (header[:, :width] > 200).any() == (width > 8)
    assert not (header[:, width:] > 200).any()


def test_sizes_that_differ_are_an_error() -> None:
    with pytest.raises(ValueError, match="differ in size"):
        compare_frames(picture(10, 20, 0), picture(10, 21, 0))


def test_no_detections_or_no_tracks() -> None:
    assert match_tracks([], [], [[0, 0, 5, 5]], ["a"]).shape == (0,)
    assert match_tracks([[0, 0, 5, 5]], ["a"], [], []).tolist() == [-1]


def test_a_detection_belongs_to_the_track_it_overlaps_most() -> None:
    rng = np.random.default_rng(1)
    corners = np.sort(rng.uniform(0, 40, (50, 2, 2)), axis=1).reshape(-1, 4)
    labels = rng.choice(["a", "b"], 50).tolist()
    found, tracked = corners[:30], corners[30:]
    owners = match_tracks(found, labels[:30], tracked, labels[30:], iou=0.3)
    for i, owner in enumerate(owners):
        best, place = 0.0, -1
        for j in range(20):
            overlap = box_iou(found[i : i + 1], tracked[j : j + 1], inclusive=True)[0, 0]
            if labels[i] == labels[30 + j] and overlap > best:
                best, place = overlap, j
        assert owner == (place if best >= 0.3 else -1)
    assert (owners >= 0).any()
    assert (owners < 0).any()
