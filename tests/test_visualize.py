"""Drawing: inputs stay as they are, colours stay with their tracks, memory stays bounded."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from dnt_d2.colors import luma
from dnt_d2.visualize import TrackDrawer, draw_tracks, side_by_side, track_color

BOX = np.array([[60.0, 50.0, 120.0, 90.0]])


def make_frame(height: int = 180, width: int = 240, value: int = 128) -> NDArray[np.uint8]:
    return np.full((height, width, 3), value, np.uint8)


def test_no_boxes_gives_an_equal_copy() -> None:
    frame = make_frame()
    for empty in (np.zeros((0, 4)), np.zeros(0)):
        shown = draw_tracks(frame, empty, [], [], [])
        assert shown is not frame
        np.testing.assert_array_equal(shown, frame)
    np.testing.assert_array_equal(TrackDrawer().draw(frame, [], [], [], []), frame)


def test_colours_are_steady_and_distinct() -> None:
    colors = [track_color(track_id) for track_id in range(20)]
    assert colors == [track_color(track_id) for track_id in range(20)]
    lab = cv2.cvtColor(np.array([colors], np.float32) / 255, cv2.COLOR_BGR2LAB)[0]
    # A difference of 2.3 can just be seen.
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(lab, 2)) > 15
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(lab[:8], 2)) > 30
    assert min(np.linalg.norm(a - b) for a, b in itertools.pairwise(lab)) > 50


def test_a_negative_id_is_grey_and_large_ones_have_colours() -> None:
    assert max(track_color(-1)) - min(track_color(-1)) < 20
    assert all(0 <= value <= 255 for track_id in (10**6, 2**40) for value in track_color(track_id))


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("track_id", range(6))
def test_the_box_shows_on_any_background(value: int, track_id: int) -> None:
    shown = draw_tracks(make_frame(value=value), BOX, ["car"], [track_id], [0.9])
    side = shown[75, 55:66].astype(int)  # across the left side of the box
    brightness = [luma(tuple(pixel)) for pixel in side]
    assert max(brightness) - min(brightness) > 60
    assert np.abs(side - track_color(track_id)).sum(axis=1).min() < 50  # a smoothed line of one pixel


def test_inputs_are_not_modified() -> None:
    frame, boxes, ids, scores = make_frame(), np.tile(BOX, (2, 1)), np.array([1, 2]), np.array([0.5, 0.7])
    trails = {1: np.array([[10.0, 10, 0.5], [50, 80, 1]])}
    copies = [array.copy() for array in (frame, boxes, ids, scores, trails[1])]
    draw_tracks(frame, boxes, ["a", "b"], ids, scores, trails=trails)
    TrackDrawer().draw(frame, boxes, ["a", "b"], ids, scores)
    side_by_side(frame, frame)
    for array, copy in zip((frame, boxes, ids, scores, trails[1]), copies, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_drawing_stays_near_the_box() -> None:
    shown = draw_tracks(make_frame(), BOX, ["car"], [3], [0.9])
    changed = np.argwhere((shown != 128).any(axis=2))
    assert changed[:, 0].min() >= 50 - 25
    assert changed[:, 0].max() <= 90 + 3
    assert changed[:, 1].min() >= 60 - 4
    inside = shown[60:80, 70:110]
    np.testing.assert_array_equal(inside, np.full_like(inside, 128))


def test_the_better_box_is_on_top() -> None:
    boxes = np.concatenate([BOX, BOX])
    for scores, top in (([0.9, 0.2], 0), ([0.2, 0.9], 1)):
        shown = draw_tracks(make_frame(), boxes, ["a", "a"], [0, 1], scores)
        np.testing.assert_allclose(shown[75, 60], track_color(top), atol=25)


def test_the_tag_of_a_box_at_the_edge_is_whole() -> None:
    """It moves inside: as many pixels of it show as in the middle of the picture."""
    counts = []
    for box in np.array([[100, 80, 140, 120], [100, 0, 140, 40], [235, 0, 239, 170], [-30, -30, 20, 20]]):
        shown = draw_tracks(make_frame(), box, ["elephant"], [2], None)
        bare = draw_tracks(make_frame(), box, [""], [-1], None)
        counts.append(int(((shown == track_color(2)).all(2) & ~(bare == track_color(-1)).all(2)).sum()))
    assert min(counts) > 0.8 * counts[0]


@pytest.mark.parametrize("size", [(1, 1), (8, 12), (240, 320), (2160, 3840)])
def test_any_size_of_picture_and_boxes_far_outside(size: tuple[int, int]) -> None:
    boxes = np.array([[-1e9, -1e9, 1e9, 1e9], [0, 0, 0, 0], [5000, 5000, 6000, 6000], [3, 3, 2, 2]])
    shown = draw_tracks(make_frame(*size), boxes, ["x"] * 4, [0, 1, 2, -1], [0.1, 0.2, 0.3, 1.0])
    assert shown.shape == (*size, 3)


def test_bad_input_is_explained() -> None:
    frame = make_frame()
    with pytest.raises(ValueError, match="1 boxes, 2 labels, 1 track ids, 1 scores"):
        draw_tracks(frame, BOX, ["a", "b"], [0], [0.5])
    with pytest.raises(ValueError, match="not a finite number"):
        draw_tracks(frame, BOX * np.nan, ["a"], [0], [0.5])
    with pytest.raises(ValueError, match="must be uint8"):
        draw_tracks(frame.astype(np.float32), BOX, ["a"], [0], [0.5])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="0 or more"):
        TrackDrawer(-1)


def test_a_trail_fades_with_age() -> None:
    drawer = TrackDrawer(20)
    for x in range(20, 220, 10):
        shown = drawer.draw(make_frame(), [[x - 4, 100, x + 4, 140]], ["car"], [0], None)
    # On the path of the centres: how far the picture is from grey, far behind and near the box.
    strength = [np.abs(shown[118:123, x].astype(int) - 128).sum() for x in (35, 75, 115, 155, 195)]
    assert strength[0] > 0
    assert all(np.diff(strength) > 0)


def test_trails_are_bounded_and_lost_tracks_forgotten() -> None:
    drawer, frame = TrackDrawer(5), make_frame(60, 80)
    for index in range(50):
        drawer.draw(frame, [[index, 10, index + 9, 20]], ["car"], [index // 10], [0.5])
        assert sum(len(past) for past in drawer._trails._seen.values()) <= 5
    for _ in range(5):
        shown = drawer.draw(frame, [], [], [], [])
    assert drawer._trails._seen == {}
    np.testing.assert_array_equal(shown, frame)


def test_no_trail_without_track_or_length_or_after_reset() -> None:
    frame = make_frame()
    for drawer, track_id in ((TrackDrawer(0), 3), (TrackDrawer(), -1)):
        for x in (0, 40):
            shown = drawer.draw(frame, BOX + x, ["car"], [track_id], [0.5])
        np.testing.assert_array_equal(shown, draw_tracks(frame, BOX + x, ["car"], [track_id], [0.5]))
    drawer = TrackDrawer()
    drawer.draw(frame, BOX, ["car"], [3], [0.5])
    drawer.reset()
    np.testing.assert_array_equal(
        drawer.draw(frame, BOX + 40, ["car"], [3], [0.5]), draw_tracks(frame, BOX + 40, ["car"], [3], [0.5])
    )


def test_scores_before_and_after_make_longer_tags() -> None:
    frame = make_frame()
    args = (frame, BOX, ["car"], [3], [0.87])
    one, two = draw_tracks(*args), draw_tracks(*args, raw_scores=[0.42])
    widths = [int((shown == track_color(3)).all(2).any(0).sum()) for shown in (one, two)]
    assert widths[1] > 1.3 * widths[0]
    np.testing.assert_array_equal(draw_tracks(*args, raw_scores=[np.nan]), one)
    np.testing.assert_array_equal(TrackDrawer(0).draw(*args, [0.42]), two)
    with pytest.raises(ValueError, match="1 boxes, 2 raw scores"):
        draw_tracks(*args, raw_scores=[0.1, 0.2])
    with pytest.raises(ValueError, match="give both"):
        draw_tracks(frame, BOX, ["car"], [3], None, raw_scores=[0.42])


def test_a_jump_leaves_no_streak() -> None:
    """At a cut a track is somewhere else at once: the picture between stays as it was."""
    frame, drawer = make_frame(), TrackDrawer()
    for x in (10, 14, 18, 190, 194):
        shown = drawer.draw(frame, [[x, 100, x + 20, 120]], ["car"], [0], None)
    np.testing.assert_array_equal(shown[:, 60:180], frame[:, 60:180])
    for x in (186, 178, 170, 162, 154, 146, 138, 130, 122, 114, 106, 98, 90):
        shown = drawer.draw(frame, [[x, 100, x + 20, 120]], ["car"], [0], None)
    assert (shown[110, 120:180] != frame[110, 120:180]).any(axis=1).all()


def test_a_tint_fills_the_box_and_shows_what_is_below() -> None:
    rows = np.linspace(40, 200, 180).astype(np.uint8)
    frame = np.broadcast_to(rows[:, None, None], (180, 240, 3)).copy()
    plain, tinted = (draw_tracks(frame, BOX, ["a"], [0], None, tinted=[on]) for on in (False, True))
    np.testing.assert_array_equal(plain, draw_tracks(frame, BOX, ["a"], [0], None))
    assert (np.diff(tinted[70:85, 100].astype(int), axis=0).sum(axis=0) > 5).all()
    assert (tinted[70:85, 100] != frame[70:85, 100]).any(axis=1).all()
    np.testing.assert_array_equal(tinted[100:], plain[100:])
    draw_tracks(frame, [[500, 500, 600, 600]], ["a"], [0], None, tinted=[True])  # nothing to fill


def test_colours_can_be_those_of_other_tracks() -> None:
    shown = draw_tracks(make_frame(), BOX, ["car"], [-1], None, color_ids=[5])
    np.testing.assert_allclose(shown[75, 60], track_color(5), atol=25)
    with pytest.raises(ValueError, match="1 boxes, 2 colour ids"):
        draw_tracks(make_frame(), BOX, ["car"], [-1], None, color_ids=[5, 6])
