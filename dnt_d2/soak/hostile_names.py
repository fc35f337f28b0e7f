"""Names that lead out of their folder, and numbers that become sizes."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ..data.layout import read_list
from ..formats import (
    Detections,
    VideoSet,
    read_coco_vid,
    read_mot,
    write_ilsvrc,
    write_mot,
    write_mot_results,
)
from ..formats.results import FrameList
from ..formats.video_set import check_whole_videos, make_frame
from .hostile_attempts import Attack
from .hostile_texts import both_readers, good_coco, small_jpeg, written

_OUT = ("../x", "../../x", "a/../../x", "/tmp/x", "C:\\x", "\\\\server\\x", "..\\x", "a\\..\\..\\x", "..", "a\0b")


def names() -> list[Attack]:
    """Of images, folders, sequences and videos; read and written."""
    attacks = []
    for name in _OUT:
        attacks += [
            Attack(f"COCO-VID, file_name {name!r}", partial(_coco, ("images", 0, "file_name"), name), _read_coco),
            Attack(f"MOT, imDir {name!r}", partial(_mot, "s/seqinfo.ini", f"[Sequence]\nimDir={name}\n"), _read_mot),
            Attack(f"MOT, seqmap {name!r}", partial(_mot, "seqmaps/all.txt", f"{name}\n"), _read_mot),
            Attack(f"ILSVRC, list {name!r}", partial(_list, name), _read_list),
        ]
        attacks += [
            Attack(f"{what}, video {name!r}", partial(written, "name.txt", name), partial(_write, write))
            for what, write in _WRITERS.items()
        ]
    return attacks


def _coco(place: tuple[Any, ...], value: Any, folder: Path) -> Path:
    content = good_coco()
    node: Any = content
    for step in place[:-1]:
        node = node[step]
    node[place[-1]] = value
    return written("a.json", json.dumps(content), folder)


def _read_coco(path: Path) -> None:
    read_coco_vid(path, path.parent)


def _mot(place: str, content: str, folder: Path) -> Path:
    written("s/img1/000001.jpg", small_jpeg(), folder)
    written("s/gt/gt.txt", "", folder)
    return written(place, content, folder)


def _read_mot(path: Path) -> None:
    read_mot(path.parents[1], ["dog"], ["all"] if path.name == "all.txt" else [])


def _list(name: str, folder: Path) -> Path:
    (folder / "Data" / "VID" / "a").mkdir(parents=True)
    return written("ImageSets/VID/list.txt", f"a 1\n{name} 2\n", folder)


def _read_list(path: Path) -> None:
    read_list(str(path.parents[2]), "VID", "list")


def _videos(name: str, folder: Path) -> VideoSet:
    return VideoSet([make_frame(str(written("a.jpg", small_jpeg(), folder)), 1, (64, 48), (0, 0, 1))], [name], ["dog"])


def _results(name: str, folder: Path) -> None:
    frames = FrameList.of(_videos("v", folder).frames, [name], ["dog"])
    write_mot_results(folder / "out", Detections.of([0], [0], [[1, 2, 3, 4]], [0.5], [1]), frames)


_WRITERS: dict[str, Callable[[str, Path], Any]] = {
    "ILSVRC tree": lambda name, folder: write_ilsvrc(_videos(name, folder), folder / "out", "all", images="copy"),
    "ILSVRC list": lambda name, folder: write_ilsvrc(_videos("v", folder), folder / "out", name, images="copy"),
    "MOT folder": lambda name, folder: write_mot(_videos(name, folder), folder / "out", images="copy"),
    "MOT list": lambda name, folder: write_mot(_videos("v", folder), folder / "out", name, images="copy"),
    "MOT results": _results,
}


def _write(write: Callable[[str, Path], Any], path: Path) -> None:
    """With the name that is in the file; the image that it needs is taken away again."""
    name, folder = path.read_bytes().decode(), path.parent
    try:
        write(name, folder)
    except ValueError as error:
        if repr(name)[1:-1] in str(error):
            raise ValueError(f"{path.name}: {error}") from error
        raise
    finally:
        (folder / "a.jpg").unlink()


def numbers() -> list[Attack]:
    """Sizes, tracks, frames and lengths that nothing has."""
    large = (10**9, 10**12, 2**63, 10**30, 10**300)
    places = {
        "width": ("images", 0, "width"),
        "height": ("images", 0, "height"),
        "frame_id": ("images", 0, "frame_id"),
        "length": ("videos", 0, "length"),
        "id": ("images", 0, "id"),
        "instance_id": ("annotations", 0, "instance_id"),
        "category": ("annotations", 0, "category_id"),
    }
    attacks = [
        Attack(f"COCO-VID, {what} {value:.0e}", partial(_coco, place, value), _read_and_check)
        for what, place in places.items()
        for value in (large if what in ("width", "height") else large[2:])
    ]
    for value in large:
        size = f"<size><width>{value}</width><height>{value}</height></size>"
        attacks.append(Attack(f"XML, size {value:.0e}", partial(_xml, size), both_readers))
        info = f"[Sequence]\nimWidth={value}\nimHeight={value}\n"
        attacks.append(Attack(f"MOT, size {value:.0e}", partial(_mot, "s/seqinfo.ini", info), _read_mot))
        length = f"[Sequence]\nseqLength={value}\n"
        attacks.append(Attack(f"MOT, length {value:.0e}", partial(_mot, "s/seqinfo.ini", length), _read_mot))
        line = f"{value},1,1,1,9,9,1,1,1\n"
        attacks.append(Attack(f"MOT, frame {value:.0e}", partial(_mot, "s/gt/gt.txt", line), _read_ground_truth))
    for value in large[2:]:
        track = f"<size><width>64</width><height>48</height></size>{_THING.format(value)}"
        attacks.append(Attack(f"XML, track {value:.0e}", partial(_xml, track), both_readers))
        line = f"1,{value},1,1,9,9,1,1,1\n"
        attacks.append(Attack(f"MOT, track {value:.0e}", partial(_mot, "s/gt/gt.txt", line), _read_ground_truth))
    for value in (10**9, 2**31 - 1):
        attacks.append(
            Attack(f"COCO-VID, written, length {value:.0e}", partial(_coco, places["length"], value), _whole)
        )
    return attacks


_BOX = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>40</ymax></bndbox>"
_THING = "<object><name>n02084071</name><trackid>{}</trackid>" + _BOX + "</object>"


def _xml(content: str, folder: Path) -> Path:
    return written("a.xml", f"<annotation>{content}</annotation>", folder)


def _read_ground_truth(path: Path) -> None:
    read_mot(path.parents[2], ["dog"])


def _read_and_check(path: Path) -> None:
    videos = read_coco_vid(path, path.parent)
    FrameList.of(videos.frames, videos.video_names, videos.class_names)


def _whole(path: Path) -> None:
    try:
        check_whole_videos(read_coco_vid(path, path.parent), "an ILSVRC tree")
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error
