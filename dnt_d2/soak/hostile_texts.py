"""Hostile XML, JSON and texts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

from ..data.annotations import Repairs, class_ids, read_annotation
from ..data.layout import read_list
from ..data.xml_table import read_content
from ..evaluation.saved_run import SavedRun
from ..formats import (
    read_coco_results,
    read_coco_vid,
    read_csv_results,
    read_ilsvrc_results,
    read_mot,
    read_mot_results,
)
from ..formats.results import FrameList
from ..vid_classes import VID_CLASSES
from .hostile_attempts import Attack

Content = str | bytes | Callable[[], str | bytes]  # a large one is made when its turn comes
_CLASSES = class_ids(VID_CLASSES)


def written(name: str, content: Content, folder: Path) -> Path:
    """A file below a folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(as_bytes(content))
    return path


def as_bytes(content: Content) -> bytes:
    """What is written."""
    content = content() if callable(content) else content
    return content if isinstance(content, bytes) else content.encode()


def both_readers(path: Path) -> None:
    """Of XML annotations. Raises AssertionError where the fast one reads what the other refuses."""
    content = read_content(str(path))
    try:
        read_annotation(str(path), _CLASSES, Repairs())
    except (ValueError, OSError):
        if content is not None:
            raise AssertionError("one reader refuses it, the other doesn't") from None
        raise


def frame_list() -> FrameList:
    """Two frames of one video."""
    frames = [
        {"video_id": 0, "frame_index": i, "image_id": i + 1, "width": 64, "height": 48, "file_name": f"{i}.jpg"}
        for i in range(2)
    ]
    return FrameList.of(frames, ["v"], ["dog", "car"])


def xml_files() -> list[Attack]:
    """Entities in every encoding, and sizes."""
    bodies: dict[str, str] = {
        "billion laughs": _laughs(),
        "quadratic blow-up": f'<!DOCTYPE a [<!ENTITY b "{"x" * 50_000}">]><a>{"&b;" * 20_000}</a>',
        "external entity": '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>',
        "external DTD": '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>',
        "parameter entity": '<!DOCTYPE a [<!ENTITY % b SYSTEM "file:///dev/zero"> %b;]><a/>',
        "empty DTD": "<!DOCTYPE a><a/>",
    }
    encodings = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp037", "utf-7", "utf-32")
    attacks = [
        Attack(f"{what}, {code}", partial(written, "a.xml", text.encode(code)), both_readers)
        for what, text in bodies.items()
        for code in encodings
    ]
    sizes: dict[str, Content] = {
        "60 MB of spaces": lambda: f"<a>{' ' * 60_000_000}</a>",
        "a million elements": lambda: f"<a>{'<b/>' * 1_000_000}</a>",
        "a million deep": lambda: "<a>" * 1_000_000 + "</a>" * 1_000_000,
        "not closed": "<a>" * 100_000,
        "a name of 60 MB": lambda: f"<{'a' * 60_000_000}/>",
        "200,000 attributes": lambda: "<a " + " ".join(f"b{i}=''" for i in range(200_000)) + "/>",
        "a comment of 60 MB": lambda: f"<a><!--{'b' * 60_000_000}--></a>",
        "a million references": lambda: f"<a>{'&#65;' * 1_000_000}</a>",
        "zero bytes": b"\0" * 100_000,
        "nothing": "",
    }
    return attacks + [Attack(what, partial(written, "a.xml", text), both_readers) for what, text in sizes.items()]


def _laughs() -> str:
    rows = "".join(f'<!ENTITY l{i} "{10 * ("&l" + str(i - 1) + ";")}">' for i in range(1, 12))
    return f'<!DOCTYPE a [<!ENTITY l0 "lol">{rows}]><a>&l11;</a>'


def json_files() -> list[Attack]:
    """The same bombs for all that read JSON, and wrong values at every place of a COCO-VID JSON."""
    bombs: dict[str, Content] = {
        "lists in lists": "[" * 1_000_000,
        "objects in objects": '{"a":' * 1_000_000,
        "empty lists": lambda: f"[{'[],' * 10_000_000}[]]",
        "empty objects": lambda: "[" + "{}," * 5_000_000 + "{}]",
        "one-letter texts": lambda: "[" + '"é",' * 12_000_000 + "0]",
        "digits": lambda: f"[{'9' * 20_000_000}]",
        "digits after a dot": lambda: f"[0.{'9' * 5_000_000}]",
        "an exponent": "[1e999999999999]",
        "NaN": "NaN",
        "a key twice": '{"videos": [], "videos": [{}]}',
        "UTF-16": "[]".encode("utf-16"),
        "zero bytes": b"\0" * 1000,
        "200 MB of spaces": lambda: b" " * 200_000_000,
        "nothing": "",
    }
    readers: dict[str, Callable[[Path], Any]] = {
        "a.json": read_coco_vid,
        "r.json": lambda path: read_coco_results(path, frame_list()),
        "run.json": lambda path: SavedRun(path.parent),
    }
    attacks = [
        Attack(f"{name}: {what}", partial(written, name, text), read)
        for name, read in readers.items()
        for what, text in bombs.items()
    ]
    return attacks + [
        Attack(what, partial(written, "a.json", json.dumps(content)), _coco_and_frames, may_pass=True)
        for what, content in _wrong_values()
    ]


