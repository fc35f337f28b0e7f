"""The lists of ILSVRC2015: which videos and stills hold which class, and all frames with their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..vid_classes import VID_CLASSES
from .plan import Plan
from .settings import MiniVIDSettings


def write_image_sets(root: Path, settings: MiniVIDSettings, plans: Sequence[Plan]) -> None:
    """Write `ImageSets/VID` and `ImageSets/DET`.

    `train_k.txt` names what holds class k (1 to 30, in the devkit's order), with a 1; `train.txt`, `val.txt` and its
    two parts `val_seen.txt` and `val_novel.txt` name all frames, each with its number in that list, from 1.
    """
    video = root / "ImageSets" / "VID"
    for k, name in enumerate(VID_CLASSES, start=1):
        _write(video / f"train_{k}.txt", [f"{p.folder} 1" for p in plans if p.split == "train" and name in p.classes])
    for listing, splits in {
        "train": ("train",),
        "val": ("val_seen", "val_novel"),
        "val_seen": ("val_seen",),
        "val_novel": ("val_novel",),
    }.items():
        length = settings.train_frames if listing == "train" else settings.val_frames
        frames = [f"{p.folder}/{i:06d}" for p in plans if p.split in splits for i in range(length)]
        _write(video / f"{listing}.txt", _numbered(frames))
    still = root / "ImageSets" / "DET"
    stills = [plan for plan in plans if plan.split == "stills"]
    for k, name in enumerate(VID_CLASSES, start=1):
        _write(still / f"train_{k}.txt", [f"{plan.folder} 1" for plan in stills if name in plan.classes])
    _write(still / "train.txt", _numbered([plan.folder for plan in stills]))


def _numbered(names: Sequence[str]) -> list[str]:
    return [f"{name} {number}" for number, name in enumerate(names, start=1)]


def _write(path: Path, lines: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
