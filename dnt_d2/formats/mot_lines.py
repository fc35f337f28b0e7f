"""The lines of ``gt/gt.txt`` in MOTChallenge: ``frame,id,left,top,width,height,flag,class,visibility``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..bounded.numbers import LARGEST_ID, shortened, to_float
from ..bounded.text import check_lines
from .video_set import Note, make_note, plain_number

# MOT has the share that can be seen where ILSVRC has a flag: below 0.7 (as MiniVID sets its flag) it is occluded.
OCCLUDED_BELOW, WRITTEN_IF_OCCLUDED = 0.7, 0.5
_COST = 40  # bytes of memory that a byte of gt.txt becomes


def read_ground_truth(
    path: Path, length: int, labels: Sequence[str], class_names: Sequence[str]
) -> Iterator[tuple[int, Note]]:
    """Read a file, object by object.

    Six to ten columns are understood. ``flag`` 0 marks what is to be ignored (``iscrowd``); ``class`` may be missing or
    -1 where there is one class alone; ``visibility`` below 0.7 is ``occluded``, -1 is unknown. MOT15 has ten columns
    and one class: the last three are a place in the world, and are not read.

    Args:
        path: of the file.
        length: the number of frames of the sequence.
        labels: class names by their number in the file, from 1.
        class_names: the classes, in the order of their ids. Ignored objects of other classes are left out.

    Yields:
        place of the frame, from 0, and the object.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a line is wrong; the message names file and line.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing; write it (empty if there are no objects), or take the sequence out of the list"
        )
    ids = {name: i for i, name in enumerate(class_names)}
    for number, line in enumerate(read_lines(path), 1):
        if not line:
            continue
        try:
            found = _note(line, length, labels, ids)
        except ValueError as error:
            reason = shortened(str(error), 160)
            raise ValueError(f"{path}:{number}: {reason}, in {shortened(line)!r}; correct the line") from None
        if found is not None:
            yield found


def read_lines(path: Path) -> list[str]:
    """The lines of a text file, without white space around them; a mark of the byte order is no text.

    Raises:
        ValueError: it is not UTF-8, or has lines that fill the memory, see :func:`dnt_d2.bounded.text.check_lines`.
    """
    check_lines(path, cost=_COST)
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: this is not a text in UTF-8 ({error}); save it as one") from None


def _note(line: str, length: int, labels: Sequence[str], ids: dict[str, int]) -> tuple[int, Note] | None:
    columns = [to_float(word) for word in line.rstrip(",").split(",")]
    if not 6 <= len(columns) <= 10:
        raise ValueError(f"there are {len(columns)} columns, not 6 to 10")
    if len(columns) == 10 and len(labels) == 1:
        columns = columns[:7]
    frame, track, left, top, width, height = columns[:6]
    flag, label, visibility = (*columns[6:9], *(1.0, -1.0, 1.0)[len(columns[6:9]) :])
    ignored = flag == 0
    if not (frame.is_integer() and 1 <= frame <= length):
        raise ValueError(f"frame {frame:g} is not one of 1 to {length}")
    if not all(map(math.isfinite, (left, top, width, height))):
        raise ValueError("the box is not of four finite numbers")
    if not track.is_integer() or abs(track) >= LARGEST_ID or (track < 0 and not ignored):
        raise ValueError(f"id {track:g} is no number of a track")
    name = _class_name(label, labels)
    if name not in ids:
        if ignored:
            return None
        missing = "; the class, in column 8, is left out where there is one class alone" if label == -1 else ""
        raise ValueError(
            f"class {label:g} is not one of 1 to {len(labels)}{missing}"
            if name is None
            else f"class {label:g} is {name!r} in labels.txt, which is not a class of this data set"
        )
    box = (left - 1, top - 1, left + width - 2, top + height - 2)
    occluded = int(0 <= visibility < OCCLUDED_BELOW)
    return int(frame) - 1, make_note(box, ids[name], int(track), occluded=occluded, iscrowd=int(ignored))


def _class_name(label: float, labels: Sequence[str]) -> str | None:
    if label == -1 and len(labels) == 1:
        return labels[0]
    return labels[int(label) - 1] if label.is_integer() and 1 <= label <= len(labels) else None


def write_line(frame_index: int, note: Note) -> str:
    """One object as a line, without its end.

    Args:
        frame_index: from 0.
        note: see :class:`.video_set.VideoSet`.
    """
    x1, y1, x2, y2 = note["bbox"]
    box = [plain_number(value) for value in (x1 + 1, y1 + 1, x2 - x1 + 1, y2 - y1 + 1)]
    visibility = WRITTEN_IF_OCCLUDED if note["occluded"] else 1
    values = [frame_index + 1, note["instance_id"], *box, int(not note["iscrowd"]), note["category_id"] + 1, visibility]
    return ",".join(map(str, values))
