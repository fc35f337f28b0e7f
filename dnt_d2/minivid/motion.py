"""How things move: smooth trajectories that stay in view, and the articulation of a flat cut-out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .settings import MiniVIDSettings

FloatArray = NDArray[np.float64]
Gait = Literal["walk", "fly", "swim", "drive", "hop", "slither"]

GAITS: dict[str, Gait] = {
    "airplane": "drive",
    "bicycle": "drive",
    "bird": "fly",
    "bus": "drive",
    "car": "drive",
    "lizard": "slither",
    "motorcycle": "drive",
    "rabbit": "hop",
    "hamster": "hop",
    "snake": "slither",
    "squirrel": "hop",
    "train": "drive",
    "turtle": "swim",
    "watercraft": "swim",
    "whale": "swim",
}
"""How a class moves; whatever is not named walks."""

# What moves through the air or in water uses the whole image, everything else stays on the ground.
FREE: frozenset[str] = frozenset({"airplane", "bird", "turtle", "whale"})


@dataclass(frozen=True)
class Track:
    """Where one object is, frame by frame.

    Attributes:
        centre: (L, 2) x, y of its centre in the image, px, the shake of the camera not included.
        scale: (L,) its size relative to the mean, about 1.
        facing: (L,) its width as seen, -1 to 1: negative is mirrored, near 0 it is turning round.
        phase: (L,) of its gait, rad.
        tilt: (L,) its rotation, rad.
        depth: (L,) the larger, the nearer to the camera.
    """

    centre: FloatArray
    scale: FloatArray
    facing: FloatArray
    phase: FloatArray
    tilt: FloatArray
    depth: FloatArray


def smooth(values: FloatArray, sigma: float) -> FloatArray:
    """Smooth along the first axis with a Gaussian of ``sigma`` frames; the ends are repeated."""
    radius = max(1, int(np.ceil(3 * sigma)))
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    columns = values.reshape(len(values), -1)
    padded = np.pad(columns, ((radius, radius), (0, 0)), mode="edge")
    smoothed = np.stack([np.convolve(column, kernel, mode="valid") for column in padded.T], axis=1)
    return smoothed.reshape(values.shape)


def reflect(values: FloatArray, low: float, high: float) -> FloatArray:
    """Fold a line into [low, high], as a ball bounces between two walls."""
    span = high - low
    if span <= 0:
        return np.full_like(values, 0.5 * (low + high))
    return low + span - np.abs((values - low) % (2 * span) - span)


def wander(
    length: int, speed: float, bounds: tuple[FloatArray, FloatArray], turn: float, flat: float, rng: np.random.Generator
) -> FloatArray:
    """A smooth path of about constant speed that stays within a rectangle.

    Args:
        length: frames.
        speed: px per frame.
        bounds: the two corners of the rectangle, each (2,).
        turn: deviation of the change of heading per frame, rad.
        flat: how much of the vertical motion remains: 1 moves in all directions, 0 along a horizontal line.

    Returns:
        (length, 2) positions.
    """
    heading = rng.choice([0.0, np.pi]) + rng.normal(0, 0.5) + np.cumsum(rng.normal(0, turn, length))
    pace = speed * np.exp(smooth(rng.normal(0, 0.6, length), 3.0))
    steps = np.stack([np.cos(heading), flat * np.sin(heading)], axis=1) * pace[:, None]
    low, high = bounds
    path = rng.uniform(low, np.maximum(low, high)) + np.cumsum(steps, axis=0)
    folded = np.stack([reflect(path[:, axis], low[axis], high[axis]) for axis in (0, 1)], axis=1)
    return smooth(folded, 1.2)


def plan_camera(
    length: int, room: FloatArray, settings: MiniVIDSettings, unit: float, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """How the camera moves.

    Args:
        length: frames.
        room: (2,) how far it can pan over the background, px.
        settings: the knobs.
        unit: px of this frame per px of the frame of reference.
        rng: the video's generator.

    Returns:
        its pan over the background, (length, 2) px, and its shake, (length, 2) px, which moves everything in the image.
    """
    direction = rng.uniform(0, 2 * np.pi)
    speed = settings.pan_speed * unit * rng.uniform(0, 1)
    pace = speed * (1 + 0.5 * np.sin(np.linspace(0, rng.uniform(2, 6), length)))
    pan = np.cumsum(pace[:, None] * np.array([np.cos(direction), 0.3 * np.sin(direction)]), axis=0)
    start = rng.uniform(0, 1, 2) * room
    pan = np.stack([reflect(start[axis] + pan[:, axis], 0.0, room[axis]) for axis in (0, 1)], axis=1)
    amplitude = settings.shake * unit * rng.uniform(0.2, 1)
    slow = smooth(rng.normal(0, 1, (length, 2)), 2.0) * 2.6
    fast = smooth(rng.normal(0, 1, (length, 2)), 0.6) * 0.35
    return smooth(pan, 1.5), amplitude * (slow + fast)


def plan_track(
    gait: Gait,
    free: bool,
    size: tuple[float, float],
    frame: tuple[int, int],
    pan: FloatArray,
    crossing: bool,
    settings: MiniVIDSettings,
    rng: np.random.Generator,
) -> Track:
    """Draw the trajectory of one object.

    Args:
        gait: how it moves.
        free: whether it moves through the whole image, or on the ground.
        size: its mean width and height, px.
        frame: width and height of the image.
        pan: (L, 2) of the camera; an object faces where it goes in the world, not in the image.
        crossing: whether it enters or leaves the image.
        settings: the knobs.
        rng: the video's generator.
    """
    length, unit = len(pan), frame[1] / 240.0
    speed = settings.median_speed * unit * float(np.exp(rng.normal(0, settings.speed_spread)))
    half = 0.47 * np.array(size)
    top = 0.0 if free else 0.3 * frame[1]
    low = np.minimum(half + np.array([0, top]), np.array(frame) / 2)
    high = np.maximum(np.array(frame) - half, np.array(frame) / 2)
    flat = 0.6 if free else 0.3
    path = wander(length, speed, (low, high), settings.turn_rate, flat, rng)
    travelled = _velocity(path)
    if crossing:
        path = path + _crossing_offset(length, speed, size, frame, rng)
    stride = max(0.6 * size[0], 24.0 * unit)
    phase = rng.uniform(0, 2 * np.pi) + 2 * np.pi * np.cumsum(np.hypot(*travelled.T).clip(1.5, 0.25 * stride)) / stride
    path = path + _bobbing(gait, phase, size[1])
    swing = np.linspace(0, rng.uniform(1, 5), length) + rng.uniform(0, 2 * np.pi)
    depth = rng.uniform(0, 1.2) + 0.25 * np.sin(np.linspace(0, rng.uniform(1, 6), length) + rng.uniform(0, 6))
    tilt = 0.05 * np.sin(swing * 1.7) + (0.06 * np.sin(phase) if gait in ("walk", "hop") else 0)
    if not free:  # on the ground, what has its feet lower in the image is nearer
        depth = 0.3 * depth + (path[:, 1] + 0.5 * size[1]) / frame[1]
    scale = np.exp(settings.approach * np.sin(swing))
    return Track(path, scale, _facing(travelled + _velocity(pan), rng), phase, tilt, depth)


def _velocity(path: FloatArray) -> FloatArray:
    """(L, 2) px per frame; a single frame does not move."""
    return np.gradient(path, axis=0) if len(path) > 1 else np.zeros_like(path)


def _crossing_offset(
    length: int, speed: float, size: tuple[float, float], frame: tuple[int, int], rng: np.random.Generator
) -> FloatArray:
    """A way in from outside of the image over the first frames, or out of it over the last ones: (length, 2)."""
    far = frame[0] + size[0]
    frames = int(np.clip(np.ceil(far / max(speed, 1.0)), 2, max(2, 0.3 * length)))
    ramp = np.clip(1 - np.arange(length) / frames, 0, 1) ** 1.5
    if rng.random() < 0.5:
        ramp = ramp[::-1]
    return np.stack([rng.choice([-1.0, 1.0]) * far * ramp, np.zeros(length)], axis=1)


def _bobbing(gait: Gait, phase: FloatArray, height: float) -> FloatArray:
    rise = {"walk": 0.025, "hop": 0.16, "fly": 0.07, "swim": 0.05, "drive": 0.008, "slither": 0.0}[gait]
    lift = np.abs(np.sin(phase)) if gait == "hop" else np.sin(2 * phase) if gait in ("walk", "drive") else np.sin(phase)
    return np.stack([np.zeros_like(phase), -rise * height * lift], axis=1)


def _facing(velocity: FloatArray, rng: np.random.Generator) -> FloatArray:
    """1 where the object goes to the right, as cut-outs face, -1 to the left; a turn takes some frames."""
    side, sides = float(rng.choice([-1.0, 1.0])), []
    if abs(velocity[0, 0]) > 0.5:
        side = float(np.sign(velocity[0, 0]))
    for pace in velocity[:, 0]:
        if abs(pace) > 2.0:  # slower motion does not make anything turn round
            side = float(np.sign(pace))
        sides.append(side)
    turning = smooth(np.array(sides), 0.9)
    return np.where(turning < 0, -1.0, 1.0) * np.maximum(np.abs(turning), 0.3)


def displacement(
    gait: Gait, phase: float, u: NDArray[np.float32], v: NDArray[np.float32]
) -> tuple[NDArray[np.float32] | float, NDArray[np.float32] | float] | None:
    """How articulation moves the points of a cut-out in one frame.

    Args:
        gait: how it moves.
        phase: of the gait, rad.
        u: (H, W) position along the width, 0 (left) to 1.
        v: (H, W) position along the height, 0 (top) to 1.

    Returns:
        (du, dv): where to read the cut-out, relative to (u, v), in shares of its width and height; None where nothing
        moves (wheels, at this size).
    """
    if gait == "walk":  # the legs swing in a wave that travels along the body
        legs = np.clip(2 * v - 1, 0, 1)
        return 0.06 * legs * np.sin(phase + 9.0 * u), 0.015 * np.sin(phase + 6.0 * u)
    if gait == "hop":  # stretched in the air, squashed on the ground
        squash = 0.10 * np.sin(2 * phase)
        return squash * (0.5 - u), squash * (v - 1.0)
    if gait == "fly":  # wings beat: what is far from the middle rises and falls
        beat = np.sin(phase)
        return 0.0, 0.16 * beat * (v - 0.5) + 0.08 * beat * (2 * u - 1) ** 2
    if gait == "swim":
        return 0.0, 0.03 * np.sin(phase + 6.0 * u)
    if gait == "slither":
        return 0.03 * np.sin(phase + 6.0 * v), 0.08 * np.sin(phase + 9.0 * u)
    return None
