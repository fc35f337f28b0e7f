"""What comes between the camera and an object for a few frames: a trunk, a branch or a bush, cut from the scenery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from .difficulty import Burst, level, progress
from .painting import Float32, Patch, outline_box
from .settings import MiniVIDSettings
from .sprites import Image

Shape = Literal["trunk", "branch", "bush"]
_SIZE = 96  # px of an occluder's texture
# By the side from which a burst comes; a trunk passes to the left or to the right.
_SHAPES: tuple[Shape, ...] = ("trunk", "trunk", "branch", "bush")


@dataclass(frozen=True)
class Occluder:
    """A piece of scenery in front of one object, for one burst.

    Attributes:
        shape: a trunk stands across the object, a branch hangs over it from above, a bush grows before its feet.
        texture: (96, 96, 4) BGR premultiplied and alpha, 0 to 255 and 0 to 1.
        burst: when it is there.
        cover: which share of the object it hides at strength 1.
    """

    shape: Shape
    texture: Float32
    burst: Burst
    cover: float

    def patch(self, target: Patch, frame: int, severity: float) -> Patch | None:
        """Where it stands, so that it hides its share of the object in ``target``; None where there is no object."""
        box = outline_box(target)
        if box is None:
            return None
        x1, y1, x2, y2 = (float(corner) for corner in box)
        width, height = x2 - x1 + 1, y2 - y1 + 1
        share = min(self.cover * (0.85 + 0.15 * level(self.burst, frame)) * severity, 0.78)
        if self.shape == "trunk":
            passed = progress(self.burst, frame)
            start = (1 - share) * (passed if self.burst.side else 1 - passed)
            left, right = _quantiles(target.outline.sum(axis=0), start, start + share)
            rim = 0.06 * (right - left + 1)
            place = (target.x + left - rim, min(y1 - 0.6 * height, 0.0), target.x + right + rim, y2 + 0.15 * height)
        elif self.shape == "branch":
            _, cut = _quantiles(target.outline.sum(axis=1), 0.0, share)
            place = (x1 - 0.5 * width, min(y1 - 0.6 * height, 0.0), x2 + 0.5 * width, target.y + cut + 0.05 * height)
        else:
            cut, _ = _quantiles(target.outline.sum(axis=1), 1 - share, 1.0)
            place = (x1 - 0.35 * width, target.y + cut - 0.05 * height, x2 + 0.35 * width, y2 + 0.25 * height)
        return self._fit(place)

    def _fit(self, place: tuple[float, float, float, float]) -> Patch:
        x1, y1, x2, y2 = place
        size = (max(2, round(x2 - x1 + 1)), max(2, round(y2 - y1 + 1)))
        scaled = np.asarray(cv2.resize(self.texture, size, interpolation=cv2.INTER_LINEAR), np.float32)
        alpha = np.ascontiguousarray(scaled[..., 3])
        return Patch(round(x1), round(y1), scaled[..., :3], alpha, alpha)


def make_occluder(burst: Burst, scenery: Image, settings: MiniVIDSettings, rng: np.random.Generator) -> Occluder:
    """Cut an occluder from the scenery; it is darker than that, being nearer and in the shade."""
    shape = _SHAPES[burst.side]
    height, width = scenery.shape[:2]
    across = min(24 if shape == "trunk" else _SIZE, width)
    down = min(_SIZE, height)
    x, y = int(rng.integers(width - across + 1)), int(rng.integers(height - down + 1))
    colour = cv2.resize(scenery[y : y + down, x : x + across], (_SIZE, _SIZE)).astype(np.float32)
    colour = colour * rng.uniform(0.4, 0.75)
    if shape == "trunk":
        alpha, shade = _trunk(rng)
    else:
        alpha, shade = _leaves(rng)
        if shape == "branch":
            alpha, shade = alpha[::-1], shade[::-1]
    low, high = settings.occlusion_cover
    texture = np.dstack([np.clip(colour * shade[..., None], 0, 255) * alpha[..., None], alpha]).astype(np.float32)
    return Occluder(shape, np.ascontiguousarray(texture), burst, low + (high - low) * burst.strength)


def _quantiles(weights: Float32, low: float, high: float) -> tuple[int, int]:
    """Between which indices the given share of the sum lies."""
    summed = np.cumsum(weights) / max(float(weights.sum()), 1e-6)
    last = len(weights) - 1
    return min(int(np.searchsorted(summed, low)), last), min(int(np.searchsorted(summed, high)), last)


def _trunk(rng: np.random.Generator) -> tuple[Float32, Float32]:
    """Alpha and brightness of an upright trunk: wavy edges, rounded by light from one side."""
    across = np.linspace(-1, 1, _SIZE, dtype=np.float32)[None, :]
    knots = rng.normal(0, 0.05, (7, 2)).astype(np.float32)
    wave = np.asarray(cv2.resize(knots, (2, _SIZE), interpolation=cv2.INTER_CUBIC))
    inside = np.minimum(across + 0.9 - wave[:, :1], 0.9 + wave[:, 1:] - across)
    light = 1.0 + rng.choice([-0.35, 0.35]) * across - 0.25 * across**2
    return np.clip(inside / 0.07, 0, 1), np.repeat(light, _SIZE, axis=0)


def _leaves(rng: np.random.Generator) -> tuple[Float32, Float32]:
    """Alpha and brightness of a bush: many overlapping clumps of leaves, ragged at the rim, dense inside."""
    alpha = np.zeros((_SIZE, _SIZE), np.float32)
    shade = np.full((_SIZE, _SIZE), 0.6, np.float32)
    for column, row in rng.permutation(
        [(c, r) for r in np.linspace(0.09, 0.91, 11) for c in np.linspace(0.09, 0.91, 11)]
    ):
        centre = np.array([column, row]) * _SIZE + rng.normal(0, 2.5, 2)
        place, axes = (
            (round(float(centre[0])), round(float(centre[1]))),
            (int(rng.integers(5, 10)), int(rng.integers(4, 7))),
        )
        angle, light = float(rng.uniform(0, 180)), float(rng.uniform(0.5, 1.25))
        cv2.ellipse(alpha, place, axes, angle, 0, 360, 1.0, -1)
        cv2.ellipse(shade, place, axes, angle, 0, 360, light, -1)
    shade += 0.12 * rng.standard_normal(shade.shape, dtype=np.float32)
    return np.clip(cv2.GaussianBlur(alpha, (0, 0), 0.7), 0, 1), np.asarray(cv2.GaussianBlur(shade, (0, 0), 0.9))
