"""Track the objects of a video and draw them.

    python -m dnt_d2.demo --config-file configs/DnT_R_101.yaml --input clip.mp4 --output out.mp4 \\
        --timeline tubes.png MODEL.WEIGHTS model_final.pth

With ``--mode online`` it shows what would have been known in every frame, had the clip come from a camera.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from detectron2.config import CfgNode, get_cfg
from detectron2.data import MetadataCatalog
from tqdm import tqdm

from . import VideoPredictor, add_dnt_config
from .data import register_from_config
from .frame_result import FrameResult
from .timeline import TubeSpan, draw_timeline
from .video import VideoWriter, probe, read_frames
from .visualize import Frame, TrackDrawer, draw_tracks, side_by_side


def track_clip(predictor: VideoPredictor, source: str | Path) -> list[FrameResult]:
    """Run a predictor over a video file or a folder of images, with a progress bar."""
    frames = tqdm(read_frames(source), total=probe(source).num_frames, desc="tracking", unit="frame")
    return list(predictor.stream(frames))


def class_names(cfg: CfgNode) -> list[str]:
    """The names of the classes of the data that a config tests or trains on; numbers where nobody says."""
    for name in (*cfg.DATASETS.TEST, *cfg.DATASETS.TRAIN):
        names = MetadataCatalog.get(name).get("thing_classes")
        if names:
            return list(names)
    return [str(i) for i in range(cfg.MODEL.ROI_HEADS.NUM_CLASSES)]


def write_video(
    source: str | Path,
    results: Sequence[FrameResult],
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
    drawer = TrackDrawer()
    with VideoWriter(output, probe(source).fps) as writer:
        pairs: Iterable[tuple[Frame, FrameResult]] = zip(read_frames(source), results, strict=True)
        for frame, result in tqdm(pairs, total=len(results), desc="drawing", unit="frame"):
            canvas = np.repeat(np.repeat(frame, scale, axis=0), scale, axis=1)
            found = result.instances[result.instances.scores >= score]
            labels = [names[c] for c in found.pred_classes.tolist()]
            boxes = found.pred_boxes.tensor.numpy() * scale
            drawn = drawer.draw(canvas, boxes, labels, found.track_ids.numpy(), found.scores.numpy())
            if compare:
                drawn = side_by_side(_draw_detections(canvas, result, names, score, scale), drawn)
            writer.write(drawn)
            if frame_callback is not None:
                frame_callback(result.frame_index, drawn)


def _draw_detections(canvas: Frame, result: FrameResult, names: Sequence[str], score: float, scale: int) -> Frame:
    if result.detections is None:
        return canvas
    found = result.detections[result.detections.scores >= score]
    labels = [names[c] for c in found.pred_classes.tolist()]
    no_track = np.full(len(found), -1)
    return draw_tracks(canvas, found.pred_boxes.tensor.numpy() * scale, labels, no_track, found.scores.numpy())


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
    results = track_clip(predictor, args.input)
    names = class_names(cfg)
    write_video(args.input, results, names, args.output, score=args.score, compare=args.compare, scale=args.scale)
    print(f"video: {args.output}")
    if args.timeline:
        spans = to_spans(results, names, args.score)
        draw_timeline(spans, len(results), args.timeline, title=Path(args.input).name, fps=probe(args.input).fps)
        print(f"timeline: {args.timeline}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
