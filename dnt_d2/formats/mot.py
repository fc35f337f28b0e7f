"""Read folders in the layout of MOTChallenge: ``<sequence>/img1/000001.jpg, gt/gt.txt, seqinfo.ini``.

Frames and pixels count from 1, as the benchmark defines it: left = x1 + 1, width = x2 - x1 + 1 of our inclusive 0-based
corners. Tracks are labels and stay as they are.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..bounded.numbers import LARGEST_SIDE, shortened
from ..bounded.paths import leads_out
from .images import image_size
from .mot_lines import read_ground_truth, read_lines
from .seqinfo import read_info
from .video_set import Frame, VideoSet, make_frame

IMAGE_EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".webp")


def read_mot(
    root: str | os.PathLike[str], class_names: Sequence[str] | None = None, lists: Sequence[str] = ()
) -> VideoSet:
    """Read sequences.

    A line of ``gt/gt.txt`` is ``frame,id,left,top,width,height,flag,class,visibility``; see
    :func:`.mot_lines.read_ground_truth`. Class k is the k-th line of ``gt/labels.txt`` where there is one (CVAT writes
    it), the k-th of ``class_names`` otherwise.

    Args:
        root: the folder of the sequences.
        class_names: the classes; None takes those of the first sequence's ``gt/labels.txt``.
        lists: names of ``<root>/seqmaps/<name>.txt``, with a sequence in each line (a first line "name" is a heading).
            Without lists all folders that have an ``img1`` are read, in order of their names.

    Returns:
        A video for each sequence. ``image_id`` counts from 1.

    Raises:
        FileNotFoundError: a folder, a list, a frame or ``gt.txt`` is missing.
        ValueError: something in a file is wrong. Each message names the file and the remedy.
    """
    folder = Path(root)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: there is no such folder of sequences; correct the path")
    names = _listed(folder, lists) if lists else _all_sequences(folder)
    classes = _read_labels(folder / names[0]) if class_names is None else list(class_names)
    if not classes:
        raise ValueError(
            f"{folder / names[0]}/gt/labels.txt is missing: give the classes by name, in order of their "
            "numbers in gt.txt"
        )
    frames: list[Frame] = []
    for place, name in enumerate(names):
        frames += _read_sequence(folder / name, place, classes, len(frames) + 1)
    return VideoSet(frames, names, classes)


def _all_sequences(root: Path) -> list[str]:
    names = sorted(path.name for path in root.iterdir() if (path / "img1").is_dir())
    if not names:
        raise FileNotFoundError(f"{root} has no sequence, which is a folder with frames in img1/; correct the path")
    return names


def _listed(root: Path, lists: Sequence[str]) -> list[str]:
    names: dict[str, None] = {}
    for item in lists:
        path = root / "seqmaps" / f"{item}.txt"
        if not path.is_file():
            raise FileNotFoundError(
                f"{path}: this list of sequences is missing; write it, or leave the lists out to read all sequences"
            )
        lines = read_lines(path)
        listed = lines[1:] if lines[:1] == ["name"] else lines
        if not any(listed):
            raise ValueError(f"{path}: there is no sequence in this list; write one a line")
        if wrong := next((line for line in listed if leads_out(line) or "\0" in line), None):
            raise ValueError(f"{path}: {shortened(wrong)!r} leads out of {root}; write the names of folders in it")
        if missing := next((line for line in listed if not _is_folder(root, line)), None):
            raise FileNotFoundError(
                f"{path}: there is no folder {shortened(missing)!r} in {root}; unpack the sequence again, or take it "
                "out of the list"
            )
        names |= dict.fromkeys(line for line in listed if line)
    return list(names)


def _is_folder(root: Path, line: str) -> bool:
    return not line or (os.path.normpath(line) != "." and os.path.isdir(root / line))


def _read_sequence(folder: Path, place: int, class_names: list[str], first_id: int) -> list[Frame]:
    info = read_info(folder / "seqinfo.ini")
    image_folder = info.get("imdir", "img1")
    if leads_out(image_folder) or "\0" in image_folder:
        raise ValueError(
            f"{folder}/seqinfo.ini: imDir {shortened(image_folder)!r} leads out of the sequence; it is img1 as a rule"
        )
    if "imdir" in info and not (os.path.isdir(folder / image_folder) and os.path.normpath(image_folder) != "."):
        raise FileNotFoundError(
            f"{folder}/seqinfo.ini: imDir is {shortened(image_folder)!r}, but there is no such folder of frames; "
            "unpack the sequence again, or correct it"
        )
    images = _numbered_images(folder / image_folder)
    said = info.get("seqlength", str(len(images)))
    if said != str(len(images)):
        raise ValueError(
            f"{folder}/seqinfo.ini: seqLength is {shortened(said)!r}, but there are {len(images)} frames; unpack the "
            "sequence again, or correct it"
        )
    size = _size(info, images[0], folder)
    frames = [
        make_frame(str(path), first_id + index, size, (place, index, len(images))) for index, path in enumerate(images)
    ]
    labels = _read_labels(folder) or class_names
    for index, note in read_ground_truth(folder / "gt" / "gt.txt", len(images), labels, class_names):
        frames[index]["annotations"].append(note)
    return frames


def _numbered_images(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: this folder of frames is missing; unpack the sequence again")
    found: dict[int, Path] = {}
    for name in sorted(os.listdir(folder)):
        stem, extension = os.path.splitext(name)
        if extension.lower() not in IMAGE_EXTENSIONS or name.startswith("."):
            continue
        if not stem.isdecimal():
            raise ValueError(f"{folder / name}: frames are named by number, 000001.jpg, ...; rename it")
        if int(stem) in found:
            raise ValueError(f"{folder}: {found[int(stem)].name} and {name} have the same number; remove one")
        found[int(stem)] = folder / name
    if not found:
        raise FileNotFoundError(f"{folder} has no frames; unpack the sequence again")
    for number in range(1, len(found) + 1):
        if number not in found:
            raise FileNotFoundError(
                f"{folder}/{number:06d} is missing; unpack the sequence again, or number frames "
                "from 000001 without gaps"
            )
    return [found[number] for number in sorted(found)]


def _size(info: dict[str, str], image: Path, folder: Path) -> tuple[int, int]:
    """Width and height of all frames: as seqinfo.ini says, else from the first frame."""
    if "imwidth" not in info or "imheight" not in info:
        return image_size(image)
    width, height = info["imwidth"], info["imheight"]
    if not all(side.isdecimal() and len(side) < 10 and 0 < int(side) <= LARGEST_SIDE for side in (width, height)):
        raise ValueError(
            f"{folder}/seqinfo.ini: imWidth and imHeight are {shortened(width)!r} and {shortened(height)!r}, not a "
            "size; correct them, or take both out"
        )
    return int(width), int(height)


def _read_labels(folder: Path) -> list[str]:
    path = folder / "gt" / "labels.txt"
    labels = [line for line in read_lines(path) if line] if path.is_file() else []
    if len(set(labels)) < len(labels):
        twice = next(label for place, label in enumerate(labels) if label in labels[:place])
        raise ValueError(f"{path}: there are two classes named {shortened(twice)!r}; give each a name of its own")
    return labels
