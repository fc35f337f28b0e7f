"""Ways to break a data set in the layout of ILSVRC, each done to the files of a :class:`.small_run.SmallRun`."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

Rng = np.random.Generator
Break = Callable[[Path, Rng], list[Path]]
"""Breaks files below a root, and gives their paths."""

# How a fault shows with DATASETS.ON_FAULT "skip".
AGAIN, LEFT_OUT, REPAIRED, REFUSED = "drawn again", "left out", "repaired", "refused"


@dataclass(frozen=True)
class DataFault:
    """A kind of fault of training data.

    Attributes:
        what: in a few words.
        plant: does it.
        ends: with "skip": :data:`AGAIN`, :data:`LEFT_OUT`, :data:`REPAIRED` (in both policies) or :data:`REFUSED`
            (in both).
        keys: of the config, with two underscores for each dot.
    """

    what: str
    plant: Break
    ends: str
    keys: tuple[tuple[str, str], ...] = ()


def videos(root: Path, part: str = "train") -> list[Path]:
    """Folders with the frames of each video."""
    return sorted({path.parent for path in (root / "Data" / "VID" / part).rglob("*.JPEG")})


def frames(video: Path) -> list[Path]:
    """The frames of a video, in order."""
    return sorted(video.glob("*.JPEG"))


def stills(root: Path) -> list[Path]:
    """All stills to train on."""
    return sorted((root / "Data" / "DET" / "train").rglob("*.JPEG"))


def annotation(image: Path) -> Path:
    """Of an image."""
    return Path(str(image).replace("/Data/", "/Annotations/")).with_suffix(".xml")


def _one_in_each(root: Path, rng: Rng) -> list[Path]:
    """One frame of each video, from the middle: so that few trainings miss all of them."""
    return [frames(video)[int(rng.integers(1, len(frames(video)) - 1))] for video in videos(root)]


def _change(path: Path, pattern: str, text: str) -> None:
    before = path.read_text()
    after = re.sub(pattern, text, before, count=1, flags=re.DOTALL)
    if before == after:
        raise ValueError(f"{path}: nothing there is like {pattern}")
    path.write_text(after)


def cut_off(root: Path, rng: Rng) -> list[Path]:
    """Frames of which the last third is missing."""
    found = _one_in_each(root, rng)
    for path in found:
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    return found


def emptied(root: Path, rng: Rng) -> list[Path]:
    """Frames of 0 bytes."""
    found = _one_in_each(root, rng)
    for path in found:
        path.write_bytes(b"")
    return found


def other_bytes(root: Path, rng: Rng) -> list[Path]:
    """Stills that are no images."""
    found = stills(root)[::3]
    for path in found:
        path.write_bytes(rng.bytes(2000))
    return found


def missing_stills(root: Path, rng: Rng) -> list[Path]:
    """Listed stills that aren't there."""
    found = stills(root)[int(rng.integers(3)) :: 3]
    for path in found:
        path.unlink()
    return found


def wrong_size(root: Path, rng: Rng) -> list[Path]:
    """Frames whose XML says another width."""
    found = _one_in_each(root, rng)
    for path in found:
        _change(annotation(path), r"<width>\d+</width>", "<width>500</width>")
    return found


def missing_frame(root: Path, rng: Rng) -> list[Path]:
    """Frames without an image."""
    found = _one_in_each(root, rng)
    for path in found:
        path.unlink()
    return found


def missing_xml(root: Path, rng: Rng) -> list[Path]:
    """Frames without an annotation."""
    found = [annotation(path) for path in _one_in_each(root, rng)]
    for path in found:
        path.unlink()
    return found


def broken_xml(root: Path, rng: Rng) -> list[Path]:
    """Annotations of which half is missing."""
    found = [annotation(path) for path in _one_in_each(root, rng)]
    for path in found:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return found


def unknown_class(root: Path, rng: Rng) -> list[Path]:
    """Frames with an object that is none of the classes."""
    found = [annotation(path) for path in _with_objects(root)]
    for path in found:
        _change(path, r"<name>[^<]*</name>", "<name>n00000000</name>")
    return found


def _with_objects(root: Path) -> list[Path]:
    return [next(f for f in frames(v) if "<object>" in annotation(f).read_text()) for v in videos(root)]


def missing_video(root: Path, rng: Rng) -> list[Path]:
    """A listed video whose folder isn't there."""
    found = videos(root)[int(rng.integers(len(videos(root))))]
    shutil.rmtree(found)
    return [found]


def odd_boxes(root: Path, rng: Rng) -> list[Path]:
    """Boxes that are outside of their image, or empty, by turns; each track twice in one frame."""
    found = [annotation(path) for path in _with_objects(root)]
    for k, path in enumerate(found):
        _change(path, r"(<object>.*?</object>)", r"\1\1")
        if k % 2:
            _change(path, r"<xmax>\d+</xmax>", "<xmax>900</xmax>")
        else:
            _change(path, r"<xmax>\d+</xmax>(\s*)<xmin>\d+</xmin>", r"<xmax>5</xmax>\1<xmin>5</xmin>")
    return found


def no_objects(root: Path, rng: Rng) -> list[Path]:
    """Annotations without an object."""
    found = [annotation(path) for path in _with_objects(root)]
    for path in found:
        path.write_text(re.sub(r"<object>.*</object>", "", path.read_text(), flags=re.DOTALL))
    return found


def empty_list(root: Path, rng: Rng) -> list[Path]:
    """A list that lists nothing."""
    path = root / "ImageSets" / "VID" / "train.txt"
    path.write_text("")
    return [path]


def unreadable_folder(root: Path, rng: Rng) -> list[Path]:
    """A video in whose folder nobody may look."""
    found = videos(root)[int(rng.integers(len(videos(root))))]
    found.chmod(0)
    return [found]


def all_broken(root: Path, rng: Rng) -> list[Path]:
    """All stills cut off."""
    for path in stills(root):
        path.write_bytes(path.read_bytes()[:300])
    return stills(root)


TRAINING = (
    DataFault("frames cut off", cut_off, AGAIN),
    DataFault("annotations cut off", broken_xml, LEFT_OUT),
    DataFault("empty frames", emptied, AGAIN),
    DataFault("stills that are no images", other_bytes, AGAIN, (("DATALOADER__NUM_WORKERS", "2"),)),
    DataFault("missing stills", missing_stills, AGAIN),
    DataFault("a wrong size in XML", wrong_size, AGAIN),
    DataFault("missing frames", missing_frame, LEFT_OUT),
    DataFault("missing annotations", missing_xml, LEFT_OUT),
    DataFault("unknown classes", unknown_class, LEFT_OUT),
    DataFault("a missing video", missing_video, LEFT_OUT),
    DataFault("boxes outside or empty, repeated tracks", odd_boxes, REPAIRED),
    DataFault("XML without objects", no_objects, REPAIRED),
    DataFault("an empty list", empty_list, REFUSED),
    DataFault("an unreadable folder", unreadable_folder, REFUSED),
    DataFault("all stills broken", all_broken, REFUSED),
)
