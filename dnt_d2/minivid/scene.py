"""One video of MiniVID: what is in it, how it moves and what goes wrong, drawn before the first frame is painted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from .difficulty import Burst, draw_burst, plan_bursts, plan_shared_bursts
from .motion import FREE, GAITS, FloatArray, Gait, Track, plan_camera, plan_track
from .occluder import Occluder, make_occluder
from .painting import premultiply
from .repaint import repaint
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
        noise_shift: (L, 2) where each frame reads the noise, px.
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
    noise_shift: NDArray[np.int64]
    settings: MiniVIDSettings


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
    unit, still = frame[1] / 240.0, length == 1
    margin = 0.0 if still else float(np.ceil(4.0 * settings.shake * unit))
    room = np.zeros(2) if still else 0.8 * np.array(frame)
    backdrop = _backdrop(background, np.array(frame) + 2 * margin, room, frame[1], settings, rng)
    room = np.array(backdrop.shape[1::-1]) - np.array(frame) - 2 * margin
    pan, shake = plan_camera(length, room, settings, unit, rng)
    shake = np.zeros_like(shake) if still else shake
    shared = [] if still else plan_shared_bursts(length, settings, rng)
    light = backdrop[::8, ::8].mean(axis=(0, 1))
    actors: list[Actor] = []
    for index, cutout in enumerate([*objects, *distractors]):
        wanted = index < len(objects)
        may_cross = not still and (len(objects) > 1 or not wanted)
        crossing = bool(may_cross and rng.random() < settings.crossing_share)
        actor = _cast(cutout, frame, pan, crossing, actors, settings, rng)
        actor = replace(actor, texture=_texture(cutout, actor, light, settings, rng))
        actors.append(_trouble(actor, shared, shake, frame, backdrop, settings, rng) if wanted else actor)
    grain = rng.integers(0, 64, (length, 2))
    view = margin + pan - shake
    return Scene(frame, length, backdrop, view, shake, tuple(actors), len(objects), tuple(shared), grain, settings)


def _backdrop(
    background: Image,
    least: FloatArray,
    room: FloatArray,
    frame_height: int,
    settings: MiniVIDSettings,
    rng: np.random.Generator,
) -> Image:
    """A random part of the background, at the size at which the camera sees it, a little recoloured, maybe mirrored.

    It is at least ``least`` wide and high, and larger by ``room`` where the background reaches so far.
    """
    whole = np.array(background.shape[1::-1], float)
    scale = float(max((least / whole).max(), rng.uniform(1.25, 2.0) * frame_height / whole[1]))
    size = np.minimum(np.ceil(least + room), np.floor(whole * scale + 1e-6)).astype(int)
    part = np.minimum(np.round(size / scale), whole).astype(int)
    x, y = (int(rng.integers(int(w) - int(p) + 1)) for w, p in zip(whole, part, strict=True))
    cut = background[y : y + part[1], x : x + part[0]]
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = np.asarray(cv2.resize(cut, (int(size[0]), int(size[1])), interpolation=method))
    if rng.random() < 0.5:
        resized = resized[:, ::-1]
    gain = 1 + 0.5 * settings.colour_jitter * rng.uniform(-1, 1, 3)
    return np.ascontiguousarray(np.clip(resized * gain.astype(np.float32), 0, 255).astype(np.uint8))


def _cast(
    cutout: Cutout,
    frame: tuple[int, int],
    pan: FloatArray,
    crossing: bool,
    others: list[Actor],
    settings: MiniVIDSettings,
    rng: np.random.Generator,
) -> Actor:
    """Give a cut-out its size, and of some ways that it might take the one that meets the others least."""
    height, width = cutout.image.shape[:2]
    side = float(np.exp(rng.uniform(*np.log(settings.object_size)))) * frame[1] / 240.0
    size = np.array([side * np.sqrt(width / height), side * np.sqrt(height / width)])
    size *= min(1.0, float((settings.largest_side * np.array(frame) / size).min()))
    gait, free = GAITS.get(cutout.class_name, "walk"), cutout.class_name in FREE
    if not cutout.class_name:
        gait, settings = "drive", replace(settings, median_speed=0.3 * settings.median_speed)
    ways: list[tuple[float, int, Track]] = []
    for _ in range(settings.ways_tried):
        track = plan_track(gait, free, (size[0], size[1]), frame, pan, crossing, settings, rng)
        ways.append((sum(_meeting(track, size, other) for other in others), len(ways), track))
    track = min(ways)[2]  # the first of the best; no two have the same number
    if not cutout.class_name:  # a thing does not turn round, and lies behind as often as not
        track = replace(
            track, facing=np.full(len(pan), rng.choice([-1.0, 1.0])), depth=track.depth - rng.uniform(0, 0.6)
        )
    return Actor(cutout.class_name, cutout.key, cutout.image, (size[0], size[1]), gait, not free, track)


def _meeting(track: Track, size: FloatArray, other: Actor) -> float:
    """The share of frames in which an object of this track and another one lie over each other."""
    apart = np.abs(track.centre - other.track.centre) / (0.4 * (size + np.array(other.size)))
    return float((apart < 1).all(axis=1).mean())


def _texture(
    cutout: Cutout, actor: Actor, light: FloatArray, settings: MiniVIDSettings, rng: np.random.Generator
) -> Image:
    """The cut-out as large as it will appear, recoloured, with something of the light of the place."""
    texture = premultiply(cutout.image)
    largest = [max(2, int(np.ceil(side * actor.track.scale.max()))) for side in actor.size]
    if largest[0] < texture.shape[1]:
        texture = np.asarray(cv2.resize(texture, (largest[0], largest[1]), interpolation=cv2.INTER_AREA), np.uint8)
    texture = repaint(texture, settings.repaint, rng)
    gain = 1 + settings.colour_jitter * (0.7 * rng.uniform(-1, 1) + 0.3 * rng.uniform(-1, 1, 3))
    gain = gain * ((light + 20) / (light.mean() + 20)) ** 0.3
    bound = texture[..., 3:].astype(np.float32)  # a premultiplied colour never exceeds alpha
    lit = np.minimum(texture[..., :3] * gain.astype(np.float32), bound)
    return np.dstack([lit.astype(np.uint8), texture[..., 3:]])


def _trouble(
    actor: Actor,
    shared: list[Burst],
    shake: FloatArray,
    frame: tuple[int, int],
    backdrop: Image,
    settings: MiniVIDSettings,
    rng: np.random.Generator,
) -> Actor:
    """The same actor with bursts of its own, over the frames in which it is in the image."""
    centre = actor.track.centre + shake
    inside = np.flatnonzero(((centre >= 0) & (centre < np.array(frame))).all(axis=1))
    if len(centre) == 1:
        hit = settings.severity > 0 and rng.random() < settings.still_trouble
        bursts = [draw_burst(0, 1, settings, rng)] if hit else []
    elif len(inside):
        share = rng.uniform(*settings.burst_share)
        bursts = plan_bursts(int(inside[0]), int(inside[-1]) + 1, share, shared, settings, rng)
    else:
        return actor
    occluders = {b.start: make_occluder(b, backdrop, settings, rng) for b in bursts if b.kind == "occlusion"}
    return replace(actor, bursts=tuple(bursts), occluders=occluders)
