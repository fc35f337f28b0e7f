"""Stage "drawing": boxes, tags and trails on the frames of a video, against what other people draw with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import torch
from detectron2.data import Metadata
from detectron2.structures import Instances
from detectron2.utils.video_visualizer import VideoVisualizer
from numpy.typing import NDArray

from .. import visualize
from ..frame_result import Tracked
from ..vid_classes import VID_CLASSES
from ..video import Frame
from .figures import Comparison, Figure, Limit, Scaling, Stage, Table
from .floors import copy_rate
from .memory import peak_extra_bytes
from .options import Options
from .stopwatch import Part, Stopwatch
from .timing import take_turns

Draw = Callable[[Frame, Instances], Any]
SIZES = {"720p": (720, 1280), "1080p": (1080, 1920), "4K": (2160, 3840)}
TRACKS, TRAIL, LENGTH = 10, 30, 60
"""Of a frame; frames of a trail, and of the clip, which comes round to its beginning."""
OURS, DETECTRON2, SUPERVISION = "dnt_d2", "Detectron2's VideoVisualizer", "supervision"


class Moving:
    """A clip of one frame that objects move over for ever; a call draws the next frame."""

    def __init__(self, draw: Draw, size: tuple[int, int], tracks: int, seed: int) -> None:
        """
        Args:
            draw: is given the frame, and what is in it.
            size: height and width of the frame.
            tracks: objects of a frame.
            seed: of the picture, and of where they go.
        """
        self._draw, self._next = draw, 0
        rng = np.random.default_rng(seed)
        coarse = rng.integers(0, 256, (size[0] // 8 + 1, size[1] // 8 + 1, 3), np.uint8)
        self._frame = np.asarray(cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC), np.uint8)
        self._found = moving_tracks(size, tracks, rng)
        for _ in range(TRAIL):
            self()

    def __call__(self) -> Any:
        self._next = (self._next + 1) % LENGTH
        return self._draw(self._frame, self._found[self._next])


def moving_tracks(size: tuple[int, int], tracks: int, rng: np.random.Generator) -> list[Instances]:
    """What is in each frame: objects of a tenth to a third of the height, which go round in ellipses."""
    height, width = size
    centre = rng.uniform(0.15, 0.85, (tracks, 2)) * (width, height)
    half = rng.uniform(0.05, 0.17, (tracks, 2)) * height
    reach, phase = rng.uniform(0.02, 0.12, (tracks, 2)) * height, rng.uniform(0, 2 * np.pi, (tracks, 2))
    ids = np.arange(tracks)
    frames = []
    for t in range(LENGTH):
        at = centre + reach * np.sin(2 * np.pi * t / LENGTH + phase)
        raw, rescored = rng.random((2, tracks))
        tracked = Tracked(np.hstack([at - half, at + half]), rescored, raw, ids % len(VID_CLASSES), ids)
        frames.append(tracked.to_instances(size))
    return frames


def ours() -> Draw:
    """Both scores in the tag, which the others have no room for."""
    drawer = visualize.TrackDrawer(TRAIL)

    def draw(frame: Frame, found: Instances) -> Frame:
        labels = [VID_CLASSES[c] for c in found.pred_classes.tolist()]
        arrays = (found.get(key).numpy() for key in ("track_ids", "scores", "raw_scores"))
        return drawer.draw(frame, found.pred_boxes.tensor.numpy(), labels, *arrays)

    return draw


def detectron2() -> Draw:
    """Boxes and tags, without trails, from BGR and to BGR."""
    drawer = VideoVisualizer(Metadata(name="drawing", thing_classes=list(VID_CLASSES)))

    def draw(frame: Frame, found: Instances) -> NDArray[np.uint8]:
        return drawer.draw_instance_predictions(frame[:, :, ::-1], found).get_image()[:, :, ::-1]

    return draw


def supervision() -> Draw:
    """Boxes, tags and trails.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    import supervision as sv

    by_track = sv.ColorLookup.TRACK
    trails = sv.TraceAnnotator(trace_length=TRAIL, color_lookup=by_track)
    boxes, tags = sv.BoxAnnotator(color_lookup=by_track), sv.LabelAnnotator(color_lookup=by_track)

    def draw(frame: Frame, found: Instances) -> Frame:
        detections = sv.Detections.from_detectron2({"instances": found})
        detections.tracker_id = found.track_ids.numpy()
        rows = zip(found.pred_classes.tolist(), found.ID, found.scores.tolist(), strict=True)
        labels = [f"{VID_CLASSES[c]} {track}  {score:.2f}" for c, track, score in rows]
        shown = boxes.annotate(trails.annotate(frame.copy(), detections), detections)
        return tags.annotate(shown, detections, labels)

    return draw


