"""What comes between the camera and an object: a piece of scenery with a ragged edge, pushed in from one side."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .difficulty import Burst
from .painting import Float32, Patch, outline_box
from .settings import MiniVIDSettings
from .sprites import Image

_SIZE = 72  # px of an occluder's texture


@dataclass(frozen=True)
class Occluder:
    """A piece of scenery in front of one object.

    Attributes:
        texture: (72, 72, 4) BGR premultiplied and alpha, 0 to 255 and 0 to 1.
        side: from where it comes: 0 left, 1 right, 2 top, 3 bottom.
        cover: which share of the object it hides at strength 1.
    """

    texture: Float32
    side: int
    cover: float

    def patch(self, target: Patch, strength: float) -> Patch | None:
        """Where it stands, so that it hides ``cover x strength`` of the object in ``target``; None for nothing."""
        box = outline_box(target)
        if box is None:
            return None
        x1, y1, x2, y2 = (float(corner) for corner in box)
        width, height = x2 - x1 + 1, y2 - y1 + 1
        share = min(self.cover * strength, 0.78)
        across = target.outline.sum(axis=0 if self.side < 2 else 1)
        cut = np.searchsorted(
            np.cumsum(across) / max(float(across.sum()), 1e-6), share if self.side in (0, 2) else 1 - share
        )
        if self.side < 2:
            y1, y2 = y1 - 0.3 * height, y2 + 0.3 * height
            edge = target.x + float(cut)
            x1, x2 = (x1 - 0.4 * width, edge) if self.side == 0 else (edge, x2 + 0.4 * width)
        else:
            x1, x2 = x1 - 0.3 * width, x2 + 0.3 * width
            edge = target.y + float(cut)
            y1, y2 = (y1 - 0.4 * height, edge) if self.side == 2 else (edge, y2 + 0.4 * height)
        size = (max(2, round(x2 - x1)), max(2, round(y2 - y1)))
        scaled = cv2.resize(self.texture, size, interpolation=cv2.INTER_LINEAR)
        alpha = np.ascontiguousarray(scaled[..., 3])
        return Patch(round(x1), round(y1), scaled[..., :3], alpha, alpha)


def make_occluder(burst: Burst, scenery: Image, settings: MiniVIDSettings, rng: np.random.Generator) -> Occluder:
    """Cut an occluder from the scenery, with a ragged outline, darker than it was: it is nearer and in the shade."""
    height, width = scenery.shape[:2]
    side = min(_SIZE, height, width)
    x, y = int(rng.integers(width - side + 1)), int(rng.integers(height - side + 1))
    colour = cv2.resize(scenery[y : y + side, x : x + side], (_SIZE, _SIZE)).astype(np.float32)
    colour = cv2.GaussianBlur(colour, (0, 0), 1.0) * rng.uniform(0.35, 0.9)
    axis = np.abs(np.linspace(-1, 1, _SIZE, dtype=np.float32))
    rim = 1.0 - np.maximum(axis[None, :] ** 3 + 0 * axis[:, None], axis[:, None] ** 3)
    rough = cv2.resize(rng.normal(0, 1, (9, 9)).astype(np.float32), (_SIZE, _SIZE), interpolation=cv2.INTER_CUBIC)
    alpha = np.clip((rim + 0.1 * rough - 0.12) / 0.12, 0, 1)
    low, high = settings.occlusion_cover
    texture = np.dstack([colour * alpha[..., None], alpha]).astype(np.float32)
    return Occluder(texture, burst.side, low + (high - low) * burst.strength)
