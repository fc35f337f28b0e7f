"""Track the objects of a video and draw them.

    python -m dnt_d2.demo --config-file configs/DnT_R_101.yaml --input clip.mp4 --output out.mp4 \\
        --timeline tubes.png MODEL.WEIGHTS model_final.pth

With ``--mode online`` it shows what would have been known in every frame, had the clip come from a camera; then frames
are decoded, tracked, drawn and encoded at once, in constant memory.
"""

from __future__ import annotations

import argparse
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import starmap
from pathlib import Path
from typing import Any

import numpy as np
import torch
from detectron2.config import CfgNode, get_cfg
from detectron2.data import MetadataCatalog
from tqdm import tqdm

from . import VideoPredictor, add_dnt_config
from .data import register_from_config
from .frame_result import FrameResult
from .pipeline import ahead
from .timeline import TubeSpan, draw_timeline
from .video import VideoInfo, VideoWriter, probe, read_frames
from .visualize import Frame, TrackDrawer, draw_tracks, side_by_side


def track_clip(predictor: VideoPredictor, source: str | Path) -> list[FrameResult]:
    """Run a predictor over a video file or a folder of images, with a progress bar."""
    frames = tqdm(read_frames(source), total=probe(source).num_frames, desc="tracking", unit="frame")
    return list(predictor.stream(frames))


def track_live(predictor: VideoPredictor, source: str | Path) -> Iterator[tuple[Frame, FrameResult]]:
    """Frames with their results, as soon as these are known. Online, that needs the memory of a few frames.

    Args:
        predictor: in mode "online"; offline, all frames would have to wait for the last one.
        source: as for :func:`track_clip`, or a camera.
    """
    waiting: deque[Frame] = deque()

    def kept() -> Iterator[Frame]:
        for frame in read_frames(source):
            waiting.append(frame)
            yield frame

    for result in predictor.stream(kept()):
        yield waiting.popleft(), result


def class_names(cfg: CfgNode) -> list[str]:
    """The names of the classes of the data that a config tests or trains on; numbers where nobody says."""
    for name in (*cfg.DATASETS.TEST, *cfg.DATASETS.TRAIN):
        names = MetadataCatalog.get(name).get("thing_classes")
        if names:
            return list(names)
    return [str(i) for i in range(cfg.MODEL.ROI_HEADS.NUM_CLASSES)]


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
        source: as given to :func:`track_clip`; it is read again.
        results: one per frame.
        names: of the classes.
        output: an mp4 file.
        score: tracks, and single detections, below it are not drawn.
        compare: put the single frames' detections beside the tubes.
        scale: enlarge the picture before drawing, by a whole number, for small videos.
        frame_callback: is given each index and drawn frame.
    """
    pairs = zip(read_frames(source), results, strict=True)
    draw = ResultDrawer(names, score, compare, scale)
    write_pairs(pairs, draw, output, probe(source), frame_callback=frame_callback)


def write_live(
    predictor: VideoPredictor, source: str | Path, names: Sequence[str], output: str | Path, **drawing: Any
) -> list[FrameResult]:
    """Track and draw in one pass; see :func:`track_live` and, for the arguments of drawing, :func:`write_video`.

    Returns:
        The results of all frames.
    """
    results: list[FrameResult] = []

    def pairs() -> Iterator[tuple[Frame, FrameResult]]:
        for frame, result in track_live(predictor, source):
            results.append(result)
            yield frame, result

    write_pairs(pairs(), ResultDrawer(names, **drawing), output, probe(source))
    return results


def write_pairs(
    pairs: Iterable[tuple[Frame, FrameResult]],
    draw: Callable[[Frame, FrameResult], tuple[int, Frame]],
    output: str | Path,
    info: VideoInfo,
    *,
    frame_callback: Callable[[int, Frame], None] | None = None,
) -> None:
    """Draw and encode. What gives the pairs, the drawing and the encoding work at once, each on a frame of its own.

    Args:
        pairs: frames with their results, made in a background thread.
        draw: gives a frame's index and its picture; called in another thread, in the order of the frames.
        output: an mp4 file.
        info: of the source: its rate, and its length for the progress bar.
        frame_callback: is given each index and drawn frame, in the caller's thread.
    """
    ready = ahead(pairs)
    drawn = ahead(starmap(draw, ready))
    with VideoWriter(output, info.fps) as writer, closing(ready), closing(drawn):
        for index, picture in tqdm(drawn, total=info.num_frames, desc="drawing", unit="frame"):
            writer.write(picture)
            if frame_callback is not None:
                frame_callback(index, picture)


class ResultDrawer:
    """Draws the results of one video, frame after frame; :func:`write_video` has the arguments."""

    def __init__(self, names: Sequence[str], score: float = 0.0, compare: bool = False, scale: int = 1) -> None:
        self.names, self.score, self.compare, self.scale = names, score, compare, scale
        self._tracks = TrackDrawer()

    def __call__(self, frame: Frame, result: FrameResult) -> tuple[int, Frame]:
        """The frame's index, and the drawn picture, ``scale`` times as large; twice as wide to compare."""
        canvas = np.repeat(np.repeat(frame, self.scale, axis=0), self.scale, axis=1)
        found = result.instances[result.instances.scores >= self.score]
        boxes = found.pred_boxes.tensor.numpy() * self.scale
        labels = [self.names[c] for c in found.pred_classes.tolist()]
        drawn = self._tracks.draw(canvas, boxes, labels, found.track_ids.numpy(), found.scores.numpy())
        if self.compare:
            drawn = side_by_side(self._detections(canvas, result), drawn)
        return result.frame_index, drawn

    def _detections(self, canvas: Frame, result: FrameResult) -> Frame:
        if result.detections is None:
            return canvas
        found = result.detections[result.detections.scores >= self.score]
        boxes = found.pred_boxes.tensor.numpy() * self.scale
        labels = [self.names[c] for c in found.pred_classes.tolist()]
        return draw_tracks(canvas, boxes, labels, np.full(len(found), -1), found.scores.numpy())


