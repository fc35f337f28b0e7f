#!/usr/bin/env python
"""Convert videos with their objects from one format to another.

    python tools/convert_dataset.py datasets/minivid val.json --from ilsvrc_vid --to coco_vid --lists val
    python tools/convert_dataset.py val.json datasets/mine --from coco_vid --to ilsvrc --images videos --name val
    python tools/convert_dataset.py val.json datasets/mot --from coco_vid --to mot --images videos --name val
    python tools/convert_dataset.py datasets/mot all.json --from mot --to coco_vid --classes screw nut

A COCO-VID JSON points at the images where they are; the other formats get them as links, or copies (--copy).
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from dnt_d2.console import tolerate_any_text
from dnt_d2.data.conversion import SOURCES, image_folder, read_video_set
from dnt_d2.formats import VideoSet, write_coco_vid, write_ilsvrc, write_mot

TARGETS = ("coco_vid", "ilsvrc", "mot")


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options; see above for examples."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("source", help="folder, or COCO-VID JSON")
    add("target", help="folder, or COCO-VID JSON, to write")
    add("--from", dest="source_format", required=True, choices=SOURCES, help="format of the source")
    add("--to", dest="target_format", required=True, choices=TARGETS, help="format of the target")
    add("--lists", nargs="+", default=[], metavar="NAME", help="of the source: lists in ImageSets, or in seqmaps")
    add("--classes", nargs="+", metavar="NAME", help="of the source, in the order of their ids (coco_vid knows them)")
    add("--images", metavar="DIR", help="coco_vid source: folder of the images (default: that of the JSON)")
    add("--stills", action="store_true", help="coco_vid source: it is of single images, not of videos")
    add("--name", metavar="LIST", help="of the list that is written: the first of --lists, or 'all', by default")
    add("--copy", action="store_true", help="copy images instead of linking them")
    add("--frame-rate", type=float, default=30, metavar="FPS", help="for seqinfo.ini of mot")
    add("--overwrite", action="store_true", help="replace files that are there")
    return parser.parse_args(arguments)


def write(videos: VideoSet, args: argparse.Namespace) -> None:
    """Write what was read, as the options say."""
    name, way = args.name or (args.lists or ["all"])[0], "copy" if args.copy else "link"
    if args.target_format == "ilsvrc":
        write_ilsvrc(videos, args.target, name, images=way, overwrite=args.overwrite, progress=True)
    elif args.target_format == "mot":
        write_mot(
            videos,
            args.target,
            name,
            images=way,
            frame_rate=args.frame_rate,
            overwrite=args.overwrite,
            progress=True,
        )
    else:
        folder = image_folder(args.source, args.source_format, args.images)
        write_coco_vid(videos, args.target, folder, overwrite=args.overwrite)


def main(arguments: list[str] | None = None) -> int:
    """Do what the options say; 0 when all went well, 2 with a message on bad input."""
    args = parse_arguments(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        videos = read_video_set(
            args.source,
            args.source_format,
            lists=args.lists,
            class_names=args.classes,
            images=args.images,
            stills=args.stills,
        )
        write(videos, args)
    except (OSError, ValueError) as error:
        print(f"convert_dataset: {error}", file=sys.stderr)
        return 2
    boxes = sum(len(frame["annotations"]) for frame in videos.frames)
    what = f"{len(videos.video_names)} {'stills' if videos.kind == 'still' else 'videos'}"
    print(f"{args.target}: {what}, {len(videos.frames)} images, {boxes} objects, {len(videos.class_names)} classes")
    return 0


if __name__ == "__main__":
    tolerate_any_text()
    sys.exit(main())
