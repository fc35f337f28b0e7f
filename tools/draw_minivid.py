#!/usr/bin/env python3
"""Track every video of a data set, and draw the one of several objects that went best, and the one that went worst.

Each with its single frames above, its tubes below, and a timeline of the tubes above the true tracks.

python tools/draw_minivid.py --config-file configs/minivid/DnT_EfficientNet_Lite0.yaml --dataset minivid_val_seen \\
    --output output/demo MODEL.WEIGHTS output/minivid/DnT_EfficientNet_Lite0/model_final.pth
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from detectron2.config import get_cfg
from detectron2.data import DatasetCatalog, MetadataCatalog
from gallery_choice import FOUND, fate
from tqdm import tqdm

from dnt_d2 import VideoPredictor, add_dnt_config
from dnt_d2.config_files import merge_config_file
from dnt_d2.console import tolerate_any_text
from dnt_d2.demo import to_spans, write_video
from dnt_d2.evaluation.tables import write_json
from dnt_d2.predictor import FrameResult
from dnt_d2.timeline import TubeSpan, draw_timeline
from dnt_d2.video import read_frames
from dnt_d2.visualize import Frame

Dicts = list[dict[str, Any]]


def videos_of(dataset: str) -> list[Dicts]:
    """The frames of each video, in order."""
    videos: dict[int, Dicts] = defaultdict(list)
    for frame in DatasetCatalog.get(dataset):
        videos[frame["video_id"]].append(frame)
    return [sorted(frames, key=lambda d: d["frame_index"]) for frames in videos.values()]


def coverage(results: Sequence[FrameResult], frames: Dicts, score: float) -> float:
    """The share of true boxes, in [0, 1], that a drawn tube of their class covers with an IoU of at least 0.5."""
    pairs = zip(results, frames, strict=True)
    fates = [fate(thing, result.instances, score) for result, frame in pairs for thing in frame["annotations"]]
    return fates.count(FOUND) / max(len(fates), 1)


def true_spans(frames: Dicts, names: list[str]) -> list[TubeSpan]:
    """The true tracks of a video, for the timeline."""
    seen: dict[int, list[int]] = defaultdict(list)
    label: dict[int, str] = {}
    for frame in frames:
        for thing in frame["annotations"]:
            seen[thing["instance_id"]].append(frame["frame_index"])
            label[thing["instance_id"]] = names[thing["category_id"]]
    return [TubeSpan(label[i], i, np.array(indices)) for i, indices in sorted(seen.items())]


def draw(
    frames: Dicts, results: Sequence[FrameResult], names: list[str], output: Path, title: str, score: float, scale: int
) -> None:
    """One video: OUTPUT.mp4, its middle frame OUTPUT.jpg, and its timeline OUTPUT-timeline.png."""
    folder = Path(frames[0]["file_name"]).parent

    def keep_middle(index: int, picture: Frame) -> None:
        if index == len(frames) // 2:
            cv2.imwrite(f"{output}.jpg", picture)

    write_video(
        folder, results, names, f"{output}.mp4", score=score, compare=True, scale=scale, frame_callback=keep_middle
    )
    spans = to_spans(results, names, score)
    draw_timeline(spans, len(frames), f"{output}-timeline.png", ground_truth=true_spans(frames, names), title=title)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config-file", required=True)
    parser.add_argument("--dataset", default="minivid_val_seen", help="a registered data set of videos")
    parser.add_argument("--output", required=True, type=Path, help="folder to write to")
    parser.add_argument("--score", type=float, default=0.35, help="draw nothing below this score, in [0, 1]")
    parser.add_argument("--scale", type=int, default=2, help="enlarge the picture by a whole number")
    parser.add_argument("opts", nargs=argparse.REMAINDER, help="config keys and values")
    args = parser.parse_args()
    cfg = get_cfg()
    add_dnt_config(cfg)
    merge_config_file(cfg, args.config_file)
    cfg.merge_from_list(args.opts)

    names = list(MetadataCatalog.get(args.dataset).thing_classes)
    predictor = VideoPredictor(cfg)
    tracked = []
    for frames in tqdm(videos_of(args.dataset), desc="tracking", unit="video"):
        results = list(predictor.stream(read_frames(Path(frames[0]["file_name"]).parent)))
        tracked.append((coverage(results, frames, args.score), frames, results))
    tracked.sort(key=lambda video: -video[0])
    args.output.mkdir(parents=True, exist_ok=True)
    write_json(
        args.output / "coverage.json",
        {
            "dataset": args.dataset,
            "score": args.score,
            "share of true boxes covered": {Path(f[0]["file_name"]).parent.name: round(c, 4) for c, f, _ in tracked},
        },
    )
    best = next((video for video in tracked if len(true_spans(video[1], names)) > 1), tracked[0])
    for name, (share, frames, results) in {"best": best, "worst": tracked[-1]}.items():
        title = f"{Path(frames[0]['file_name']).parent.name}: {share:.0%} of boxes covered"
        draw(frames, results, names, args.output / name, title, args.score, args.scale)
        print(f"{args.output / name}.mp4: {title}")


if __name__ == "__main__":
    tolerate_any_text()
    main()
