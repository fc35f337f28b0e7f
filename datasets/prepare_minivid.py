#!/usr/bin/env python
"""Make MiniVID, a small data set with the layout of ImageNet VID: no download agreement, a minute of work.

python datasets/prepare_minivid.py datasets/minivid
python datasets/prepare_minivid.py datasets/minivid --contact-sheet sheet.jpg
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from dnt_d2.minivid import MiniVIDSettings, write_dataset
from dnt_d2.vid_classes import VID_CLASSES


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options; defaults of the counts are those of the settings."""
    known = MiniVIDSettings()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, help="folder to write to")
    parser.add_argument(
        "--source", choices=("photographs", "drawn", "auto"), default="auto", help="where pictures come from"
    )
    parser.add_argument("--pictures", type=Path, help="folder of the photographs")
    parser.add_argument("--seed", type=int, default=known.seed)
    parser.add_argument("--train-videos", type=int, default=known.train_videos)
    parser.add_argument("--train-frames", type=int, default=known.train_frames, help="frames per training video")
    parser.add_argument("--stills", type=int, default=known.stills, help="single training images, the part of DET")
    parser.add_argument("--val-videos", type=int, default=known.val_seen_videos, help="videos of val_seen")
    parser.add_argument("--val-novel-videos", type=int, default=known.val_novel_videos, help="videos of val_novel")
    parser.add_argument("--val-frames", type=int, default=known.val_frames, help="frames per validation video")
    parser.add_argument("--severity", type=float, default=known.severity, help="of the bursts of difficulty, 0 to 1.5")
    parser.add_argument("--degradation", type=float, default=known.degradation, help="of whole videos, 0 to 1")
    parser.add_argument(
        "--classes", nargs="+", choices=VID_CLASSES, default=[], metavar="NAME", help="only these classes"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes; no effect on the result")
    parser.add_argument("--overwrite", action="store_true", help="replace a MiniVID of other settings in ROOT")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Make the data set; 0 when all went well, 2 with a message on bad input."""
    args = parse_arguments(arguments)
    try:
        settings = MiniVIDSettings(
            seed=args.seed,
            train_videos=args.train_videos,
            train_frames=args.train_frames,
            stills=args.stills,
            val_seen_videos=args.val_videos,
            val_novel_videos=args.val_novel_videos,
            val_frames=args.val_frames,
            severity=args.severity,
            degradation=args.degradation,
            classes=tuple(args.classes),
        )
        write_dataset(args.root, settings, args.source, args.pictures, workers=args.workers, overwrite=args.overwrite)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
