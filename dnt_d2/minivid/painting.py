"""How one frame is painted: a cut-out is warped into a patch, patches are laid over each other, far to near."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .motion import Gait, displacement
from .sprites import Image

Float32 = NDArray[Any]  # of float32, which OpenCV's own types don't say
# An articulated or blurred cut-out is larger than its rectangle by up to this share of each side.
_ARTICULATION_ROOM = 0.16
# A pixel belongs to the object, and to its box, from this alpha on.
_EDGE_ALPHA = 0.4


@dataclass
class Patch:
    """A warped cut-out at its place in the image; it may reach outside of it.

    Attributes:
        x, y: pixel of the image on which the patch's first column and row lie.
        colour: (h, w, 3) BGR, premultiplied by alpha, 0 to 255.
        alpha: (h, w), 0 to 1, as it is painted.
        outline: (h, w), 0 to 1, before any blur: this is what boxes and visible shares are measured on.
    """

    x: int
    y: int
    colour: Float32
    alpha: Float32
    outline: Float32


def premultiply(image: Image) -> Image:
    """(H, W, 4) BGRA with its colours multiplied by alpha, so that it can be resized and warped without fringes."""
    alpha = image[..., 3]
    colour = cv2.multiply(image[..., :3], cv2.merge([alpha, alpha, alpha]), scale=1 / 255)
    return np.dstack([np.asarray(colour, np.uint8), alpha])


def warp(
    texture: Image, centre: tuple[float, float], matrix: NDArray[np.float64], gait: Gait, phase: float, room: int
) -> Patch:
    """Warp a cut-out into the image.

    Args:
        texture: (H, W, 4) BGRA, premultiplied.
        centre: x, y of its centre in the image, px.
        matrix: (2, 2), takes the cut-out's unit square, centred at 0, to pixels.
        gait, phase: its articulation.
        room: empty pixels to leave around it, for blur.
    """
    reach = np.abs(matrix).sum(axis=1) * (0.5 + _ARTICULATION_ROOM) + room + 1
    x1, y1 = (int(np.floor(c - r)) for c, r in zip(centre, reach, strict=True))
    x2, y2 = (int(np.ceil(c + r)) for c, r in zip(centre, reach, strict=True))
    inverse = np.linalg.inv(matrix).astype(np.float32)
    dx = np.arange(x1, x2 + 1, dtype=np.float32)[None, :] - np.float32(centre[0])
    dy = np.arange(y1, y2 + 1, dtype=np.float32)[:, None] - np.float32(centre[1])
    u = inverse[0, 0] * dx + inverse[0, 1] * dy + np.float32(0.5)
    v = inverse[1, 0] * dx + inverse[1, 1] * dy + np.float32(0.5)
    moved = displacement(gait, phase, u, v)
    if moved is not None:
        u, v = u + moved[0], v + moved[1]
    height, width = texture.shape[:2]
    map_x = (u * width - 0.5).astype(np.float32)
    map_y = (v * height - 0.5).astype(np.float32)
    warped = cv2.remap(texture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    alpha = warped[..., 3].astype(np.float32) / 255.0
    return Patch(x1, y1, warped[..., :3].astype(np.float32), alpha, alpha)


def blur(patch: Patch, kernel: Float32 | float | None) -> None:
    """Blur what is painted, in place, with a kernel, or with a Gaussian of so many pixels; the outline stays."""
    if kernel is None:
        return
    if isinstance(kernel, float):
        patch.colour = cv2.GaussianBlur(patch.colour, (0, 0), kernel)
        patch.alpha = cv2.GaussianBlur(patch.alpha, (0, 0), kernel)
    else:
        patch.colour = cv2.filter2D(patch.colour, -1, kernel, borderType=cv2.BORDER_CONSTANT)
        patch.alpha = cv2.filter2D(patch.alpha, -1, kernel, borderType=cv2.BORDER_CONSTANT)


def motion_kernel(dx: float, dy: float) -> Float32 | None:
    """The blur of a way of (dx, dy) px while the shutter is open; None where it is too short to be seen."""
    length = float(np.hypot(dx, dy))
    if length < 1.0:
        return None
    radius = int(np.ceil(length / 2)) + 1
    kernel = np.zeros((2 * radius + 1, 2 * radius + 1), np.float32)
    steps = np.linspace(-0.5, 0.5, int(4 * length) + 2)
    x, y = steps * dx + radius, steps * dy + radius
    column, row = np.floor(x).astype(int), np.floor(y).astype(int)
    right, down = x - column, y - row
    for step_x, step_y, weight in (
        (0, 0, (1 - right) * (1 - down)),
        (1, 0, right * (1 - down)),
        (0, 1, (1 - right) * down),
        (1, 1, right * down),
    ):
        np.add.at(kernel, (row + step_y, column + step_x), weight.astype(np.float32))
    return kernel / kernel.sum()


def overlap(
    x: int, y: int, width: int, height: int, other: tuple[int, int, int, int]
) -> tuple[slice, slice, slice, slice] | None:
    """Rows and columns that two rectangles (x, y, width, height) share, in the first and in the second; or None."""
    x1, y1 = max(x, other[0]), max(y, other[1])
    x2, y2 = min(x + width, other[0] + other[2]), min(y + height, other[1] + other[3])
    if x1 >= x2 or y1 >= y2:
        return None
    return (
        slice(y1 - y, y2 - y),
        slice(x1 - x, x2 - x),
        slice(y1 - other[1], y2 - other[1]),
        slice(x1 - other[0], x2 - other[0]),
    )


class Canvas:
    """The image under way, and what is still visible of each object painted on it."""

    def __init__(self, background: Image) -> None:
        self.image: Float32 = background.astype(np.float32)
        self._seen: dict[int, tuple[Patch, Float32]] = {}

    def paint(self, patch: Patch, track: int | None) -> None:
        """Lay a patch over everything so far; with a track number, its visible share and box can be asked for."""
        height, width = self.image.shape[:2]
        self._cover(patch)
        shared = overlap(patch.x, patch.y, patch.alpha.shape[1], patch.alpha.shape[0], (0, 0, width, height))
        seen = np.zeros_like(patch.outline)
        if shared is not None:
            rows, columns, image_rows, image_columns = shared
            under = self.image[image_rows, image_columns]
            under *= 1.0 - patch.alpha[rows, columns, None]
            under += patch.colour[rows, columns]
            seen[rows, columns] = patch.outline[rows, columns]
        if track is not None:
            self._seen[track] = (patch, seen)

    def _cover(self, patch: Patch) -> None:
        place = (patch.x, patch.y, patch.alpha.shape[1], patch.alpha.shape[0])
        for other, seen in self._seen.values():
            shared = overlap(other.x, other.y, seen.shape[1], seen.shape[0], place)
            if shared is not None:
                rows, columns, patch_rows, patch_columns = shared
                seen[rows, columns] *= 1.0 - patch.outline[patch_rows, patch_columns]

    def mean_colour(self, patch: Patch) -> Float32:
        """The mean colour of the image where the patch is about to be painted, (3,)."""
        height, width = self.image.shape[:2]
        shared = overlap(patch.x, patch.y, patch.alpha.shape[1], patch.alpha.shape[0], (0, 0, width, height))
        region = self.image if shared is None else self.image[shared[2], shared[3]]
        return region[::4, ::4].mean(axis=(0, 1))

    def darken(self, centre: tuple[float, float], size: tuple[float, float], strength: float) -> None:
        """Cast a soft elliptic shadow."""
        width, height = max(3, int(size[0])), max(3, int(size[1]))
        x, y = int(centre[0] - width / 2), int(centre[1] - height / 2)
        shared = overlap(x, y, width, height, (0, 0, self.image.shape[1], self.image.shape[0]))
        if shared is not None:
            shade = cv2.resize(_soft_disc(), (width, height), interpolation=cv2.INTER_LINEAR)
            self.image[shared[2], shared[3]] *= 1.0 - strength * shade[shared[0], shared[1], None]

    def visible(self, track: int) -> float:
        """The share of the object's area that can be seen, in [0, 1]; its area outside of the image counts."""
        patch, seen = self._seen[track]
        return float(seen.sum() / max(float(patch.outline.sum()), 1e-6))

    def box(self, track: int) -> tuple[int, int, int, int] | None:
        """Tight x1, y1, x2, y2 of the object inside the image, hidden parts included; None outside of it."""
        patch, _ = self._seen[track]
        return outline_box(patch, (self.image.shape[1], self.image.shape[0]))


def outline_box(patch: Patch, frame: tuple[int, int] | None = None) -> tuple[int, int, int, int] | None:
    """Inclusive corners of the patch's outline, clipped to a frame (width, height) if given; None where empty."""
    mask = patch.outline >= _EDGE_ALPHA
    rows, columns = np.flatnonzero(mask.any(axis=1)) + patch.y, np.flatnonzero(mask.any(axis=0)) + patch.x
    if frame is not None:
        if not len(rows) or rows[0] >= frame[1] or rows[-1] < 0 or columns[0] >= frame[0] or columns[-1] < 0:
            return None
        inside = overlap(patch.x, patch.y, mask.shape[1], mask.shape[0], (0, 0, *frame))
        if inside is None:
            return None
        cut = Patch(max(patch.x, 0), max(patch.y, 0), patch.colour, patch.alpha, patch.outline[inside[0], inside[1]])
        return outline_box(cut)
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])


@lru_cache(maxsize=1)
def _soft_disc() -> Float32:
    """A disc that fades to its edge, (32, 32), 0 to 1."""
    axis = np.linspace(-1, 1, 32, dtype=np.float32)
    return np.clip(1.2 * (1.0 - np.hypot(axis[None, :], axis[:, None])), 0, 1)
