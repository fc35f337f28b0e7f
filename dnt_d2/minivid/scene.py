"""One video of MiniVID: what is in it, how it moves and what goes wrong, drawn before the first frame is painted."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np

from .difficulty import Burst, level, plan_bursts, plan_shared_bursts
from .motion import FREE, GAITS, FloatArray, Gait, Track, plan_camera, plan_track
from .occluder import Occluder, make_occluder
from .painting import Canvas, Float32, Patch, blur, motion_kernel, premultiply, warp
from .settings import MiniVIDSettings
from .sprites import Cutout, Image


@dataclass(frozen=True)
class Actor:
    """One moving cut-out: an object, or a distractor (``class_name`` "").

    Attributes:
        class_name: of the object.
        key: of its cut-out.
        texture: (H, W, 4) BGRA, premultiplied, as large as it ever appears.
        size: mean width and height in the image, px.
        gait: how it moves.
        grounded: whether it casts a shadow.
        track: its trajectory.
        bursts: its own difficulties.
        occluders: one for each of its occlusion bursts, by the burst's first frame.
    """

    class_name: str
    key: str
    texture: Image
    size: tuple[float, float]
    gait: Gait
    grounded: bool
    track: Track
    bursts: tuple[Burst, ...] = ()
    occluders: dict[int, Occluder] = field(default_factory=dict)


@dataclass(frozen=True)
class Scene:
    """A whole video, ready to be painted.

    Attributes:
        frame: width and height, px.
        length: frames.
        background: (H, W, 3) BGR, larger than the frame.
        view: (L, 2) x, y of the frame's first pixel in the background.
        shake: (L, 2) px, added to the place of everything.
        actors: objects first (their index is their track id), then distractors.
        objects: how many of the actors are objects.
        bursts: those that strike the whole image.
        noise_shift: (L, 2) where each frame reads the noise.
        settings: the knobs.
    """

    frame: tuple[int, int]
    length: int
    background: Image
    view: FloatArray
    shake: FloatArray
    actors: tuple[Actor, ...]
    objects: int
    bursts: tuple[Burst, ...]
    noise_shift: np.ndarray
    settings: MiniVIDSettings


@dataclass(frozen=True)
class ObjectBox:
    """What is annotated of one object in one frame: inclusive corners in px, and how much of it can be seen."""

    track_id: int
    class_name: str
    box: tuple[int, int, int, int]
    visible: float


def plan_scene(
    objects: list[Cutout],
    distractors: list[Cutout],
    background: Image,
    frame: tuple[int, int],
    length: int,
    settings: MiniVIDSettings,
    rng: np.random.Generator,
) -> Scene:
    """Draw a video from its generator.

    Args:
        objects: the cut-outs to be annotated, one for each track.
        distractors: cut-outs of no class.
        background: (H, W, 3) BGR of any size.
        frame: width and height, px.
        length: frames; 1 makes a still.
        settings: the knobs.
        rng: of this video; nothing else is random.
    """
    unit = frame[1] / 240.0
    margin = np.ceil(4.0 * settings.shake * unit)
    backdrop = _backdrop(background, frame, int(margin), settings, rng)
    room = np.array(backdrop.shape[1::-1]) - np.array(frame) - 2 * margin
    pan, shake = plan_camera(length, np.maximum(room, 0), settings, unit, rng)
    if length == 1:
        shake = np.zeros_like(shake)
    shared = plan_shared_bursts(length, settings, rng) if length > 1 else []
    actors = []
    for index, cutout in enumerate([*objects, *distractors]):
        wanted = index < len(objects)
        crossing = length > 1 and (len(objects) > 1 or not wanted) and rng.random() < settings.crossing_share
        actor = _cast(cutout, frame, pan, crossing, settings, rng)
        actors.append(
            _trouble(actor, shared, shake, frame, backdrop, settings, rng) if wanted and length > 1 else actor
        )
    return Scene(
        frame,
        length,
        backdrop,
        margin + pan - shake,
        shake,
        tuple(actors),
        len(objects),
        tuple(shared),
        rng.integers(0, 64, (length, 2)),
        settings,
    )


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


def _backdrop(
    background: Image, frame: tuple[int, int], margin: int, settings: MiniVIDSettings, rng: np.random.Generator
) -> Image:
    """The background at the size at which the camera looks at a part of it, a little recoloured, perhaps mirrored."""
    zoom = rng.uniform(1.25, 2.0)
    need = np.array([frame[0] + 2 * margin, frame[1] + 2 * margin]) / np.array(background.shape[1::-1])
    scale = float(max(need.max(), zoom * frame[1] / background.shape[0]))
    size = tuple(int(np.ceil(side * scale)) for side in background.shape[1::-1])
    resized = cv2.resize(background, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    if rng.random() < 0.5:
        resized = resized[:, ::-1]
    gain = 1 + 0.5 * settings.colour_jitter * rng.uniform(-1, 1, 3)
    return np.ascontiguousarray(np.clip(resized * gain.astype(np.float32), 0, 255).astype(np.uint8))


def _cast(
    cutout: Cutout,
    frame: tuple[int, int],
    pan: FloatArray,
    crossing: bool,
    settings: MiniVIDSettings,
    rng: np.random.Generator,
) -> Actor:
    unit = frame[1] / 240.0
    height, width = cutout.image.shape[:2]
    side = float(np.exp(rng.uniform(*np.log(settings.object_size)))) * unit
    size = np.array([side * np.sqrt(width / height), side * np.sqrt(height / width)])
    size *= min(1.0, float((settings.largest_side * np.array(frame) / size).min()))
    gait = GAITS.get(cutout.class_name, "walk")
    free = cutout.class_name in FREE
    track = plan_track(gait, free, (size[0], size[1]), frame, pan, crossing, settings, rng)
    largest = [max(2, int(np.ceil(s * np.exp(settings.approach)))) for s in size]
    texture = premultiply(cutout.image)
    if largest[0] < width:
        texture = cv2.resize(texture, tuple(largest), interpolation=cv2.INTER_AREA)
    gain = 1 + settings.colour_jitter * (0.7 * rng.uniform(-1, 1) + 0.3 * rng.uniform(-1, 1, 3))
    bound = texture[..., 3:].astype(np.float32)  # a premultiplied colour never exceeds alpha
    texture[..., :3] = np.minimum(texture[..., :3] * gain.astype(np.float32), bound).astype(np.uint8)
    return Actor(cutout.class_name, cutout.key, texture, (size[0], size[1]), gait, not free, track)


def _trouble(
    actor: Actor,
    shared: list[Burst],
    shake: FloatArray,
    frame: tuple[int, int],
    backdrop: Image,
    settings: MiniVIDSettings,
    rng: np.random.Generator,
) -> Actor:
    """The same actor with bursts of its own over the frames in which it is in the image."""
    centre = actor.track.centre + shake
    inside = np.flatnonzero(((centre >= 0) & (centre < np.array(frame))).all(axis=1))
    if not len(inside):
        return actor
    first, last = int(inside[0]), int(inside[-1]) + 1
    bursts = plan_bursts(first, last, rng.uniform(*settings.burst_share), shared, settings, rng)
    occluders = {b.start: make_occluder(b, backdrop, settings, rng) for b in bursts if b.kind == "occlusion"}
    kept = (actor.class_name, actor.key, actor.texture, actor.size, actor.gait, actor.grounded, actor.track)
    return Actor(*kept, tuple(bursts), occluders)


def _background(scene: Scene, index: int) -> Image:
    """The part of the background that the camera sees, blurred by its own motion."""
    width, height = scene.frame
    centre = scene.view[index] + (np.array(scene.frame) - 1) / 2
    image = cv2.getRectSubPix(scene.background, (width, height), (float(centre[0]), float(centre[1])))
    way = _velocity(scene.view, index) * scene.settings.exposure
    kernel = motion_kernel(float(way[0]), float(way[1]))
    return image if kernel is None else cv2.filter2D(image, -1, kernel)


def _velocity(path: FloatArray, index: int) -> FloatArray:
    return path[min(index + 1, len(path) - 1)] - path[index] if index + 1 < len(path) else path[index] - path[index - 1]


def _paint_actor(canvas: Canvas, scene: Scene, number: int, index: int) -> None:
    actor, settings, unit = scene.actors[number], scene.settings, scene.frame[1] / 240.0
    now = {b.kind: (b, level(b, index) * settings.severity) for b in actor.bursts if b.start <= index < b.stop}
    centre = actor.track.centre[index] + scene.shake[index]
    way = _velocity(actor.track.centre + scene.shake, index) * settings.exposure
    if "blur" in now and now["blur"][0].side % 2:  # smeared along its way, or in any direction where it stands still
        burst, strength = now["blur"]
        length = (2.5 + 1.5 * burst.strength) * settings.blur_sigma * unit * strength
        way = way * length / max(float(np.hypot(*way)), 1.0) + np.array([0.5 * length, 0.0])
    room = 3 + int(np.abs(way).max() / 2)
    if "blur" in now:
        room += int(2 * settings.blur_sigma * unit * settings.severity)
    patch = warp(
        actor.texture,
        (float(centre[0]), float(centre[1])),
        _matrix(actor, index, now.get("pose"), settings),
        actor.gait,
        float(actor.track.phase[index]),
        room,
    )
    if actor.grounded and settings.shadow:
        _shadow(canvas, patch, settings.shadow)
    blur(patch, motion_kernel(float(way[0]), float(way[1])))
    if "blur" in now and not now["blur"][0].side % 2:
        burst, strength = now["blur"]
        blur(patch, float((0.6 + 0.4 * burst.strength) * settings.blur_sigma * unit * strength))
    if "dimming" in now:
        _fade(canvas, patch, *now["dimming"], settings)
    canvas.paint(patch, number if number < scene.objects else None)
    if "occlusion" in now:
        burst, strength = now["occlusion"]
        hidden = actor.occluders[burst.start].patch(patch, strength)
        if hidden is not None:
            canvas.paint(hidden, None)


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
    rows, columns = (np.flatnonzero(patch.outline.max(axis=axis) > 0.4) for axis in (1, 0))
    if len(rows):
        width, height = len(columns), len(rows)
        centre = (patch.x + columns[0] + width / 2, patch.y + float(rows[-1]) - 0.01 * height)
        canvas.darken(centre, (1.1 * width, 0.16 * height + 2), strength)


def _fade(canvas: Canvas, patch: Patch, burst: Burst, strength: float, settings: MiniVIDSettings) -> None:
    """Take contrast from an object: towards the colour around it (haze), or towards black (shade)."""
    low, high = settings.dimming_loss
    share = min(0.95, (low + (high - low) * burst.strength) * strength)
    around = canvas.mean_colour(patch) * (1.0 if burst.side % 2 else 0.35)
    patch.colour = (1 - share) * patch.colour + share * patch.alpha[..., None] * around


def _develop(image: Float32, scene: Scene, index: int) -> Image:
    """What lens, light and sensor do to the whole image."""
    settings, unit = scene.settings, scene.frame[1] / 240.0
    sigma, loss, noise = 0.0, 0.0, settings.noise
    for burst in scene.bursts:
        strength = level(burst, index) * settings.severity
        if strength and burst.kind == "blur":
            sigma = max(sigma, 0.75 * settings.blur_sigma * unit * strength * (0.6 + 0.4 * burst.strength))
        elif strength:
            low, high = settings.dimming_loss
            loss = max(loss, min(0.92, (low + (high - low) * burst.strength) * strength))
    sigma, loss = max(sigma, 2.0 * unit * settings.degradation), max(loss, 0.6 * settings.degradation)
    if sigma > 0.3:
        image = cv2.GaussianBlur(image, (0, 0), sigma)
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
