"""Other colours, the same shape; and nothing at all with strength 0."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from dnt_d2.minivid.repaint import repaint
from dnt_d2.minivid.sprites import Image


def _texture(height: int = 12, width: int = 9) -> Image:
    """Premultiplied: no colour exceeds alpha."""
    rng = np.random.default_rng(1)
    alpha = rng.integers(0, 256, (height, width, 1))
    colour = alpha * rng.uniform(0, 1, (height, width, 3))
    return np.dstack([colour, alpha]).astype(np.uint8)


def test_without_strength_nothing_is_drawn() -> None:
    texture, rng = _texture(), np.random.default_rng(0)
    before = rng.bit_generator.state
    assert repaint(texture, 0.0, rng) is texture
    assert rng.bit_generator.state == before


def test_a_cutout_without_pixels() -> None:
    assert repaint(np.zeros((1, 1, 4), np.uint8), 1.0, np.random.default_rng(0)).max() == 0


@pytest.mark.parametrize("seed", range(5))
def test_the_shape_stays_and_colours_stay_premultiplied(seed: int) -> None:
    texture = _texture()
    painted = repaint(texture, 1.0, np.random.default_rng(seed))
    assert painted.dtype == np.uint8
    assert np.array_equal(painted[..., 3], texture[..., 3])
    assert (painted[..., :3] <= painted[..., 3:]).all()
    assert not np.array_equal(painted, texture)


def test_any_hue_comes_and_light_keeps_its_order() -> None:
    red = np.dstack([np.full((1, 6, 1), 20), np.full((1, 6, 1), 30), np.arange(100, 250, 25)[None, :, None]])
    texture = np.dstack([red, np.full((1, 6), 255)]).astype(np.uint8)
    hues = []
    for seed in range(40):
        painted = repaint(texture, 1.0, np.random.default_rng(seed))
        hsv = cv2.cvtColor(painted[..., :3], cv2.COLOR_BGR2HSV)
        assert (np.diff(hsv[0, :, 2].astype(int)) > 0).all()
        hues.append(int(hsv[0, -1, 0]) * 2)
    assert len(np.unique(np.array(hues) // 60)) == 6
