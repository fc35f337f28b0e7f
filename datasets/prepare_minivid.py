#!/usr/bin/env python
"""Make MiniVID, a small data set with the layout of ImageNet VID: no download agreement, a minute of work.

    python datasets/prepare_minivid.py datasets/minivid
    python datasets/prepare_minivid.py datasets/minivid --statistics
    python datasets/prepare_minivid.py datasets/minivid --contact-sheet sheet.jpg

An interrupted run is finished by the same command.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import cv2

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from dnt_d2.console import tolerate_any_text
from dnt_d2.minivid import MiniVIDSettings, write_dataset
from dnt_d2.minivid.contact_sheet import contact_sheet
from dnt_d2.minivid.statistics import report
from dnt_d2.vid_classes import VID_CLASSES


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options; defaults of the counts are those of the settings."""
    known = MiniVIDSettings()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("root", type=Path, help="folder to write to")
    add("--source", choices=("photographs", "drawn", "auto"), default="auto", help="what it is made of")
    add("--pictures", type=Path, metavar="DIR", help="folder of the photographs, as fetched")
    add("--seed", type=int, default=known.seed, help="same seed, same pictures: same bytes")
    add("--train-videos", type=int, default=known.train_videos, metavar="N")
    add("--train-frames", type=int, default=known.train_frames, metavar="F", help="frames per training video")
    add("--stills", type=int, default=known.stills, metavar="N", help="single training images, the part of DET")
    add("--val-videos", type=int, default=known.val_seen_videos, metavar="N", help="videos of val_seen")
    add("--val-novel-videos", type=int, default=known.val_novel_videos, metavar="N", help="videos of val_novel")
    add("--val-frames", type=int, default=known.val_frames, metavar="F", help="frames per validation video")
    add("--classes", nargs="+", choices=VID_CLASSES, default=[], metavar="NAME", help="only these classes")
    add("--exchange", nargs="+", default=[], metavar="KEY", help="photographs that change sides: train or val_novel")
    add("--severity", type=float, default=known.severity, help="of the bursts of difficulty, 0 to 1.5")
    add("--repaint", type=float, default=known.repaint, help="of the colours of training objects, 0 to 1")
    add("--degradation", type=float, default=known.degradation, help="of whole videos, 0 to 1")
    add("--workers", type=int, default=os.cpu_count() or 1, metavar="W", help="processes; no effect on the result")
    add("--overwrite", action="store_true", help="replace a MiniVID of other settings in ROOT")
    add("--statistics", action="store_true", help="make nothing; measure the MiniVID in ROOT against its targets")
    add("--contact-sheet", type=Path, metavar="FILE", help="make nothing; draw frames of the MiniVID in ROOT")
    return parser.parse_args(arguments)


def make(args: argparse.Namespace) -> None:
    """Write the data set, then say what it is like."""
    settings = MiniVIDSettings(
        seed=args.seed,
        train_videos=args.train_videos,
        train_frames=args.train_frames,
        stills=args.stills,
        val_seen_videos=args.val_videos,
        val_novel_videos=args.val_novel_videos,
        val_frames=args.val_frames,
        classes=tuple(args.classes),
        exchanged=tuple(args.exchange),
        severity=args.severity,
        repaint=args.repaint,
        degradation=args.degradation,
    )
    write_dataset(args.root, settings, args.source, args.pictures, workers=args.workers, overwrite=args.overwrite)
    print(report(args.root))


def main(arguments: list[str] | None = None) -> int:
    """Do what the options say; 0 when all went well, 2 with a message on bad input."""
    args = parse_arguments(arguments)
    try:
        if args.contact_sheet is not None:
            sheet = contact_sheet(args.root)
            if not cv2.imwrite(str(args.contact_sheet), sheet):
                raise OSError(f"{args.contact_sheet} can't be written: is its folder there, is it a .jpg or .png?")
        elif args.statistics:
            print(report(args.root))
        else:
            make(args)
    except (OSError, ValueError, cv2.error) as error:
        print(f"prepare_minivid: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    tolerate_any_text()
    sys.exit(main())
