#!/usr/bin/env python3
"""Draw a validation video of a data set with its tubes, their timeline, and the true tracks beneath.

python tools/draw_minivid.py --config-file configs/minivid/DnT_EfficientNet_Lite0.yaml --dataset minivid_val_seen \\
    --output output/demo MODEL.WEIGHTS output/minivid/DnT_EfficientNet_Lite0/model_final.pth
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from detectron2.config import CfgNode, get_cfg
from detectron2.data import DatasetCatalog, MetadataCatalog

from dnt_d2 import VideoPredictor, add_dnt_config
from dnt_d2.demo import to_spans, track_clip, write_video
from dnt_d2.timeline import TubeSpan, draw_timeline

Dicts = list[dict[str, Any]]


def videos_of(dataset: str) -> list[Dicts]:
    """The frames of each video, in order."""
    videos: dict[int, Dicts] = defaultdict(list)
    for frame in DatasetCatalog.get(dataset):
        videos[frame["video_id"]].append(frame)
    return [sorted(frames, key=lambda d: d["frame_index"]) for frames in videos.values()]


def liveliest(videos: list[Dicts]) -> int:
    """The video with the most tracks that are there nearly all the time: it shows most."""

    def tracks(frames: Dicts) -> float:
        count: dict[int, int] = defaultdict(int)
        for frame in frames:
            for thing in frame["annotations"]:
                count[thing["instance_id"]] += 1
        return sum(n / len(frames) for n in count.values())

    return int(np.argmax([tracks(frames) for frames in videos]))


def true_spans(frames: Dicts, names: list[str]) -> list[TubeSpan]:
    """The true tracks of a video, for the timeline."""
    seen: dict[int, list[int]] = defaultdict(list)
    label: dict[int, str] = {}
    for frame in frames:
        for thing in frame["annotations"]:
            seen[thing["instance_id"]].append(frame["frame_index"])
            label[thing["instance_id"]] = names[thing["category_id"]]
    return [TubeSpan(label[i], i, np.array(indices)) for i, indices in sorted(seen.items())]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config-file", required=True)
    parser.add_argument("--dataset", default="minivid_val_seen", help="a registered data set of videos")
    parser.add_argument("--video", type=int, help="which of its videos; by default the one with most tracks")
    parser.add_argument("--output", required=True, type=Path, help="folder for tubes.mp4, timeline.png, frame.jpg")
    parser.add_argument("--score", type=float, default=0.35, help="draw nothing below this score, in [0, 1]")
    parser.add_argument("--scale", type=int, default=2, help="enlarge the picture by a whole number")
    parser.add_argument("opts", nargs=argparse.REMAINDER, help="config keys and values")
    args = parser.parse_args()
    cfg: CfgNode = get_cfg()
    add_dnt_config(cfg)
    cfg.merge_from_file(args.config_file)
    cfg.merge_from_list(args.opts)

    videos = videos_of(args.dataset)
    frames = videos[liveliest(videos) if args.video is None else args.video]
    folder = Path(frames[0]["file_name"]).parent
    names = list(MetadataCatalog.get(args.dataset).thing_classes)
    results = track_clip(VideoPredictor(cfg), folder)
    args.output.mkdir(parents=True, exist_ok=True)

    def keep_middle(index: int, picture: Any) -> None:
        if index == len(frames) // 2:
            cv2.imwrite(str(args.output / "frame.jpg"), picture)

    write_video(
        folder, results, names, args.output / "tubes.mp4",
        score=args.score, compare=True, scale=args.scale, frame_callback=keep_middle,
    )  # fmt: skip
    draw_timeline(
        to_spans(results, names, args.score), len(frames), args.output / "timeline.png",
        ground_truth=true_spans(frames, names), title=f"{args.dataset}, {folder.name}",
    )  # fmt: skip
    for name in ("tubes.mp4", "timeline.png", "frame.jpg"):
        print(args.output / name)


if __name__ == "__main__":
    main()
