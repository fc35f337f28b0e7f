"""Where the time of a frame goes, from the video file to the drawn one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from detectron2.config import CfgNode

from .. import online_tracks
from ..demo import ResultDrawer
from ..modeling import DetectAndTrack
from ..predictor import VideoPredictor
from ..tubes import online, online_kernels
from ..video import VideoWriter, read_frames
from .figures import Table
from .stopwatch import REST, Part, Stopwatch

DECODE, DRAW, ENCODE = "decode", "draw", "encode"


def network_parts(model: DetectAndTrack) -> list[Part]:
    """Of a network, by the names of the paper."""
    parts = [
        Part("normalise, pad, batch", model, "preprocess"),
        Part("trunk", model.backbone, "forward"),
        Part("RPN", model.proposal_generator, "forward"),
        Part("position-sensitive maps", model.roi_heads, "maps"),
        Part("PSRoI pooling, softmax, boxes", model.roi_heads, "candidates"),
        Part("NMS of the frame's result", model.roi_heads, "frame_result"),
    ]
    if model.track_head is not None:
        parts += [
            Part("correlation", model.track_head, "correlate"),
            Part("track: maps, pooling, boxes", model.track_head, "track"),
        ]
    return parts


def time_parts(
    cfg: CfgNode, model: DetectAndTrack, source: Path, target: Path, *, names: Sequence[str], device: str = "cpu"
) -> Stopwatch:
    """Run a video through the network online, one part after the other, and draw it.

    Args:
        cfg: of the network.
        model: as the predictor takes it.
        source: a video file; its first frame warms up and isn't timed.
        target: an mp4 file to be written.
        names: of the classes.
        device: that the network is on.
    """
    predictor = VideoPredictor(cfg, model=model, mode="online")
    parts = [
        Part("resize", predictor._input, "item"),
        *network_parts(model),
        Part("voting", online, "vote_classes"),
        Part("link", online_kernels, "link_frame"),
        Part("link", online_tracks.OnlineTracks, "step"),
    ]
    frames, draw = read_frames(source), ResultDrawer(names, score=0.3)
    first = next(frames)
    with VideoWriter(target, 25.0) as writer:
        writer.write(draw(first, *predictor.step(first)))
        with Stopwatch(parts, device=device, also=(DECODE, DRAW, ENCODE)) as watch:
            for frame in watch.each(DECODE, frames):
                (result,) = predictor.step(frame)
                with watch.part(DRAW):
                    picture = draw(frame, result)
                with watch.part(ENCODE):
                    writer.write(picture)
    return watch


def breakdown_table(watch: Stopwatch, title: str) -> Table:
    """Milliseconds of a frame and shares, in the order of the work."""
    frames = watch.calls[DRAW]
    order = [DECODE, *(name for name in watch.seconds if name not in (DECODE, DRAW, ENCODE, REST)), DRAW, ENCODE, REST]
    rows: list[tuple[Any, ...]] = [
        (name, 1e3 * watch.seconds[name] / frames, 100 * watch.seconds[name] / watch.total) for name in order
    ]
    rows.append(("all", 1e3 * watch.total / frames, 100.0))
    return Table(title, ("part", "ms a frame", "%"), tuple(rows))
