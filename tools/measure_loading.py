#!/usr/bin/env python3
"""How much faster ImageNet VID is loaded the second time, when nothing has changed since the first.

    python tools/measure_loading.py

makes trees of 1,000 videos in the layout of ILSVRC2015, with one-pixel JPEGs, loads each without and with the memory of
an earlier load, in turn and each time in a new process, and writes the medians to benchmarks/results/. Each process
measures its work, without Python's start and imports. Files are in the system's cache both times.
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np

from dnt_d2.data.imagenet_vid import load_vid
from dnt_d2.data.made_lists import CLASS_LISTS
from dnt_d2.data.pairs import PairDataset
from dnt_d2.data.xml_reading import count_workers
from dnt_d2.minivid.annotation import video_xml
from dnt_d2.minivid.rendering import ObjectBox
from dnt_d2.minivid.settings import MiniVIDSettings
from dnt_d2.provenance import machine_name, provenance
from dnt_d2.vid_classes import VID_CLASSES

RESULTS = Path(__file__).resolve().parents[1] / "benchmarks" / "results"

# A folder that has just changed is not trusted, see dnt_d2/data/xml_folders.py; data sets are older than that.
AGE_S = 2.1


def write_tree(root: Path, videos: int, frames: int) -> None:
    """Training videos of one-pixel images, with annotations of one to three objects, and the lists of the classes."""
    image, settings = cv2.imencode(".jpg", np.zeros((1, 1, 3), np.uint8))[1].tobytes(), MiniVIDSettings()
    lists: list[list[str]] = [[] for _ in CLASS_LISTS]
    for v in range(videos):
        folder = f"ILSVRC2015_VID_train_{v // 250:04d}/ILSVRC2015_train_{v:08d}"
        lists[v % len(lists)].append(f"{folder} 1\n")
        data, annotations = (root / part / "VID/train" / folder for part in ("Data", "Annotations"))
        data.mkdir(parents=True)
        annotations.mkdir(parents=True)
        name = VID_CLASSES[v % len(VID_CLASSES)]
        for t in range(frames):
            x = 5 * t % 900
            boxes = [ObjectBox(i, name, (x, 9 * i, x + 300, 200), 1.0) for i in range(1 + v % 3)]
            (data / f"{t:06d}.JPEG").write_bytes(image)
            (annotations / f"{t:06d}.xml").write_text(
                video_xml(folder, t, (1280, 720), boxes, settings), encoding="utf-8"
            )
    (root / "ImageSets/VID").mkdir(parents=True)
    for list_name, lines in zip(CLASS_LISTS, lists, strict=True):
        (root / f"ImageSets/VID/{list_name}.txt").write_text("".join(lines), encoding="utf-8")
    time.sleep(AGE_S)


def load_once(root: str) -> tuple[int, float, float]:
    """How many frames there are, and the seconds until they were loaded, and until pairs could be taken."""
    start = time.perf_counter()
    dicts = load_vid(root, CLASS_LISTS)
    loaded = time.perf_counter()
    PairDataset(dicts, [], lambda *_, **__: {}, seed=0)
    return len(dicts), loaded - start, time.perf_counter() - start


def load_in_new_process(root: str) -> tuple[int, float, float]:
    """:func:`load_once`, in a process that has loaded nothing before."""
    command = [sys.executable, "-W", "ignore", __file__, "--once", root]
    frames, load, pairs = json.loads(subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout)
    return frames, load, pairs


def measure(root: str, rounds: int) -> dict[str, Any]:
    """Medians over some rounds; in each, the first start and then the second."""
    times: dict[str, list[tuple[float, float]]] = {"first": [], "second": []}
    load_in_new_process(root)  # whatever the system has to read from the disk
    for _ in range(rounds):
        shutil.rmtree(Path(root, ".dnt_d2"), ignore_errors=True)
        for name in times:
            frames, *seconds = load_in_new_process(root)
            times[name].append((seconds[0], seconds[1]))
    result: dict[str, Any] = {"frames": frames, "rounds": rounds}
    for i, suffix in enumerate(("", "_with_pairs")):
        first, second = (median(pair[i] for pair in times[name]) for name in times)
        result |= {f"first{suffix}_s": round(first, 4), f"second{suffix}_s": round(second, 4)}
        result[f"ratio{suffix}"] = round(first / second, 1)
    result["all_s"] = {name: [round(pair[0], 4) for pair in pairs] for name, pairs in times.items()}
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=int, default=1000)
    parser.add_argument(
        "--frames", type=int, default=[30, 290], nargs="+", help="of each video; 290 is the mean of ILSVRC2015"
    )
    parser.add_argument("--rounds", type=int, default=5, help="of a first and a second start (default: %(default)s)")
    parser.add_argument("--output", type=Path, help="the JSON to write; default: in benchmarks/results/")
    parser.add_argument("--once", metavar="ROOT", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.once:
        logging.disable()
        print(json.dumps(load_once(args.once)))
        return
    command = " ".join(["tools/measure_loading.py", *sys.argv[1:]])
    trees = []
    for frames in args.frames:
        with tempfile.TemporaryDirectory() as folder:
            write_tree(Path(folder), args.videos, frames)
            trees.append({"videos": args.videos, "frames_of_each": frames, **measure(folder, args.rounds)})
        print("{frames} frames: {first_s} s, then {second_s} s: {ratio} times faster".format(**trees[-1]))
    output = args.output or RESULTS / f"loading--{machine_name()}.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    facts = {"command": command, **provenance(), "processes": count_workers(), "trees": trees}
    output.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    print(f"written: {output}")


if __name__ == "__main__":
    main()
