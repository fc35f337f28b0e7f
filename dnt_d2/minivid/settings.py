"""Every knob of MiniVID in one place, with its unit and why it has the value it has."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from .sprites import Split

SPLITS: tuple[Split, ...] = ("train", "val_seen", "val_novel")


@dataclass(frozen=True)
class MiniVIDSettings:
    """What a MiniVID is made of. The same settings, seed and pictures give the same bytes.

    Lengths are in pixels of a frame of reference that is 240 pixels high; a video of another height scales them.

    Attributes:
        seed: of everything; each video and each still has its own generator, from (seed, split, its number).
        train_videos, val_seen_videos, val_novel_videos: how many videos of each split.
        train_frames, val_frames: frames in a video; 60 in validation, so that a temporal stride of 10 means something.
        stills: single images (the DET half of training), from training cut-outs only.
        frame_sizes: (width, height) of the videos, in turn.
        jpeg_quality: 1 to 100.
        classes: class names to use, in any order; empty for all that the picture source has.
        exchanged: keys of photographs of objects (in `photographs.json`) that train instead of being kept for
            `val_novel`, or the other way round.
        objects_weights: how often a video holds 1, 2, 3 and 4 objects.
        twins_share: the share of videos that hold two objects of one class (the target is a third or more).
        distractors_max: a video holds 0 to this many moving cut-outs of no class, never annotated.
        object_size: sqrt(width x height) of an object at its mean scale, from and to, px.
        ways_tried: so many trajectories are drawn for an object, and the one that meets the others least is taken;
            1 lets chance alone decide who hides whom.
        approach: how much an object's scale swings about its mean, in [0, 1).
        largest_side: no side of an object exceeds this share of that side of the frame.
        median_speed: median speed over tracks, px per frame.
        speed_spread: deviation of log speed over tracks; 0.8 makes the fastest quarter 1.7 times the median.
        turn_rate: deviation of the change of heading per frame, rad.
        shake: amplitude of a shaking camera, px; each video draws a factor in [0.2, 1].
        pan_speed: speed of a panning camera over the background, px per frame; each video draws a factor in [0, 1].
        exposure: the share of a frame's time in which the shutter is open; motion blur is as long as the way in it.
        crossing_share: the share of tracks that enter or leave the image (the target is a fifth at most). Objects
            that are alone in their video never do.
        shadow: how dark the shadow under an object on the ground is, in [0, 1].
        noise: deviation of the sensor noise, grey levels.
        colour_jitter: how much the colour of each track differs from its cut-out, in [0, 1].
        repaint: how far a track of a training video, or an object of a still, may be from the colours of its cut-out,
            in [0, 1], see :mod:`.repaint`. Validation shows the cut-outs as they are.
        burst_share: from and to, which share of a track's frames lies in bursts of difficulty.
        burst_length: from and to, frames in a burst.
        shared_bursts: the share of a video's frames in bursts that strike the whole image (blur, dimming).
        blur_weight, occlusion_weight, dimming_weight, pose_weight: how often a burst is of that kind.
        still_trouble: the share of the objects in stills that such a thing befalls.
        severity: strength of all bursts: 0 is none, 1 the default, 1.5 the worst. Tune it so that the frame AP50 of
            D is 50 to 75; outside of that a comparison says nothing.
        blur_sigma: of a blur burst at severity 1, px.
        occlusion_cover: from and to, which share of the object's area an occluder hides at severity 1.
        dimming_loss: from and to, which share of contrast a dimming burst takes at severity 1.
        pose_turn: from and to, how far an odd pose turns the object at severity 1, degrees.
        degradation: strength of one blur, dimming and noise over whole videos, in [0, 1]; off in the headline set,
            since a tube can't recover what is bad in every frame.
        smallest_visible: objects with a smaller share of their area visible are not annotated.
        occluded_below: objects with a smaller share visible have `occluded` 1.
        generated_below: objects with a smaller share visible have `generated` 1: where an annotator sees less than
            half of an object, the box is drawn by interpolation.
    """

    seed: int = 0
    train_videos: int = 168
    train_frames: int = 12
    stills: int = 1600
    val_seen_videos: int = 24
    val_novel_videos: int = 14
    val_frames: int = 60
    frame_sizes: tuple[tuple[int, int], ...] = ((320, 240), (352, 240))
    jpeg_quality: int = 90
    classes: tuple[str, ...] = ()
    exchanged: tuple[str, ...] = ()
    objects_weights: tuple[float, float, float, float] = (0.4, 0.35, 0.2, 0.05)
    twins_share: float = 0.4
    distractors_max: int = 2
    object_size: tuple[float, float] = (68.0, 112.0)
    ways_tried: int = 3
    approach: float = 0.2
    largest_side: float = 0.66
    median_speed: float = 19.0
    speed_spread: float = 0.8
    turn_rate: float = 0.12
    shake: float = 10.0
    pan_speed: float = 6.0
    exposure: float = 0.3
    crossing_share: float = 0.08
    shadow: float = 0.35
    noise: float = 2.5
    colour_jitter: float = 0.25
    repaint: float = 0.0
    burst_share: tuple[float, float] = (0.33, 0.43)
    burst_length: tuple[int, int] = (2, 8)
    shared_bursts: float = 0.1
    blur_weight: float = 1.0
    occlusion_weight: float = 1.0
    dimming_weight: float = 1.0
    pose_weight: float = 0.7
    still_trouble: float = 0.25
    severity: float = 1.0
    blur_sigma: float = 4.0
    occlusion_cover: tuple[float, float] = (0.4, 0.75)
    dimming_loss: tuple[float, float] = (0.6, 0.85)
    pose_turn: tuple[float, float] = (35.0, 75.0)
    degradation: float = 0.0
    smallest_visible: float = 0.2
    occluded_below: float = 0.7
    generated_below: float = 0.5

    def __post_init__(self) -> None:
        counts = (self.train_videos, self.stills, self.val_seen_videos, self.val_novel_videos)
        if min(counts) < 0:
            raise ValueError(f"MiniVID: the numbers of videos and stills must not be negative, got {counts}")
        if min(self.train_frames, self.val_frames) < 1:
            raise ValueError("MiniVID: a video needs at least one frame; check train_frames and val_frames")
        if not self.frame_sizes or min(min(size) for size in self.frame_sizes) < 64:
            raise ValueError(f"MiniVID: frames must be at least 64 x 64 pixels, got {self.frame_sizes}")
        if not 0 < self.object_size[0] <= self.object_size[1] <= 200:
            raise ValueError(f"MiniVID: object_size must rise and lie in (0, 200] px, got {self.object_size}")
        if not 0 <= self.severity <= 1.5:
            raise ValueError(f"MiniVID: severity must lie in [0, 1.5], got {self.severity}")
        if not 0 <= self.repaint <= 1:
            raise ValueError(f"MiniVID: repaint must lie in [0, 1], got {self.repaint}")
        if not 0 <= self.degradation <= 1:
            raise ValueError(f"MiniVID: degradation must lie in [0, 1], got {self.degradation}")
        weights = (self.blur_weight, self.occlusion_weight, self.dimming_weight, self.pose_weight)
        if min(weights) < 0 or sum(weights) == 0:
            raise ValueError(
                f"MiniVID: weights of bursts must not be negative, nor all 0 (see severity), got {weights}"
            )
        if self.ways_tried < 1:
            raise ValueError(f"MiniVID: ways_tried must be at least 1, got {self.ways_tried}")
        if not 1 <= self.burst_length[0] <= self.burst_length[1]:
            raise ValueError(f"MiniVID: burst_length must be at least 1 and rise, got {self.burst_length}")

    def videos(self, split: Split) -> int:
        """How many videos the split holds."""
        return {"train": self.train_videos, "val_seen": self.val_seen_videos, "val_novel": self.val_novel_videos}[split]

    def frames(self, split: Split) -> int:
        """How many frames each video of the split has."""
        return self.train_frames if split == "train" else self.val_frames

    def digest(self, pictures: str) -> str:
        """A short name for these settings together with the pictures they are used on (a digest of the source)."""
        text = json.dumps(asdict(self), sort_keys=True) + pictures
        return hashlib.sha256(text.encode()).hexdigest()[:16]
