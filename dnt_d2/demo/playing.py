"""Frames with their results, drawn and handed to whoever wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ..frame_result import FrameResult
from ..pipeline import ahead
from ..predictor import VideoPredictor
from ..video import Frame, VideoSource, VideoWriter
from .drawing import ResultDrawer
from .passes import Shown, track_live
from .sinks import Sink, to_video
from .stopping import Stage


def play(
    shown: Iterable[Shown],
    *sinks: Sink,
    draw: Callable[[Frame, FrameResult], Frame] | None = None,
    stage: Stage | None = None,
) -> None:
    """Give each frame to every sink. What makes the frames, the drawing and the sinks work at once, each on its own.

    Args:
        shown: frames with their results, made in a background thread, a few ahead.
        sinks: called in the caller's thread, in the order of the frames.
        draw: gives the picture that the sinks get in the place of the frame; called in another thread, in order.
        stage: can stop it, between two frames.

    Raises:
        what any of them raises, when the frame's turn comes; by then the threads have ended.
    """

    def drawn(one: Shown) -> Shown:
        return one if draw is None else one._replace(image=draw(one.image, one.result))

    ready = ahead(shown)
    pictures = ready if draw is None else ahead(map(drawn, ready))
    with closing(ready), closing(pictures):
        for one in (stage or Stage())(pictures):
            for sink in sinks:
                sink(one)


def write_video(
    source: str | Path,
    results: Iterable[FrameResult],
    names: Sequence[str],
    output: str | Path,
    *,
    score: float = 0.0,
    compare: bool = False,
    scale: int = 1,
    frame_callback: Callable[[int, Frame], None] | None = None,
) -> None:
    """Draw results on the frames they came from.

    Args:
        source: as :class:`dnt_d2.video.VideoSource` takes it; one that can be read again.
        results: one per frame.
        names: of the classes.
        output: an mp4 file.
        score: see :class:`ResultDrawer`, as for the rest.
        compare: put the single frames' detections above the tubes.
        scale: enlarge the picture before drawing, by a whole number, for small videos.
        frame_callback: is given each index and drawn frame.

    Raises:
        ValueError: where there are more frames than results, or fewer.
    """

    def tell(one: Shown) -> None:
        if frame_callback is not None:
            frame_callback(one.result.frame_index, one.image)

    with VideoSource(source) as frames, VideoWriter(output, frames.info.fps) as writer:
        shown = (Shown(*timed, result) for timed, result in zip(frames, results, strict=True))
        with tqdm(total=frames.info.num_frames, desc="drawing", unit="frame") as bar:
            sinks = (to_video(writer), tell, lambda _: bar.update())
            play(shown, *sinks, draw=ResultDrawer(names, score, compare, scale))


def write_live(
    predictor: VideoPredictor, source: str | Path, names: Sequence[str], output: str | Path, **drawing: Any
) -> None:
    """Track and draw in one pass; see :func:`track_live` and, for the arguments of drawing, :class:`ResultDrawer`."""
    with VideoSource(source) as frames, VideoWriter(output, frames.info.fps) as writer:
        bar = tqdm(frames, total=frames.info.num_frames, desc="tracking", unit="frame")
        play(track_live(predictor, bar), to_video(writer), draw=ResultDrawer(names, **drawing))
