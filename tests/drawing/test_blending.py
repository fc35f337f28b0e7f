"""dnt_d2/drawing/blending.py: the compiled loop gives what whole arrays give."""

from __future__ import annotations

import numpy as np

from dnt_d2.drawing.blending import blend_line

COLOR, RIM = (10, 200, 250), (24, 20, 18)


def test_an_empty_mask_changes_nothing() -> None:
    canvas = np.full((4, 5, 3), 77, np.uint8)
    for size in ((0, 0), (2, 3)):
        blend_line(canvas, 1, 1, np.zeros(size, np.uint8), np.full(size, 255, np.uint8), COLOR, RIM)
    assert (canvas == 77).all()


def test_it_is_the_weighted_sum() -> None:
    rng = np.random.default_rng(0)
    canvas = rng.integers(0, 256, (40, 50, 3), np.uint8)
    opacity, core = rng.integers(0, 256, (2, 30, 20), np.uint8)
    opacity[rng.random(opacity.shape) < 0.3] = 0
    expected = canvas.astype(np.float64)
    alpha, inner = opacity[..., None] / 255, core[..., None] / 255
    over = inner * np.array(COLOR) + (1 - inner) * np.array(RIM)
    expected[7:37, 25:45] = (1 - alpha) * expected[7:37, 25:45] + alpha * over
    blend_line(canvas, 25, 7, opacity, core, COLOR, RIM)
    assert np.abs(canvas - expected).max() <= 0.5 + 1e-9
