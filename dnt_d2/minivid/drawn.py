"""A picture source that needs no pictures: drawn creatures and vehicles, and procedural backgrounds.

Each class has its own body, pattern and colour, and limbs that go with its gait. They look like toys; a small network
learns them in minutes. Results come from photographs; this serves tests and machines without any pictures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ..vid_classes import VID_CLASSES
from .motion import GAITS
from .sprites import Cutout, Image, Split

_SIZE = 160  # px of a cut-out before it is trimmed
_FINE = 2  # drawn this many times larger, then shrunk: smooth edges
_TRAIN_VARIANTS, _NOVEL_VARIANTS = 4, 3
_TRAIN_BACKGROUNDS, _VAL_BACKGROUNDS = 12, 8
_STONES = 6
_BODIES = ("ellipse", "box", "triangle", "diamond", "hexagon", "drop")
_PATTERNS = ("plain", "stripes", "spots", "bands", "checks")


class DrawnSource:
    """Drawn cut-outs of any of the 30 classes.

    Args:
        seed: of all pictures. Other seeds draw other variants of the same classes.
        classes: names from :data:`dnt_d2.vid_classes.VID_CLASSES`.

    Raises:
        ValueError: for a name that is none of the 30 classes.
    """

    name = "drawn"

    def __init__(self, seed: int = 0, classes: Sequence[str] = VID_CLASSES) -> None:
        unknown = sorted(set(classes) - set(VID_CLASSES))
        if unknown:
            raise ValueError(f"DrawnSource: not among the 30 classes of ImageNet VID: {', '.join(unknown)}")
        self._seed = seed
        self._classes = [name for name in VID_CLASSES if name in set(classes)]

    def cutouts(self, split: Split) -> dict[str, list[Cutout]]:
        """Four variants of each class in training and `val_seen`, three others in `val_novel`."""
        variants = range(_TRAIN_VARIANTS)
        if split == "val_novel":
            variants = range(_TRAIN_VARIANTS, _TRAIN_VARIANTS + _NOVEL_VARIANTS)
        return {name: [_creature(self._seed, name, v) for v in variants] for name in self._classes}

    def distractors(self, split: Split) -> list[Cutout]:
        """Grey stones, of no class."""
        return [_stone(self._seed, v) for v in range(_STONES)]

    def backgrounds(self, split: Split) -> list[Image]:
        """Procedural landscapes of 640 x 480 px, disjoint between the three splits."""
        count = _TRAIN_BACKGROUNDS if split == "train" else _VAL_BACKGROUNDS
        return [_background(self._seed, split, index) for index in range(count)]


def _rng(*name: object) -> np.random.Generator:
    digest = hashlib.sha256(repr(name).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))


# Drawn once in a process: a picture is the same whenever it is asked for, and nobody may write to it.


@cache
def _creature(seed: int, name: str, variant: int) -> Cutout:
    image = draw_creature(VID_CLASSES.index(name), _rng(seed, name, variant))
    image.setflags(write=False)
    return Cutout(name, f"drawn/{name}/{variant}", image)


@cache
def _stone(seed: int, variant: int) -> Cutout:
    image = draw_stone(_rng(seed, "stone", variant))
    image.setflags(write=False)
    return Cutout("", f"drawn/stone/{variant}", image)


@cache
def _background(seed: int, split: Split, index: int) -> Image:
    image = draw_background(_rng(seed, "background", split, index))
    image.setflags(write=False)
    return image


def draw_creature(class_id: int, rng: np.random.Generator) -> Image:
    """One variant of a class, (H, W, 4) BGRA, facing right; body, pattern and hue follow from the class."""
    size = _SIZE * _FINE
    gait = GAITS.get(VID_CLASSES[class_id], "walk")
    body = _BODIES[class_id % len(_BODIES)]
    long, high = rng.uniform(0.24, 0.30), rng.uniform(0.13, 0.19)
    middle = (0.54 * size, 0.48 * size)
    hue = (class_id * 0.618034 + rng.normal(0, 0.012)) % 1.0
    base, second = _colour(hue, 0.75, rng.uniform(0.7, 0.9)), _colour(hue + 0.45, 0.6, rng.uniform(0.3, 0.95))
    canvas = np.zeros((size, size, 3), np.uint8)
    mask = np.zeros((size, size), np.uint8)

    def part(points: NDArray[np.float64], colour: Sequence[int]) -> None:
        corners = np.rint(points * size).astype(np.int32)
        cv2.fillPoly(canvas, [corners], colour)
        cv2.fillPoly(mask, [corners], 255)

    at = np.array(middle) / size
    for limb, shade in _limbs(gait, at, long, high, rng):
        part(limb, tuple(int(shade * c) for c in base))
    outline = _outline(body, at, long, high)
    part(outline, base)
    _fill_pattern(
        canvas, outline * size, _PATTERNS[(class_id // len(_BODIES) + class_id) % len(_PATTERNS)], second, rng
    )
    if gait != "drive":  # a head and an eye, so that it looks somewhere
        head = at - np.array([0.95 * long, 0.7 * high])
        part(_outline("ellipse", head, high * 0.62, high * 0.55), base)
        part(_outline("ellipse", head - np.array([0.2 * high, 0.1 * high]), high * 0.14, high * 0.14), (20, 20, 20))
    alpha = _shrink(mask)
    image = _shrink(_spread(canvas, mask))
    return _trim(np.dstack([_shade(image), alpha])[:, ::-1])


def draw_stone(rng: np.random.Generator) -> Image:
    """A thing of no class: a grey lump, (H, W, 4) BGRA."""
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    radius = 0.3 + sum(0.05 / k * np.cos(k * angle + rng.uniform(0, 6)) for k in range(2, 6))
    points = np.stack([0.5 + radius * np.cos(angle), 0.5 + rng.uniform(0.5, 1.2) * radius * np.sin(angle)], axis=1)
    size = _SIZE * _FINE
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [np.rint(points * size).astype(np.int32)], 255)
    grey = cv2.resize(
        rng.uniform(60, 170, (12, 12, 1)).astype(np.float32), (_SIZE, _SIZE), interpolation=cv2.INTER_CUBIC
    )
    image = np.repeat(grey[..., None], 3, axis=2) * rng.uniform(0.85, 1.1, 3)
    alpha = _shrink(mask)
    return _trim(np.dstack([_shade(np.clip(image, 0, 255).astype(np.uint8)), alpha]))


def draw_background(rng: np.random.Generator, width: int = 640, height: int = 480) -> Image:
    """A landscape: sky and ground of two muted colours, with rough texture at several scales. (H, W, 3) BGR."""
    image = np.empty((height, width, 3), np.float32)
    horizon = int(height * rng.uniform(0.25, 0.5))
    image[:horizon] = _colour(rng.uniform(0.4, 0.7), rng.uniform(0.05, 0.35), rng.uniform(0.5, 0.95))
    image[horizon:] = _colour(rng.uniform(0.05, 0.45), rng.uniform(0.1, 0.4), rng.uniform(0.3, 0.7))
    image = np.asarray(cv2.GaussianBlur(image, (0, 0), 6))
    for cells, strength in ((5, 22), (16, 16), (48, 14), (140, 10)):
        grid = rng.normal(0, strength, (cells * height // width + 1, cells, 3)).astype(np.float32)
        grid = 0.75 * grid.mean(axis=2, keepdims=True) * 1.7 + 0.25 * grid
        image += np.asarray(cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC))
    for _ in range(int(rng.integers(8, 20))):  # bushes and rocks
        centre = (int(rng.integers(width)), int(rng.integers(horizon, height)))
        axes = (int(rng.uniform(0.01, 0.05) * width), int(rng.uniform(0.01, 0.05) * width))
        colour = _colour(rng.uniform(0.05, 0.45), rng.uniform(0.05, 0.4), rng.uniform(0.2, 0.7))
        cv2.ellipse(image, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
    image += rng.normal(0, 5, (height, width, 1)).astype(np.float32)
    return np.clip(image, 0, 255).astype(np.uint8)


def _colour(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    """BGR from hue in turns, saturation and value in [0, 1]."""
    pixel = np.array([[[(hue % 1.0) * 360, saturation, value]]], np.float32)
    blue, green, red = (int(255 * c) for c in cv2.cvtColor(pixel, cv2.COLOR_HSV2BGR)[0, 0])
    return blue, green, red


def _outline(body: str, at: NDArray[np.float64], long: float, high: float) -> NDArray[np.float64]:
    """The corners of a body, in shares of the picture."""
    if body == "box":
        corners = np.array([(-1, -0.3), (-0.5, -0.9), (0.6, -0.9), (1, -0.5), (1, 0.8), (-1, 0.8)])
    elif body == "triangle":
        corners = np.array([(-1, 0.7), (0.2, -1.1), (1, 0.7)])
    else:
        angle = np.linspace(0, 2 * np.pi, {"diamond": 4, "hexagon": 6}.get(body, 60), endpoint=False)
        corners = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        if body == "drop":  # thick in front, thin behind
            corners[:, 1] *= 0.65 - 0.5 * corners[:, 0]
    return at + corners * [long, high]


def _limbs(
    gait: str, at: NDArray[np.float64], long: float, high: float, rng: np.random.Generator
) -> list[tuple[NDArray[np.float64], float]]:
    """Legs, wheels, wings or fins: (corners, brightness)."""
    if gait in ("walk", "hop"):
        legs = 4 if gait == "walk" else 2
        reach, thick = high * rng.uniform(1.7, 2.1), long * 0.11
        spots = np.linspace(-0.7, 0.7, legs) * long
        leg = np.array([(-thick, 0), (thick, 0), (0.8 * thick, reach), (-0.8 * thick, reach)])
        return [(at + leg + np.array([x, 0.0]), 0.6 + 0.2 * (i % 2)) for i, x in enumerate(spots)]
    if gait == "drive":
        return [(_outline("ellipse", at + np.array([x * long, 0.85 * high]), 0.06, 0.06), 0.3) for x in (-0.6, 0.6)]
    if gait == "fly":
        wing = np.array([(-0.25, 0), (0.35, 0), (0.6, -2.2), (0.2, -2.0)])
        return [(at + wing * [long, high], 0.7), (at + wing * [long, -0.8 * high], 0.55)]
    tail = np.array([(0.8, 0), (1.5, -0.8), (1.35, 0), (1.5, 0.8)])
    fin = np.array([(-0.2, 0.5), (0.3, 0.5), (0.45, 1.5)])
    return [(at + tail * [long, high], 0.7), (at + fin * [long, high], 0.6)]


def _fill_pattern(
    canvas: NDArray[np.uint8],
    outline: NDArray[np.float64],
    pattern: str,
    colour: tuple[int, int, int],
    rng: np.random.Generator,
) -> None:
    """Paint a pattern over the inside of the outline."""
    size = canvas.shape[0]
    y, x = np.mgrid[0:size, 0:size] / size
    step, shift = rng.uniform(0.065, 0.08), rng.uniform(0, 1)
    columns, rows = (x / step + shift) % 1, (y / step + shift) % 1
    marks = {
        "plain": np.zeros_like(x, dtype=bool),
        "stripes": columns < 0.45,
        "bands": rows < 0.4,
        "spots": np.hypot(columns - 0.5, rows - 0.5) < 0.33,
        "checks": (columns < 0.5) == (rows < 0.5),
    }[pattern]
    inside = np.zeros(canvas.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.rint(outline).astype(np.int32)], 1)
    canvas[marks & (inside > 0)] = colour


def _shrink(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(image, (_SIZE, _SIZE), interpolation=cv2.INTER_AREA), np.uint8)


def _spread(image: NDArray[np.uint8], mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Carry colours a little beyond the mask, so that the soft edge has no black in it."""
    wide = np.asarray(cv2.dilate(image, np.ones((9, 9), np.uint8)), np.uint8)
    return np.where(mask[..., None] > 0, image, wide)


def _shade(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lighter above, darker below."""
    light = np.linspace(1.1, 0.7, image.shape[0], dtype=np.float32)[:, None, None]
    return np.clip(image * light, 0, 255).astype(np.uint8)


def _trim(image: NDArray[np.uint8]) -> Image:
    rows, columns = (np.flatnonzero((image[..., 3] > 8).any(axis=axis)) for axis in (1, 0))
    return np.ascontiguousarray(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
