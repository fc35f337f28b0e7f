"""A contact sheet of a written data set: a row for each video, boxes with names, bursts marked below each frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np

from ..vid_classes import WORDNET_IDS
from .settings import SPLITS
from .sprites import Image
from .statistics import read_records

_NAMES = {wnid: name for name, wnid in WORDNET_IDS.items()}
_MARKS = {"blur": (230, 160, 40), "occlusion": (40, 60, 220), "dimming": (150, 60, 150), "pose": (60, 170, 60)}
_STRIP = 9  # px below a frame for one track's marks
_COLOURS = ((60, 220, 255), (120, 255, 120), (255, 180, 90), (220, 130, 255))


def contact_sheet(root: Path, *, videos: int = 6, frames: int = 8, step: int = 3, width: int = 200) -> Image:
    """Draw frames of some videos of each split: training, then val_seen, then val_novel.

    Args:
        root: of the data set.
        videos: rows; taken evenly from the splits, and from the videos of each.
        frames: pictures in a row.
        step: frames from one picture to the next; fewer in videos too short for that.
        width: of a picture, px.

    Returns:
        (H, W, 3) BGR. Below each picture, a bar per track tells its burst: blue blur, red occlusion, purple dimming,
        green odd pose.

    Raises:
        FileNotFoundError: ``root`` is not a MiniVID, or a frame is missing.
        ValueError: it holds no videos.
    """
    records = read_records(root)
    if not records:
        raise ValueError(f"{root} holds no videos: nothing to draw")
    splits = [[r for r in records if r["split"] == split] for split in SPLITS]
    present = [split for split in splits if split]
    chosen = []
    for i, split in enumerate(present):
        share = (i + 1) * videos // len(present) - i * videos // len(present)
        chosen += [split[k] for k in np.linspace(0, len(split) - 1, min(share, len(split))).astype(int)]
    rows = [_row(root, record, frames, step, width) for record in chosen]
    side = max(row.shape[1] for row in rows)
    return np.vstack([np.pad(row, ((0, 4), (0, side - row.shape[1]), (0, 0)), constant_values=255) for row in rows])


def _row(root: Path, record: dict[str, Any], frames: int, step: int, width: int) -> Image:
    length = len(record["visible"])
    step = max(min(step, (length - 1) // max(frames - 1, 1)), 1)
    indices = [min(i * step, length - 1) for i in range(frames)]
    return np.hstack([_picture(root, record, index, width) for index in indices])


def _picture(root: Path, record: dict[str, Any], index: int, width: int) -> Image:
    half = "train" if record["split"] == "train" else "val"
    name = f"VID/{half}/{record['folder']}/{index:06d}"
    image = cv2.imread(str(root / "Data" / f"{name}.JPEG"))
    if image is None:
        raise FileNotFoundError(f"{root / 'Data' / name}.JPEG is missing or broken: make the data set anew")
    scale = width / image.shape[1]
    picture = np.asarray(cv2.resize(image, (width, 240 * width // 320), interpolation=cv2.INTER_AREA), np.uint8)
    high = picture.shape[0] / image.shape[0]
    for item in ElementTree.parse(root / "Annotations" / f"{name}.xml").getroot().iter("object"):
        _draw_box(picture, item, scale, high)
    strip = np.full((_STRIP * 4, width, 3), 255, np.uint8)
    for number, track in enumerate(record["tracks"]):
        for kind, start, stop in track["bursts"]:
            if start <= index < stop:
                cv2.rectangle(strip, (2, number * _STRIP + 1), (width - 3, (number + 1) * _STRIP - 2), _MARKS[kind], -1)
    return np.pad(np.vstack([picture, strip]), ((0, 0), (2, 2), (0, 0)), constant_values=255)


def _draw_box(picture: Image, item: ElementTree.Element, across: float, down: float) -> None:
    x1, y1, x2, y2 = (float(item.findtext(f"bndbox/{key}", "0")) for key in ("xmin", "ymin", "xmax", "ymax"))
    corner, opposite = (
        (round(x1 * across), round(y1 * down)),
        (round((x2 + 1) * across) - 1, round((y2 + 1) * down) - 1),
    )
    colour = _COLOURS[int(item.findtext("trackid", "0")) % len(_COLOURS)]
    cv2.rectangle(picture, corner, opposite, colour, 1)
    text = _NAMES[item.findtext("name", "")] + ("*" if item.findtext("occluded") == "1" else "")
    (wide, high), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.32, 1)
    left, base = min(max(corner[0], 0), picture.shape[1] - wide), max(corner[1] - 2, high + 2)
    cv2.rectangle(picture, (left - 1, base - high - 1), (left + wide, base + 2), colour, -1)
    cv2.putText(picture, text, (left, base), cv2.FONT_HERSHEY_SIMPLEX, 0.32, (0, 0, 0), 1, cv2.LINE_AA)
