#!/usr/bin/env python3
"""Make docs/gallery.md and its pictures: what the network of `make demo` does, where it fails, and what it looks at.

    python tools/make_gallery.py

Videos and frames are chosen by rules (tools/gallery_choice.py), each picture of a video is a frame that the demo
command wrote, and all numbers are in docs/gallery/gallery.json. Some minutes on two CPU cores.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import shlex
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
from detectron2.config import CfgNode, get_cfg
from detectron2.data import MetadataCatalog
from draw_minivid import true_spans, videos_of
from gallery_choice import FOUND, Watched, best_stretches, watch
from gallery_correlation import make_correlation
from gallery_page import readme_block, write_page
from tqdm import tqdm

from dnt_d2 import VideoPredictor, add_dnt_config
from dnt_d2.animation import write_animation
from dnt_d2.demo import to_spans
from dnt_d2.evaluation.tables import write_json
from dnt_d2.provenance import provenance, replace_block
from dnt_d2.timeline import draw_timeline
from dnt_d2.video import read_frames

ROOT = Path(__file__).resolve().parent.parent
STRETCH, STRETCHES, FPS = 40, 2, 6  # frames of an animation, how many, and how fast they are shown
SCALE, MAX_BYTES = 2, 1_300_000  # of the animations
CLIP_FRAMES, CLIP_SCORE = 250, 0.15  # of a real clip; its score is low, since little is found in it


def folder(video: Sequence[dict[str, Any]]) -> Path:
    """Where the frames of a video are."""
    return Path(video[0]["file_name"]).parent


def run_demo(
    args: argparse.Namespace, source: Path, output: Path, *options: str, score: float, keys: Sequence[str] = ()
) -> None:
    """Run the demo command on a clip, with more options and more keys of the config, and print the command.

    Raises:
        subprocess.CalledProcessError: it failed; its message is on the terminal.
    """
    command = ["-m", "dnt_d2.demo", "--config-file", args.config_file, "--input", str(source), "--output", str(output),
               "--compare", "--score", str(score), *options, "MODEL.WEIGHTS", args.weights, *keys]  # fmt: skip
    print(f"$ {shlex.join(['python', *command])}", flush=True)
    subprocess.run([sys.executable, *command], cwd=ROOT, check=True)


def watch_all(cfg: CfgNode, predictor: VideoPredictor, args: argparse.Namespace) -> list[Watched]:
    """Run the network over the data set."""
    videos = videos_of(args.dataset)
    bar = tqdm(videos, desc="tracking", unit="video")
    return [watch(folder(v).name, v, list(predictor.stream(read_frames(folder(v)))), args.score) for v in bar]


def found_facts(videos: Sequence[Watched], start: int = 0, length: int | None = None) -> dict[str, Any]:
    """How many true boxes there are in the frames, and what became of them, in single frames and in tubes."""
    facts: dict[str, Any] = {}
    for which in ("single", "tubes"):
        fates = sum((video.counts(which, start, length) for video in videos), Counter[str]())
        facts |= {"boxes": fates.total(), which: dict(fates.most_common())}
    return facts


def make_stretches(videos: Sequence[Watched], names: list[str], args: argparse.Namespace, work: Path) -> list[Any]:
    """The animations, and the tubes of the first one's video over time."""
    facts = []
    for number, (video, start, gain) in enumerate(best_stretches(videos, STRETCH, STRETCHES), 1):
        movie = work / f"{video.name}.mp4"
        run_demo(args, folder(video.frames), movie, "--scale", str(SCALE), score=args.score)
        frames = list(islice(read_frames(movie), start, start + STRETCH))
        name = f"carried-{number}.webp"
        size = write_animation(frames, args.output / name, FPS, max_bytes=MAX_BYTES)
        classes = {names[thing["category_id"]] for frame in video.frames for thing in frame["annotations"]}
        facts.append(
            {
                "file": name,
                "bytes": size,
                "video": video.name,
                "first frame": start,
                "frames": len(frames),
                "classes": sorted(classes),
                "more boxes": gain,
                **found_facts([video], start, STRETCH),
            }
        )
        if number == 1:
            spans, truth = to_spans(video.results, names, args.score), true_spans(video.frames, names)
            path = args.output / "timeline.png"
            draw_timeline(spans, len(video.frames), path, ground_truth=truth, title=f"The tubes of {video.name}")
    return facts


