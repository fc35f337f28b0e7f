"""Measure a written MiniVID against what makes it informative."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from ..vid_classes import WORDNET_IDS
from .settings import SPLITS

RECORDS = "minivid_records"
_NAMES = {wnid: name for name, wnid in WORDNET_IDS.items()}
_NETWORK_SIDE = 192.0  # px, the shorter side of a frame as the network sees it


@dataclass(frozen=True)
class Statistic:
    """One number, and the range it should lie in (None: open)."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None

    @property
    def good(self) -> bool:
        """Whether it lies in its range; a number that could not be measured does not."""
        return (self.low is None or self.value >= self.low) and (self.high is None or self.value <= self.high)

    def __str__(self) -> str:
        bounds = [f"at least {self.low:g}"] if self.low is not None else []
        bounds += [f"at most {self.high:g}"] if self.high is not None else []
        mark = "" if not bounds else "  ok" if self.good else "  OUTSIDE"
        return f"{self.name:46s} {self.value:9.3f}  {' and '.join(bounds)}{mark}"


def read_records(root: Path) -> list[dict[str, Any]]:
    """What the painter noted of each video, in order of split and number.

    Raises:
        FileNotFoundError: ``root`` is not a MiniVID.
    """
    if not (root / "minivid.json").is_file():
        raise FileNotFoundError(f"{root} is not a MiniVID: make one with `python datasets/prepare_minivid.py {root}`")
    paths = sorted((root / RECORDS).glob("*.json"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def measure(root: Path, split: str) -> list[Statistic]:
    """Measure one split from its XML (what) and its records (why).

    Args:
        root: of the data set.
        split: "train", "val_seen" or "val_novel".

    Returns:
        one number per property; empty where the split has no videos.
    """
    records = [record for record in read_records(root) if record["split"] == split]
    if not records:
        return []
    videos = [_read_video(root, record) for record in records]
    lengths = [video.length for video in videos]
    tracks = [track for video in videos for track in video.tracks]
    shown = [len(track.frames) / video.length for video in videos for track in video.tracks]
    empty = sum(video.length - len(set().union(*(t.frames for t in video.tracks))) for video in videos)
    crossing = [t.frames[0] > 0 or t.frames[-1] < v.length - 1 for v in videos for t in v.tracks if t.frames]
    twins = [max(Counter(track.class_name for track in video.tracks).values()) > 1 for video in videos]
    bursts = [share for record in records for share in burst_shares(record)]
    bad = [length for record in records for length in burst_lengths(record)]
    motion = np.concatenate([track.steps() for track in tracks] or [np.zeros(0)])
    sizes = np.concatenate([track.sizes() for track in tracks] or [np.zeros(0)])
    return [
        Statistic("videos", len(videos)),
        Statistic("frames per video", float(np.mean(lengths)), None if split == "train" else 60),
        Statistic("image sizes", len({video.size for video in videos}), 2),
        Statistic("tracks per video", len(tracks) / len(videos), 1, 4),
        Statistic("moving things of no class per video", float(np.mean([r["distractors"] for r in records]))),
        Statistic("share of a track's frames in bursts, mean", float(np.mean(bursts)), 0.30, 0.45),
        Statistic("length of a burst, mean, frames", float(np.mean(bad)) if bad else 0.0, 2, 8),
        Statistic("share of the video in which an object is seen", float(np.mean(shown)), 0.90),
        Statistic("share of frames without any box", empty / sum(lengths), None, 0.05),
        Statistic("share of tracks that enter or leave", float(np.mean(crossing)), None, 0.20),
        Statistic("share of videos with two of one class", float(np.mean(twins)), 0.33),
        Statistic("motion, median, px at short side 192", float(np.median(motion)), 6, 12),
        Statistic("share of motion above 16 px", float(np.mean(motion > 16)), 0.17, 0.35),
        Statistic("size, sqrt(area), 5th percentile, px", float(np.percentile(sizes, 5)), 30),
        Statistic("size, sqrt(area), median, px", float(np.median(sizes)), 40, 120),
        Statistic("size, sqrt(area), 95th percentile, px", float(np.percentile(sizes, 95)), None, 130),
    ]


def burst_shares(record: dict[str, Any]) -> list[float]:
    """For each track, the share of its frames in bursts, from the first to the last in which it is seen."""
    shares = []
    for number, track in enumerate(record["tracks"]):
        seen = [index for index, visible in enumerate(record["visible"]) if str(number) in visible]
        if seen:
            bad = {index for _, start, stop in track["bursts"] for index in range(start, stop)}
            span = range(seen[0], seen[-1] + 1)
            shares.append(len(bad.intersection(span)) / len(span))
    return shares


def burst_lengths(record: dict[str, Any]) -> list[int]:
    """The length of every burst of every track, frames."""
    return [stop - start for track in record["tracks"] for _, start, stop in track["bursts"]]


@dataclass
class SeenTrack:
    """One track as it is annotated: frames, (L,), and corners, (L, 4), px."""

    class_name: str
    frames: list[int]
    boxes: list[tuple[float, float, float, float]]
    scale: float

    def steps(self) -> np.ndarray:
        """How far its centre moves between adjacent frames, px at the network's size."""
        boxes, frames = np.array(self.boxes), np.array(self.frames)
        centres = (boxes[:, :2] + boxes[:, 2:]) / 2
        return (np.hypot(*np.diff(centres, axis=0).T) * self.scale)[np.diff(frames) == 1]

    def sizes(self) -> np.ndarray:
        """The square root of its area in each frame, px."""
        boxes = np.array(self.boxes)
        return np.sqrt((boxes[:, 2:] - boxes[:, :2] + 1).prod(axis=1))


@dataclass
class SeenVideo:
    """One video as it is annotated."""

    length: int
    size: tuple[int, int]
    tracks: list[SeenTrack]


def _read_video(root: Path, record: dict[str, Any]) -> SeenVideo:
    half = "train" if record["split"] == "train" else "val"
    folder = root / "Annotations" / "VID" / half / record["folder"]
    paths = sorted(folder.glob("*.xml"))
    if not paths:
        raise FileNotFoundError(f"{folder} holds no annotations: finish the data set first")
    tracks: dict[int, SeenTrack] = {}
    for index, path in enumerate(paths):
        tree = ElementTree.parse(path).getroot()
        size = (int(tree.findtext("size/width", "0")), int(tree.findtext("size/height", "0")))
        for item in tree.iter("object"):
            number = int(item.findtext("trackid", "0"))
            name = _NAMES[item.findtext("name", "")]
            track = tracks.setdefault(number, SeenTrack(name, [], [], _NETWORK_SIDE / min(size)))
            x1, y1, x2, y2 = (float(item.findtext(f"bndbox/{key}", "0")) for key in ("xmin", "ymin", "xmax", "ymax"))
            track.frames.append(index)
            track.boxes.append((x1, y1, x2, y2))
    return SeenVideo(len(paths), size, [tracks[number] for number in sorted(tracks)])


def boxes_per_class(root: Path, split: str) -> dict[str, int]:
    """How many boxes each class has in a split, in class order; classes without any are absent."""
    counts: Counter[str] = Counter()
    for record in read_records(root):
        if record["split"] == split:
            for track in _read_video(root, record).tracks:
                counts[track.class_name] += len(track.frames)
    return {name: counts[name] for name in WORDNET_IDS if counts[name]}


def write_statistics(root: Path) -> None:
    """Measure all splits and write `statistics.json` into ``root``: {split: {name: value, null if unknown}}."""
    measured = {
        split: {item.name: None if np.isnan(item.value) else round(item.value, 4) for item in measure(root, split)}
        for split in SPLITS
    }
    (root / "statistics.json").write_text(
        json.dumps(measured, indent=1, allow_nan=False), encoding="utf-8", newline="\n"
    )


def report(root: Path) -> str:
    """All statistics of all splits, as text, with their targets beside them."""
    lines = []
    for split in SPLITS:
        statistics = measure(root, split)
        if statistics:
            counts = boxes_per_class(root, split)
            lines += [f"== {split}", *map(str, statistics)]
            lines += ["boxes: " + ", ".join(f"{name} {count}" for name, count in counts.items()), ""]
    return "\n".join(lines)
