"""Paint the frames of a scene, and say where its objects are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from .difficulty import Burst, Kind, level
from .motion import FloatArray
from .painting import Canvas, Float32, Patch, blur, motion_kernel, outline_box, warp
from .scene import Actor, Scene
from .settings import MiniVIDSettings
from .sprites import Image

_Now = dict[Kind, tuple[Burst, float]]  # the bursts of one object in one frame, with their strength


@dataclass(frozen=True)
class ObjectBox:
    """What is annotated of one object in one frame: inclusive corners in px, and how much of it can be seen."""

    track_id: int
    class_name: str
    box: tuple[int, int, int, int]
    visible: float


def render_frame(scene: Scene, index: int) -> tuple[Image, list[ObjectBox]]:
    """Paint one frame.

    Returns:
        the image, (H, W, 3) BGR, and a box for each object of which at least ``smallest_visible`` can be seen.
    """
    canvas = Canvas(_background(scene, index))
    order = sorted(range(len(scene.actors)), key=lambda number: float(scene.actors[number].track.depth[index]))
    for number in order:
        _paint_actor(canvas, scene, number, index)
    boxes = []
    for number in range(scene.objects):
        visible, box = canvas.visible(number), canvas.box(number)
        if box is not None and visible >= scene.settings.smallest_visible:
            boxes.append(ObjectBox(number, scene.actors[number].class_name, box, visible))
    return _develop(canvas.image, scene, index), boxes


def _background(scene: Scene, index: int) -> Image:
    """The part of the background that the camera sees, blurred by its own motion."""
    centre = scene.view[index] + (np.array(scene.frame) - 1) / 2
    image = cv2.getRectSubPix(scene.background, scene.frame, (float(centre[0]), float(centre[1])))
    way = _velocity(scene.view, index) * scene.settings.exposure
    kernel = motion_kernel(float(way[0]), float(way[1]))
    return np.asarray(image if kernel is None else cv2.filter2D(image, -1, kernel), np.uint8)


def _velocity(path: FloatArray, index: int) -> FloatArray:
    """How far the path goes from this frame to the next (from the last but one to the last in the last), px."""
    if len(path) == 1:
        return np.zeros(2)
    return path[index + 1] - path[index] if index + 1 < len(path) else path[index] - path[index - 1]


def _paint_actor(canvas: Canvas, scene: Scene, number: int, index: int) -> None:
    actor, settings, unit = scene.actors[number], scene.settings, scene.frame[1] / 240.0
    now: _Now = {b.kind: (b, level(b, index) * settings.severity) for b in actor.bursts if b.start <= index < b.stop}
    centre = actor.track.centre[index] + scene.shake[index]
    way, sigma = _blurs(now, _velocity(actor.track.centre + scene.shake, index), settings, unit)
    room = 3 + int(np.abs(way).max() / 2 + 2 * sigma)
    matrix = _matrix(actor, index, now.get("pose"), settings)
    patch = warp(
        actor.texture, (float(centre[0]), float(centre[1])), matrix, actor.gait, float(actor.track.phase[index]), room
    )
    if actor.grounded and settings.shadow:
        _shadow(canvas, patch, settings.shadow)
    blur(patch, motion_kernel(float(way[0]), float(way[1])))
    blur(patch, sigma if sigma > 0.3 else None)
    if "dimming" in now:
        _fade(canvas, patch, *now["dimming"], settings)
    canvas.paint(patch, number if number < scene.objects else None)
    if "occlusion" in now:
        hidden = actor.occluders[now["occlusion"][0].start].patch(patch, index, settings.severity)
        if hidden is not None:
            canvas.paint(hidden, None)


def _blurs(now: _Now, velocity: FloatArray, settings: MiniVIDSettings, unit: float) -> tuple[FloatArray, float]:
    """The way which an object smears over while the shutter is open, (2,) px, and the sigma of its defocus, px."""
    way = velocity * settings.exposure
    if "blur" not in now:
        return way, 0.0
    burst, strength = now["blur"]
    sigma = (0.6 + 0.4 * burst.strength) * settings.blur_sigma * unit * strength
    if burst.side % 2 == 0:
        return way, sigma
    speed = float(np.hypot(*velocity))  # a long exposure instead; what stands still smears sideways
    direction = velocity / speed if speed > 1.0 else np.array([1.0, 0.0])
    return direction * max(3.5 * sigma, speed * settings.exposure), 0.0


def _matrix(actor: Actor, index: int, pose: tuple[Burst, float] | None, settings: MiniVIDSettings) -> FloatArray:
    """From the cut-out's unit square to pixels: size, facing, an odd pose, rotation."""
    track = actor.track
    width, height = (side * track.scale[index] for side in actor.size)
    matrix = np.array([[width * track.facing[index], 0.0], [0.0, height]])
    angle = float(track.tilt[index])
    if pose is not None:
        burst, strength = pose
        low, high = settings.pose_turn
        turn = np.deg2rad(low + (high - low) * burst.strength) * strength
        if burst.side < 2:
            angle += turn * (1 if burst.side else -1)
        else:  # foreshortened and leaning instead
            squash, lean = 1 - 0.5 * min(strength, 1.2), (0.5 if burst.side == 2 else -0.5) * strength
            matrix = np.array([[squash, lean * squash], [0.0, 1.1]]) @ matrix
            angle += 0.3 * turn
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]]) @ matrix


def _shadow(canvas: Canvas, patch: Patch, strength: float) -> None:
    box = outline_box(patch)
    if box is not None:
        width, height = box[2] - box[0] + 1, box[3] - box[1] + 1
        canvas.darken((box[0] + width / 2, box[3] - 0.01 * height), (1.1 * width, 0.16 * height + 2), strength)


def _fade(canvas: Canvas, patch: Patch, burst: Burst, strength: float, settings: MiniVIDSettings) -> None:
    """Take contrast from an object: towards the colour around it (haze), or towards black (shade)."""
    low, high = settings.dimming_loss
    share = min(0.95, (low + (high - low) * burst.strength) * strength)
    around = canvas.mean_colour(patch) * (1.0 if burst.side % 2 else 0.35)
    patch.colour = (1 - share) * patch.colour + share * patch.alpha[..., None] * around


def _develop(image: Float32, scene: Scene, index: int) -> Image:
    """What lens, light and sensor do to the whole image."""
    settings, unit = scene.settings, scene.frame[1] / 240.0
    sigma, loss, noise = 2.0 * unit * settings.degradation, 0.6 * settings.degradation, settings.noise
    for burst in scene.bursts:
        strength = level(burst, index) * settings.severity
        if burst.kind == "blur":
            sigma = max(sigma, 0.75 * settings.blur_sigma * unit * strength * (0.6 + 0.4 * burst.strength))
        else:
            low, high = settings.dimming_loss
            loss = max(loss, min(0.92, (low + (high - low) * burst.strength) * strength))
    if sigma > 0.3:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), sigma))
    if loss:
        image = (1 - loss) * image + 12 * loss
        noise *= 1 + 1.5 * loss
    row, column = scene.noise_shift[index]
    width, height = scene.frame
    grain = _noise_tile(width + 64, height + 64)[row : row + height, column : column + width]
    return np.clip(image + noise * grain + 0.5, 0, 255).astype(np.uint8)


@lru_cache(maxsize=4)
def _noise_tile(width: int, height: int) -> Float32:
    """Standard normal grain, always the same; frames read it at random places."""
    return np.random.default_rng(0).standard_normal((height, width, 3), dtype=np.float32)
