"""COCO-VID JSON: the fields of its entries, and the places of frames in their videos."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from ..bounded.numbers import LONGEST_VIDEO, shortened

Entry = dict[str, Any]

# Not from the middle of digits: that would take the square of their number.
_LAST_NUMBER = re.compile(r"(?<!\d)\d{1,18}$")


def whole_number(entry: Entry, key: str, what: str, path: str) -> int:
    """The whole number under ``key``.

    Raises:
        ValueError: it is missing, or something else; the message names the file, and what has which id.
    """
    value = entry.get(key)
    if type(value) is int and value.bit_length() < 64:
        return value
    if isinstance(value, bool) or (isinstance(value, float) and value.is_integer() and abs(value) < 2**63):
        return int(value)
    found = "is missing" if value is None else f"is {shortened(repr(value))}, not a whole number of 64 bits"
    raise ValueError(f"{path}: {what} {named(entry)}: {key!r} {found}; correct the file")


def text(entry: Entry, key: str, what: str, path: str) -> str:
    """The text under ``key``, which must not be empty. Raises as :func:`whole_number` does."""
    value = entry.get(key)
    if not (isinstance(value, str) and value):
        found = "is missing" if value is None else f"is {shortened(repr(value))}, not a name"
        raise ValueError(f"{path}: {what} {named(entry)}: {key!r} {found}; correct the file")
    return value


def named(entry: Entry) -> str:
    """The id of an entry, for messages."""
    value = entry.get("id")
    # A text in quotes: what is in it must not write to a terminal as it likes.
    return "(without id)" if value is None else shortened(repr(value))


def frame_ids(
    videos: Mapping[int, Entry], members: Mapping[int, Sequence[Entry]], path: str
) -> dict[int, tuple[list[int], int]]:
    """The place of each frame in its video.

    ``frame_id`` counts from 0. A file whose videos all have the frames 1 to N, as some tools write, is understood to
    count from 1. Where all frames of a video lack it, their order is that of the numbers that end their file names,
    which must be all that the names differ in; such a video says nothing of how the file counts.

    Args:
        videos: entries by id.
        members: images by the id of their video.
        path: of the file, for messages.

    Returns:
        For each video that has frames, in order: the places, from 0, and the number of frames, which is ``length``
        where the video says so and has that many.

    Raises:
        ValueError: a frame's place is missing, negative, taken, or beyond :data:`.LONGEST_VIDEO`.
    """
    found = {key: _ids_of(key, images, path) for key, images in members.items() if images}
    lengths = {key: videos[key].get("length") for key in found}
    counted = {key: ids for key, ids in found.items() if members[key][0].get("frame_id") is not None}
    if all(min(ids) == 1 and max(ids) == len(ids) and lengths[key] in (None, len(ids)) for key, ids in counted.items()):
        found |= {key: [place - 1 for place in ids] for key, ids in counted.items()}
    known = {
        key: whole_number(videos[key], "length", "video", path) if n is not None else 0 for key, n in lengths.items()
    }
    result = {key: (ids, max(known[key], max(ids) + 1)) for key, ids in found.items()}
    if too_long := [(key, length) for key, (_, length) in result.items() if length > LONGEST_VIDEO]:
        raise ValueError(
            f"{path}: video {too_long[0][0]} would have {too_long[0][1]} frames, more than {LONGEST_VIDEO}; correct "
            "its 'length', or the 'frame_id' of its images"
        )
    return result


def _ids_of(video: int, images: Sequence[Entry], path: str) -> list[int]:
    missing = [image for image in images if image.get("frame_id") is None]
    if len(missing) == len(images):
        return _by_file_name(video, images, path)
    places: dict[int, Entry] = {}
    for image in images:
        place = whole_number(image, "frame_id", "image", path)
        if place < 0 or place in places:
            other = f"also that of image {places[place]['id']}" if place in places else "below 0"
            raise ValueError(
                f"{path}: image {image['id']} of video {video}: 'frame_id' {place} is {other}; number the "
                "frames of each video from 0"
            )
        places[place] = image
    return list(places)


def _by_file_name(video: int, images: Sequence[Entry], path: str) -> list[int]:
    numbers: list[int] = []
    rest: set[tuple[str, str]] = set()
    for image in images:
        name = PurePosixPath(text(image, "file_name", "image", path))
        match = _LAST_NUMBER.search(name.stem)
        if match is not None:
            numbers.append(int(match[0]))
            rest.add((str(name.parent / name.stem[: match.start()]), name.suffix))
    if len(set(numbers)) < len(images) or len(rest) > 1:
        raise ValueError(
            f"{path}: video {video}: its frames have no 'frame_id', and their file names don't order them "
            "(they must be alike but for a number at the end); write 'frame_id', from 0"
        )
    place = {number: index for index, number in enumerate(sorted(numbers))}
    return [place[number] for number in numbers]
