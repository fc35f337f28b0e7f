"""An occluder hides the share of the object that its burst says."""

from __future__ import annotations

import numpy as np
import pytest

from dnt_d2.minivid.difficulty import Burst
from dnt_d2.minivid.drawn import draw_background, draw_creature
from dnt_d2.minivid.occluder import make_occluder
from dnt_d2.minivid.painting import Canvas, Patch, premultiply, warp
from dnt_d2.minivid.settings import MiniVIDSettings

SETTINGS = MiniVIDSettings()
SCENERY = draw_background(np.random.default_rng(0), 320, 240)


def _target() -> Patch:
    texture = premultiply(draw_creature(3, np.random.default_rng(1)))
    return warp(texture, (160.0, 130.0), np.diag([90.0, 70.0]), "walk", 0.3, 2)


@pytest.mark.parametrize("side", range(4))
@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_hidden_share(side: int, strength: float) -> None:
    burst = Burst("occlusion", 5, 10, strength, side)
    occluder = make_occluder(burst, SCENERY, SETTINGS, np.random.default_rng(2))
    low, high = SETTINGS.occlusion_cover
    wanted = low + (high - low) * strength
    for frame in range(5, 10):
        canvas, target = Canvas(SCENERY), _target()
        canvas.paint(target, 0)
        patch = occluder.patch(target, frame, 1.0)
        assert patch is not None
        canvas.paint(patch, None)
        assert 0.75 * wanted - 0.06 <= 1 - canvas.visible(0) <= wanted + 0.12


def test_severity_scales_the_share() -> None:
    occluder = make_occluder(Burst("occlusion", 0, 3, 0.5, 3), SCENERY, SETTINGS, np.random.default_rng(2))
    hidden = []
    for severity in (0.3, 0.6, 1.0):
        canvas, target = Canvas(SCENERY), _target()
        canvas.paint(target, 0)
        patch = occluder.patch(target, 1, severity)
        assert patch is not None
        canvas.paint(patch, None)
        hidden.append(1 - canvas.visible(0))
    assert hidden == sorted(hidden)
    assert hidden[0] < 0.5 * hidden[2]


def test_nothing_to_hide() -> None:
    occluder = make_occluder(Burst("occlusion", 0, 3, 0.5, 0), SCENERY, SETTINGS, np.random.default_rng(2))
    empty = Patch(0, 0, np.zeros((4, 4, 3), np.float32), np.zeros((4, 4)), np.zeros((4, 4)))
    assert occluder.patch(empty, 1, 1.0) is None
