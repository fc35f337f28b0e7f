#!/usr/bin/env python
"""The dataset doctor: is this ImageNet VID (or MiniVID, or your own tree of that layout) whole, can training start?

    python datasets/check_dataset.py datasets/ILSVRC2015
    python datasets/check_dataset.py datasets/ILSVRC2015 --full
    python datasets/check_dataset.py datasets/my_videos --classes screw nut --make-lists

Exit status: 0 training can start, 1 it can't, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from dnt_d2.console import tolerate_any_text
from dnt_d2.data.doctor import examine, report, write_missing_lists
from dnt_d2.vid_classes import VID_CLASSES


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("root", type=Path, help="folder that holds Data, Annotations and ImageSets")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--sample", action="store_true", help="all lists and folders, a sample of the rest (the default)")
    mode.add_argument("--full", action="store_true", help="read all annotations, decode all images")
    add("--make-lists", action="store_true", help="first write the lists in ImageSets that are missing")
    add("--classes", nargs="+", default=list(VID_CLASSES), metavar="NAME", help="classes of your own, in order")
    add("--seed", type=int, default=0, help="of the sample")
    add("--workers", type=int, default=0, metavar="W", help="processes; by default one for each core")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Examine, print the report."""
    args = parse_arguments(arguments)
    root = str(args.root)
    if not args.root.is_dir():
        print(f"check_dataset: {root} is not a folder", file=sys.stderr)
        return 2
    try:
        if args.make_lists:
            print(*write_missing_lists(root, args.workers, args.classes), sep="\n")
        result = examine(root, full=args.full, seed=args.seed, class_names=args.classes, workers=args.workers)
    except (OSError, ValueError) as error:
        print(f"check_dataset: {error}", file=sys.stderr)
        return 2
    print(report(result))
    return 1 if result.errors else 0


if __name__ == "__main__":
    tolerate_any_text()
    sys.exit(main())