def to_spans(results: Sequence[FrameResult], names: Sequence[str], score: float = 0.0) -> list[TubeSpan]:
    """Turn results by frame into tubes over time, for the timeline; tubes that never reach the score are left out."""
    if not results:
        return []
    frame = torch.cat([torch.full((len(r.instances),), r.frame_index) for r in results]).numpy()
    fields = {
        key: torch.cat([r.instances.get(key) for r in results]).numpy()
        for key in ("track_ids", "pred_classes", "scores", "raw_scores")
    }
    spans = []
    for track_id in np.unique(fields["track_ids"]):
        rows = fields["track_ids"] == track_id
        scores = fields["scores"][rows].astype(np.float64)
        if scores.max() >= score:
            label, raw = names[fields["pred_classes"][rows][0]], fields["raw_scores"][rows].astype(np.float64)
            spans.append(TubeSpan(label, int(track_id), frame[rows], scores.clip(0, 1), raw.clip(0, 1)))
    return spans


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dnt_d2.demo", description="Track the objects of a video and draw them."
    )
    parser.add_argument("--config-file", required=True, help="a D&T config")
    parser.add_argument("--input", required=True, help="a video file, a folder of images, or a glob pattern")
    parser.add_argument("--output", required=True, help="the mp4 file to write")
    parser.add_argument("--timeline", help="also draw the tubes over time, to this png, svg or pdf file")
    parser.add_argument(
        "--mode",
        choices=("offline", "online"),
        default="offline",
        help="online: link and re-score from the past alone (sec. 5.3); offline (default): from the whole video",
    )
    parser.add_argument("--score", type=float, default=0.0, help="draw no track below this score, in [0, 1]")
    parser.add_argument("--stride", type=int, default=1, help="tau: run the network on every so-many-th frame")
    parser.add_argument("--compare", action="store_true", help="single frames on the left, tubes on the right")
    parser.add_argument("--scale", type=int, default=1, help="enlarge the picture by a whole number")
    parser.add_argument("opts", nargs=argparse.REMAINDER, help="config keys and values, MODEL.WEIGHTS for one")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    args = get_parser().parse_args(arguments)
    cfg = get_cfg()
    add_dnt_config(cfg)
    cfg.merge_from_file(args.config_file)
    cfg.merge_from_list(args.opts)
    cfg.freeze()
    try:
        VideoWriter(args.output, probe(args.input).fps)  # nothing is written yet: a bad name is said before the work
        register_from_config(cfg)
        predictor = VideoPredictor(cfg, mode=args.mode, temporal_stride=args.stride)
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    names = class_names(cfg)
    drawing: dict[str, Any] = {"score": args.score, "compare": args.compare, "scale": args.scale}
    if args.mode == "online":
        results = write_live(predictor, args.input, names, args.output, **drawing)
    else:
        results = track_clip(predictor, args.input)
        write_video(args.input, results, names, args.output, **drawing)
    print(f"video: {args.output}")
    if args.timeline:
        spans = to_spans(results, names, args.score)
        draw_timeline(spans, len(results), args.timeline, title=Path(args.input).name, fps=probe(args.input).fps)
        print(f"timeline: {args.timeline}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