def measure_drawing(options: Options) -> Stage:
    """10 tracks with trails of 30 frames at 720p, then larger frames and more tracks."""
    stage = Stage(
        "drawing", f"Boxes, tags with two scores, trails of {TRAIL} frames; {torch.get_num_threads()} threads, uint8"
    )
    _peers(stage, options)
    _sizes(stage, options)
    stage.tables.append(breakdown(_scaled("720p", options), options))
    stage.scaling.append(_scaling(options))
    return stage


def _scaled(name: str, options: Options) -> tuple[int, int]:
    height, width = SIZES[name]
    return options.scaled(height, 16), options.scaled(width, 16)


def _peers(stage: Stage, options: Options) -> None:
    makers = {OURS: ours, DETECTRON2: detectron2, SUPERVISION: supervision}
    size, calls = _scaled("720p", options), {}
    for name, make in makers.items():
        try:
            calls[name] = Moving(make(), size, TRACKS, options.seed)
        except ModuleNotFoundError as error:
            stage.notes.append(f"{name} was left out: {error}.")
    timings = take_turns(calls)
    what = f"draw {TRACKS} tracks on a frame of {size[0]}x{size[1]}"
    stage.comparisons += [Comparison.of(what, name, OURS, timings) for name in calls if name != OURS]
    stage.notes.append(
        "VideoVisualizer draws no trails; supervision draws one score, no smooth lines, and trails that do not fade."
    )


def _sizes(stage: Stage, options: Options) -> None:
    for name in SIZES:
        size = _scaled(name, options)
        counts = (TRACKS, 3 * TRACKS)
        calls = {f"{count} tracks": Moving(ours(), size, count, options.seed) for count in counts}
        floor = 3 * size[0] * size[1] / copy_rate()
        for tracks, timing in take_turns(calls).items():
            extra = peak_extra_bytes(calls[tracks])
            what = f"draw {tracks} on a frame of {size[0]}x{size[1]}"
            stage.figures.append(Figure.of(what, timing, floor=floor, floor_of="copying the frame", extra_bytes=extra))
    first = stage.figures[0]
    stage.limits.append(Limit(first.what, 1e3 * first.seconds, 5.0, "ms"))


def breakdown(size: tuple[int, int], options: Options) -> Table:
    """Milliseconds of each part of a frame."""
    call, frames = Moving(ours(), size, TRACKS, options.seed), options.scaled(100, 2)
    parts = [
        Part("trails", visualize.Trails, "step"),
        Part("trails", visualize, "draw_trails"),
        Part("boxes", visualize, "_draw_box"),
        Part("places of tags", visualize, "place_tags"),
        Part("tags", visualize, "draw_tag"),
    ]
    with Stopwatch(parts) as watch:
        for _ in range(frames):
            call()
    rows: list[tuple[Any, ...]] = [
        ("a copy, and the rest" if name == "rest" else name, 1e3 * seconds / frames, 100 * seconds / watch.total)
        for name, seconds in watch.seconds.items()
    ]
    rows.append(("all", 1e3 * watch.total / frames, 100.0))
    title = f"Where the time of a frame of {size[0]}x{size[1]} with {TRACKS} tracks goes:"
    return Table(title, ("part", "ms a frame", "%"), tuple(rows))


def _scaling(options: Options) -> Scaling:
    sizes = (10, 20, 40)
    calls = {str(count): Moving(ours(), _scaled("720p", options), count, options.seed) for count in sizes}
    seconds = tuple(timing.median for timing in take_turns(calls).values())
    extra = tuple(peak_extra_bytes(call) for call in calls.values())
    stated = "linear, and a part that is quadratic: tags that look for places apart from each other"
    return Scaling("draw a frame of 720p", "tracks", sizes, seconds, extra, stated)