def make_worst(videos: Sequence[Watched], names: list[str], args: argparse.Namespace, work: Path) -> dict[str, Any]:
    """The video of which tubes find least: the frame in which they miss most, the one in the middle of several."""
    worst = min(videos, key=lambda video: video.share)
    missed = [len(fates) - fates.count(FOUND) for fates in worst.tubes]
    candidates = [i for i, count in enumerate(missed) if count == max(missed)]
    frame = candidates[len(candidates) // 2]
    movie = work / f"{worst.name}.mp4"
    run_demo(args, folder(worst.frames), movie, "--scale", str(SCALE), score=args.score)
    _save(movie, frame, args.output / "worst.jpg")
    things = [thing for each in worst.frames for thing in each["annotations"]]
    classes = sorted({names[thing["category_id"]] for thing in things})
    return {"file": "worst.jpg", "video": worst.name, "frame": frame, "classes": classes, **found_facts([worst])}


def fetch_clips(root: Path) -> None:
    """Get the real clips; what can't be had is said on the terminal."""
    subprocess.run([sys.executable, "datasets/fetch_clips.py", str(root)], cwd=ROOT, check=False)


def make_clips(args: argparse.Namespace, work: Path) -> list[dict[str, Any]]:
    """The real clips that can be had: what the network says of each, and the frame of its surest box."""
    fetch_clips(args.clips)
    facts = []
    for clip in (args.clips / "bikes.mp4", args.clips / "vtest.avi"):
        if not clip.is_file():
            print(f"{clip} is not there (see above): the gallery is made without it")
            continue
        movie, table = work / f"{clip.stem}.mp4", work / f"{clip.stem}.csv"
        options, keys = (
            ("--tracks", str(table), "--max-frames", str(CLIP_FRAMES)),
            ("TUBES.TRIM_SCORE", str(CLIP_SCORE)),
        )
        run_demo(args, clip, movie, *options, score=CLIP_SCORE, keys=keys)
        with table.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if float(row["score"]) >= CLIP_SCORE]
        frames = sum(1 for _ in read_frames(movie))
        surest = max(rows, key=lambda row: float(row["score"]), default=None)
        shown = frames // 2 if surest is None else int(surest["frame"])
        name = f"{clip.stem}.jpg"
        _save(movie, shown, args.output / name)
        facts.append(
            {
                "file": name,
                "clip": clip.name,
                "frames": frames,
                "frame": shown,
                "score": CLIP_SCORE,
                "boxes": dict(Counter(row["class"] for row in rows).most_common()),
                "sure": sum(float(row["score"]) >= args.score for row in rows),
            }
        )
    return facts


def _save(movie: Path, index: int, path: Path) -> None:
    """One frame of a video as a JPEG."""
    frame = next(islice(read_frames(movie), index, None))
    cv2.imwrite(str(path), frame, [cv2.IMWRITE_JPEG_QUALITY, 85])


def data_seed(args: argparse.Namespace) -> int | None:
    """The seed that the data set was made with; None where it isn't MiniVID."""
    path = folder(videos_of(args.dataset)[0]).parents[3] / "minivid.json"
    return json.loads(path.read_text(encoding="utf-8"))["settings"]["seed"] if path.is_file() else None


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config-file", default="configs/minivid/DnT_EfficientNet_Lite0.yaml")
    parser.add_argument("--weights", default="output/minivid/DnT_EfficientNet_Lite0/model_final.pth")
    parser.add_argument("--dataset", default="minivid_val_seen", help="a registered data set of videos")
    parser.add_argument("--score", type=float, default=0.35, help="draw and count nothing below this score")
    parser.add_argument("--clips", type=Path, default=ROOT / "datasets" / "clips", help="where the real clips are kept")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "gallery", help="folder of the pictures")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "gallery.md")
    parser.add_argument("--readme", type=Path, default=ROOT / "README.md", help="its block 'gallery' is renewed")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    args = parse_arguments(arguments)
    if not (ROOT / args.weights).is_file():
        print(f"{args.weights} is not there: train first (make demo), or name a model with --weights", file=sys.stderr)
        return 1
    cfg = get_cfg()
    add_dnt_config(cfg)
    cfg.merge_from_file(str(ROOT / args.config_file))
    cfg.MODEL.WEIGHTS = str(ROOT / args.weights)
    predictor = VideoPredictor(cfg)
    model = predictor.stream_model.model
    names = list(MetadataCatalog.get(args.dataset).thing_classes)
    args.output.mkdir(parents=True, exist_ok=True)
    videos = watch_all(cfg, predictor, args)
    with tempfile.TemporaryDirectory(prefix="gallery-") as name:
        work = Path(name)
        facts = {
            "command": "python tools/make_gallery.py",
            **provenance(),
            "data seed": data_seed(args),
            "config": args.config_file,
            "weights": {"file": args.weights, "sha256": hashlib.sha256((ROOT / args.weights).read_bytes()).hexdigest()},
            "dataset": args.dataset,
            "videos": len(videos),
            "score": args.score,
            "found": found_facts(videos),
            "stretches": make_stretches(videos, names, args, work),
            "timeline": "timeline.png",
            "correlation": make_correlation(cfg, model, [video.frames for video in videos], names, args.output),
            "worst": make_worst(videos, names, args, work),
            "clips": make_clips(args, work),
        }
    write_json(args.output / "gallery.json", facts)
    write_page(args.page, args.output, facts)
    if args.readme.is_file():
        replace_block(args.readme, "gallery", readme_block(args.page, args.output, args.readme, facts))
    print(f"{args.page}: {sum(path.stat().st_size for path in args.output.iterdir()) / 1e6:.1f} MB of pictures")
    return 0


if __name__ == "__main__":
    sys.exit(main())
