"""Warping, laying patches over each other, boxes and visible shares."""

from __future__ import annotations

import numpy as np
import pytest

from dnt_d2.minivid.painting import Canvas, Patch, blur, motion_kernel, outline_box, overlap, premultiply, warp


def _texture(height: int = 40, width: int = 60) -> np.ndarray:
    image = np.full((height, width, 4), 255, np.uint8)
    image[..., :3] = (10, 120, 240)
    return image


def _square(x: int, y: int, side: int, value: float = 100.0) -> Patch:
    alpha = np.ones((side, side), np.float32)
    return Patch(x, y, np.full((side, side, 3), value, np.float32), alpha, alpha)


def test_premultiply() -> None:
    image = _texture()
    image[:, :30, 3] = 0
    result = premultiply(image)
    assert not result[:, :30, :3].any()
    assert np.array_equal(result[:, 30:], image[:, 30:])


@pytest.mark.parametrize("angle", [0.0, 0.4, 1.5])
def test_warp_covers_what_the_matrix_says(angle: float) -> None:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.diag([80.0, 50.0])
    patch = warp(_texture(), (100.0, 60.0), matrix, "drive", 0.0, 2)
    assert patch.outline.sum() == pytest.approx(80 * 50, rel=0.04)
    corners = np.array([(100.0, 60.0) + matrix @ (u, v) for u in (-0.5, 0.5) for v in (-0.5, 0.5)])
    box = outline_box(patch)
    assert box is not None
    assert np.allclose(box[:2], corners.min(axis=0), atol=1.8)
    assert np.allclose(box[2:], corners.max(axis=0), atol=1.8)
    row, column = int(60 - patch.y), int(100 - patch.x)
    assert np.allclose(patch.colour[row, column], (10, 120, 240))


def test_warp_mirrors() -> None:
    texture = _texture()
    texture[:, :30, :3] = 0
    plain = warp(texture, (50.0, 50.0), np.diag([60.0, 40.0]), "drive", 0.0, 0)
    mirrored = warp(texture, (50.0, 50.0), np.diag([-60.0, 40.0]), "drive", 0.0, 0)
    assert plain.colour[50 - plain.y, 35 - plain.x].sum() == 0
    assert mirrored.colour[50 - mirrored.y, 35 - mirrored.x].sum() > 0


def test_motion_kernel_is_a_centred_line() -> None:
    assert motion_kernel(0.0, 0.0) is None
    kernel = motion_kernel(8.0, 0.0)
    assert kernel is not None
    assert kernel.sum() == pytest.approx(1.0, abs=1e-5)
    middle = kernel.shape[0] // 2
    assert kernel[middle].sum() == pytest.approx(1.0, abs=1e-5)
    assert np.allclose(kernel, kernel[:, ::-1], atol=1e-6)
    assert np.count_nonzero(kernel[middle] > 0.01) == pytest.approx(9, abs=1)


def test_blur_leaves_the_outline() -> None:
    patch = _square(0, 0, 21)
    patch.alpha = patch.alpha.copy()
    blur(patch, None)
    assert patch.alpha.min() == 1
    blur(patch, motion_kernel(6.0, 0.0))
    assert patch.alpha[:, 0].max() < 1
    assert patch.outline.min() == 1
    blur(patch, 2.0)
    assert patch.colour.shape == (21, 21, 3)


def test_overlap() -> None:
    assert overlap(0, 0, 5, 5, (5, 0, 5, 5)) is None
    shared = overlap(2, 3, 10, 10, (8, 1, 10, 4))
    assert shared == (slice(0, 2), slice(6, 10), slice(2, 4), slice(0, 4))


def test_visible_share_and_box() -> None:
    canvas = Canvas(np.zeros((100, 200, 3), np.uint8))
    canvas.paint(_square(10, 10, 20), 0)
    assert canvas.visible(0) == pytest.approx(1)
    assert canvas.box(0) == (10, 10, 29, 29)
    assert (canvas.image[10:30, 10:30] == 100).all()
    assert canvas.image.sum() == 20 * 20 * 3 * 100
    canvas.paint(_square(20, 10, 20, 50.0), 1)  # the right half of the first is hidden now
    assert canvas.visible(0) == pytest.approx(0.5)
    assert canvas.box(0) == (10, 10, 29, 29)  # what is hidden belongs to the box
    assert canvas.visible(1) == pytest.approx(1)
    canvas.paint(_square(10, 10, 10, 0.0), None)
    assert canvas.visible(0) == pytest.approx(0.25)


def test_outside_of_the_image_counts_as_hidden() -> None:
    canvas = Canvas(np.zeros((100, 200, 3), np.uint8))
    canvas.paint(_square(190, 90, 20), 0)
    assert canvas.visible(0) == pytest.approx(0.25)
    assert canvas.box(0) == (190, 90, 199, 99)
    canvas.paint(_square(-10, -5, 20), 1)
    assert canvas.box(1) == (0, 0, 9, 14)
    canvas.paint(_square(300, 300, 20), 2)
    assert canvas.visible(2) == 0
    assert canvas.box(2) is None


def test_empty_outline_has_no_box() -> None:
    nothing = Patch(0, 0, np.zeros((4, 4, 3), np.float32), np.zeros((4, 4)), np.zeros((4, 4)))
    assert outline_box(nothing) is None
    canvas = Canvas(np.zeros((64, 64, 3), np.uint8))
    canvas.paint(nothing, 0)
    assert canvas.visible(0) == 0
    assert canvas.box(0) is None


def test_shadow_darkens_inside_the_image_only() -> None:
    canvas = Canvas(np.full((50, 50, 3), 100, np.uint8))
    canvas.darken((25.0, 25.0), (20.0, 10.0), 0.5)
    assert canvas.image[25, 25, 0] < 60
    assert canvas.image[5, 5, 0] == 100
    canvas.darken((-100.0, 25.0), (20.0, 10.0), 0.5)
    canvas.darken((0.0, 0.0), (20.0, 10.0), 0.5)
    assert canvas.image[0, 0, 0] < 100
