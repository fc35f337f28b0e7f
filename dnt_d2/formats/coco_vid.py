"""COCO-VID JSON: COCO's images, annotations and categories, plus the videos that they belong to."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ..bounded.json import read_json
from ..bounded.numbers import LARGEST_SIDE, shortened
from ..bounded.paths import join_inside
from ..whole_file import whole_file
from .coco_vid_frames import Entry, frame_ids, text, whole_number
from .coco_vid_notes import image_of, note_of
from .video_set import Frame, Note, VideoSet, make_frame, plain_number


def read_coco_vid(
    path: str | os.PathLike[str], images: str | os.PathLike[str] = "", kind: str = "video", *, need_tracks: bool = True
) -> VideoSet:
    """Read a file.

    A box is [x1, y1, x2 - x1, y2 - y1] of inclusive 0-based corners, px. What relatives of the format write or leave
    out is understood: ``track_id`` for ``instance_id``; no ``video_id`` in annotations; no ``occluded``,
    ``generated``, ``iscrowd`` (0 then); ``ignore``, which is the same as ``iscrowd`` here; category ids with gaps;
    images without a video; and see :func:`.coco_vid_frames.frame_ids` for ``frame_id``.

    Args:
        path: of the JSON.
        images: the folder that ``file_name`` is relative to, and must not lead out of; an absolute name that lies in it
            is fine. With "" names stay as they are, whatever they are.
        kind: "video": an image without a video is a video of length 1, after all videos. "still": all images are
            stills, in the order of the file, frames of videos too. Objects of stills are numbered by position.
        need_tracks: whether an object of a video must have an ``instance_id``; without, -1 stands for a missing one.

    Returns:
        Videos in the order of ``videos`` (those without frames are left out), classes in the order of their ids.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: something in it is wrong. The message names the file, what has which id, and the remedy.
    """
    name = os.fspath(path)
    content = parse_file(name)
    categories = read_categories(content["categories"], name)
    entries = _by_id(content["images"], "image", name)
    if kind == "still":
        frames, names = _stills(entries.values(), name, 0)
    else:
        frames, names = _videos(content["videos"], entries, name)
    folder = os.fspath(images)
    by_image: dict[int, Frame] = {}
    for frame in frames:
        frame["file_name"] = _place(frame, folder, name)
        by_image[frame["image_id"]] = frame
    for key, entry in _by_id(content["annotations"], "annotation", name, optional=True).items():
        try:
            frame, image = image_of(entry, by_image, entries, name)
            tracked = kind == "video" and image.get("video_id") is not None
            if tracked and not need_tracks and entry.get("instance_id", entry.get("track_id")) is None:
                entry["instance_id"] = -1
            frame["annotations"].append(note_of(entry, frame, categories, tracked, name))
        except ValueError as error:
            if isinstance(key, int):
                raise
            raise ValueError(f"{error}; it is annotation {key[1]} of the list, counted from 0") from None
    classes = [text(entry, "name", "category", name) for entry in categories.values()]
    return VideoSet(frames, names, classes, kind)


def write_coco_vid(
    videos: VideoSet, path: str | os.PathLike[str], images: str | os.PathLike[str], *, overwrite: bool = False
) -> None:
    """Write a file; images stay where they are.

    Stills become images without a video. Ids of categories, videos and annotations count from 1; images keep theirs.
    A video's ``length`` is written too, so that a part of its frames doesn't pass for all of them.

    Args:
        videos: what to write.
        path: of the JSON.
        images: the folder that ``file_name`` is to be relative to; all images must lie in it.
        overwrite: replace an older file.

    Raises:
        FileExistsError: the file is there already.
        ValueError: an image lies elsewhere.
    """
    if os.path.exists(path) and not overwrite:
        raise FileExistsError(f"{os.fspath(path)} is there already; choose another name, or --overwrite")
    of_videos = videos.kind == "video"
    lengths = {frame["video_id"]: frame["video_length"] for frame in videos.frames}
    content: dict[str, list[Entry]] = {
        "videos": [{"id": v + 1, "name": videos.video_names[v], "length": n} for v, n in lengths.items() if of_videos],
        "images": [image_entry(frame, _file_name(frame, os.fspath(images)), of_videos) for frame in videos.frames],
        "annotations": [
            _note_entry(note, frame, of_videos) for frame in videos.frames for note in frame["annotations"]
        ],
        "categories": category_entries(videos.class_names),
    }
    for number, entry in enumerate(content["annotations"], 1):
        entry["id"] = number
    with whole_file(path) as file:
        file.write(json.dumps(content).encode())


def category_entries(class_names: Sequence[str]) -> list[Entry]:
    """The classes as ``categories``, with ids from 1."""
    return [{"id": place, "name": name} for place, name in enumerate(class_names, 1)]


def image_entry(frame: Frame, file_name: str, of_videos: bool) -> Entry:
    """A frame as an entry of ``images``; of a video it also has that, and its place there."""
    entry = {"id": frame["image_id"], "file_name": file_name, "width": frame["width"], "height": frame["height"]}
    return entry | ({"video_id": frame["video_id"] + 1, "frame_id": frame["frame_index"]} if of_videos else {})


def parse_file(path: str) -> dict[str, list[Entry]]:
    try:
        content = read_json(path, constants=True)  # of boxes these are found below, with their place
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: there is no such COCO-VID JSON; correct the path") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path}: a COCO-VID JSON is an object with 'videos', 'images', 'annotations', 'categories'")
    content.setdefault("videos", [])  # a file of stills
    for key in ("videos", "images", "annotations", "categories"):
        entries = content.get(key)
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            found = "is missing" if key not in content else "is no list of objects"
            raise ValueError(f"{path}: {key!r} {found}; it must be a list, [] where there is nothing")
    return content


def _by_id(entries: Iterable[Entry], what: str, path: str, *, optional: bool = False) -> dict[Any, Entry]:
    """Entries by id; where ids are optional, those without get a key of their own."""
    found: dict[Any, Entry] = {}
    for place, entry in enumerate(entries):
        no_id = optional and entry.get("id") is None
        key = ("no id", place) if no_id else whole_number(entry, "id", what, path)
        if key in found:
            raise ValueError(f"{path}: {what} {key} is there twice; give each an id of its own")
        found[key] = entry
    return found


def read_categories(entries: list[Entry], path: str) -> dict[int, Entry]:
    categories = dict(sorted(_by_id(entries, "category", path).items()))
    names: set[str] = set()
    for place, (key, entry) in enumerate(categories.items()):
        name = text(entry, "name", "category", path)
        if name in names:
            raise ValueError(f"{path}: category {key}: there are two categories named {name!r}; join them")
        names.add(name)
        entry["place"] = place
    return categories


def _videos(videos: list[Entry], images: Mapping[int, Entry], path: str) -> tuple[list[Frame], list[str]]:
    """The frames of all videos, then images without one."""
    known = _by_id(videos, "video", path)
    members: dict[int, list[Entry]] = {key: [] for key in known}
    alone: list[Entry] = []
    for key, image in images.items():
        if image.get("video_id") is None:
            alone.append(image)
            continue
        video = whole_number(image, "video_id", "image", path)
        if video not in members:
            raise ValueError(
                f"{path}: image {key} is of video {video}, which is not in 'videos'; add the video, or "
                "leave 'video_id' out if the image is a still"
            )
        members[video].append(image)
    frames: list[Frame] = []
    names: list[str] = []
    for key, (indices, length) in frame_ids(known, members, path).items():
        for index, image in sorted(zip(indices, members[key], strict=True), key=lambda pair: pair[0]):
            frames.append(_frame(image, (len(names), index, length), path))
        names.append(text(known[key], "name", "video", path))
    stills, still_names = _stills(alone, path, len(names))
    return frames + stills, names + still_names


def _stills(images: Iterable[Entry], path: str, first: int) -> tuple[list[Frame], list[str]]:
    frames = [_frame(image, (place, 0, 1), path) for place, image in enumerate(images, first)]
    return frames, [str(PurePosixPath(frame["file_name"]).with_suffix("")) for frame in frames]


def _frame(image: Entry, video: tuple[int, int, int], path: str) -> Frame:
    width, height = (whole_number(image, key, "image", path) for key in ("width", "height"))
    if min(width, height) < 1 or max(width, height) > LARGEST_SIDE:
        raise ValueError(f"{path}: image {image['id']} is {width} x {height}; write its true size")
    return make_frame(text(image, "file_name", "image", path), image["id"], (width, height), video)


def _place(frame: Frame, folder: str, path: str) -> str:
    if not folder:
        return frame["file_name"]
    try:
        return join_inside(folder, frame["file_name"])
    except ValueError as error:
        raise ValueError(
            f"{path}: image {frame['image_id']}: 'file_name' {shortened(str(error), 300)}; write it relative to the "
            "folder of images, or name the folder that holds all of them"
        ) from None


def _file_name(frame: Frame, images: str) -> str:
    """Relative to the folder of images."""
    file_name = Path(os.path.relpath(frame["file_name"], images or ".")).as_posix()
    if file_name.startswith("../"):
        raise ValueError(f"{frame['file_name']} is not in the folder of images, {images}; name one that holds all")
    return file_name


def _note_entry(note: Note, frame: Frame, of_videos: bool) -> Entry:
    x1, y1, x2, y2 = note["bbox"]
    bbox = [plain_number(value) for value in (x1, y1, x2 - x1, y2 - y1)]
    entry: Entry = {"id": 0, "image_id": frame["image_id"], "category_id": note["category_id"] + 1, "bbox": bbox}
    if of_videos:
        entry |= {"video_id": frame["video_id"] + 1, "instance_id": note["instance_id"]}
    entry["area"] = plain_number(bbox[2] * bbox[3])
    return entry | {key: note[key] for key in ("occluded", "generated", "iscrowd")}