def _coco_and_frames(path: Path) -> None:
    videos = read_coco_vid(path, path.parent)
    FrameList.of(videos.frames, videos.video_names, videos.class_names)


_VALUES: tuple[Any, ...] = (None, True, -1, 1e300, 10**30, 10**400, "x", "\0", "", [], {}, [[]], [1, 2, 3, 10**400])


def _wrong_values() -> Iterator[tuple[str, Any]]:
    for place, key in _places(good_coco()):
        for value in _VALUES:
            content = good_coco()
            node = content
            for step in place:
                node = node[step]
            node[key] = deepcopy(value)
            yield f"{'.'.join(map(str, (*place, key)))} = {str(value)[:20]!r}", content


def good_coco() -> dict[str, Any]:
    """A COCO-VID JSON with nothing wrong."""
    return {
        "videos": [{"id": 1, "name": "v", "length": 1}],
        "images": [{"id": 1, "video_id": 1, "frame_id": 0, "file_name": "v/0.jpg", "width": 64, "height": 48}],
        "annotations": [
            {
                "id": 1,
                "image_id": 1,
                "video_id": 1,
                "category_id": 1,
                "instance_id": 7,
                "bbox": [1, 2, 3, 4],
                "iscrowd": 0,
            }
        ],
        "categories": [{"id": 1, "name": "dog"}],
    }


def _places(node: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield above, key
        if isinstance(value, dict | list) and key != "bbox":
            yield from _places(value, (*above, key))


def texts() -> list[Attack]:
    """Lines of all formats that have some."""
    bombs: dict[str, Content] = {
        "a line of 50 MB": lambda: "1" * 50_000_000,
        "a line of 50 MB of commas": lambda: "," * 50_000_000,
        "a line of 50 MB of words": lambda: "1 " * 25_000_000,
        "an open quote": lambda: '"' + "1" * 50_000_000,
        "zero bytes": "\0" * 1000,
        "UTF-16": "1,1,1,1,1,1,1,1,1".encode("utf-16"),
        "bytes": bytes(range(128, 256)),
    }
    attacks = [
        Attack(f"{name}: {what}", partial(_text, name, text), read, may_pass=name == "list.txt" and what == "bytes")
        for name, read in _READERS.items()
        for what, text in bombs.items()
    ]
    for name, read in _READERS.items():
        for line in _LINES.get(name, ()):
            for value in _NUMBERS:
                content = line.replace("?", value) + "\n"
                make = partial(_text, name, content)
                attacks.append(Attack(f"{name}: {content[:50].strip()}", make, read, may_pass=True))
    return attacks


_NUMBERS = ("1e400", "nan", "-inf", "9" * 5000, "9" * 25, "-1", "0x10", "1.5", "1e12", "")
_HEAD = "video,frame,class,track,score,x1,y1,x2,y2"
_LINES = {
    "gt.txt": ("?,1,1,1,9,9,1,1,1", "1,?,1,1,9,9,1,1,1", "1,1,?,1,9,9,1,1,1", "1,1,1,1,9,?,1,?,1"),
    "r.csv": (
        f"{_HEAD}\nv,?,dog,1,0.5,1,1,9,9",
        f"{_HEAD}\nv,0,dog,?,?,1,?,9,9",
    ),
    "r.txt": ("? 1 0.5 1 1 9 9", "1 ? 0.5 1 1 9 9", "1 1 ? 1 ? 9 9", "1 1 ? 0.5 1 1 9 9"),
    "v.txt": ("?,1,1,1,9,9,0.5,1,-1", "1,?,1,1,9,9,0.5,1,-1", "1,1,?,1,9,9,?,1,-1", "1,1,1,1,?,9,0.5,?,-1"),
    "seqinfo.ini": ("[Sequence]\nimWidth=?\nimHeight=48", "[Sequence]\nseqLength=?"),
    "list.txt": ("v/0 ?",),
}


def _text(name: str, content: Content, folder: Path) -> Path:
    """A text where its reader looks for it."""
    if name in ("gt.txt", "labels.txt", "seqinfo.ini", "all.txt"):
        written("s/img1/000001.jpg", small_jpeg(), folder)
        written("s/gt/gt.txt", "", folder)
        place = {"seqinfo.ini": "s/seqinfo.ini", "all.txt": "seqmaps/all.txt"}.get(name, f"s/gt/{name}")
        return written(place, content, folder)
    if name == "list.txt":
        (folder / "Data" / "VID" / "v").mkdir(parents=True)
        return written("ImageSets/VID/list.txt", content, folder)
    return written(name, content, folder)


def small_jpeg() -> bytes:
    """An image of 64 x 48 pixels."""
    import cv2
    import numpy as np

    return cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()


_READERS: dict[str, Callable[[Path], Any]] = {
    "gt.txt": lambda path: read_mot(path.parents[2], ["dog"]),
    "labels.txt": lambda path: read_mot(path.parents[2], ["dog"]),
    "seqinfo.ini": lambda path: read_mot(path.parents[1], ["dog"]),
    "all.txt": lambda path: read_mot(path.parents[1], ["dog"], ["all"]),
    "list.txt": lambda path: read_list(str(path.parents[2]), "VID", "list"),
    "r.csv": lambda path: read_csv_results(path, frame_list()),
    "r.txt": lambda path: read_ilsvrc_results(path, frame_list()),
    "v.txt": lambda path: read_mot_results(path.parent, frame_list()),
}
