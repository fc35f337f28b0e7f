"""Results as a table for spreadsheets and data frames: CSV with the names of videos and classes.

Columns are ``video, frame, class, track, score, x1, y1, x2, y2``: frames count from 0, the track of a box without one
is empty, corners are inclusive and 0-based, px.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence

from ..bounded.numbers import shortened, to_float
from ..whole_file import whole_file
from .result_rows import Rows, check_before_writing, check_boxes, find_frames, open_results, parts, shortest, to_whole
from .results import Detections, FrameList, IntArray

HEADER = ["video", "frame", "class", "track", "score", "x1", "y1", "x2", "y2"]


def write_csv_results(path: str | os.PathLike[str], detections: Detections, frames: FrameList) -> None:
    """Write a file. Scores and corners come back exactly.

    Args:
        path: of the CSV.
        detections: what to write.
        frames: the frames that it speaks of.

    Raises:
        ValueError: two videos or two classes of one name; detections that :func:`read_csv_results` would refuse.
    """
    places_by_name(frames.video_names, "videos")
    places_by_name(frames.class_names, "classes")
    check_before_writing(detections, frames)
    with whole_file(path) as file:
        file.write(f"{','.join(HEADER)}\n".encode())
        for part in parts(detections):
            names = [frames.video_names[video] for video in frames.videos[part.frames].tolist()]
            file.write(csv_lines(part, names, frames.indices[part.frames], frames.class_names).encode())


def csv_lines(part: Detections, videos: Sequence[str], indices: IntArray, class_names: Sequence[str]) -> str:
    """The lines of N boxes.

    Args:
        part: the boxes.
        videos: N names.
        indices: (N,) the 0-based places of their frames in their videos.
        class_names: by class id.
    """
    text = io.StringIO(newline="")
    columns = (
        videos,
        indices.tolist(),
        [class_names[class_id] for class_id in part.classes.tolist()],
        [track if track >= 0 else "" for track in part.tracks.tolist()],
        shortest(part.scores),
        *(shortest(column) for column in part.boxes.T),
    )
    csv.writer(text, lineterminator="\n").writerows(zip(*columns, strict=True))
    return text.getvalue()


def read_csv_results(path: str | os.PathLike[str], frames: FrameList) -> Detections:
    """Read a file.

    Args:
        path: of the CSV; an empty file is one without detections.
        frames: the frames that it speaks of.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: two videos or two classes of one name; another header; or a line is wrong, the message says which.
    """
    name = os.fspath(path)
    videos, classes = places_by_name(frames.video_names, "videos"), places_by_name(frames.class_names, "classes")
    rows = Rows(4)
    with open_results(name, newline="") as file:
        lines = csv.reader(file, strict=True)
        try:
            header = next(lines, HEADER)
            if header != HEADER:
                raise ValueError(f"the first line is {shortened(','.join(header))!r}, not {','.join(HEADER)!r}")
            for words in lines:
                if words:
                    rows.add(lines.line_num, *_row(words, videos, classes))
        except (csv.Error, ValueError) as error:
            if isinstance(error, UnicodeDecodeError):
                raise
            raise ValueError(f"{name}:{lines.line_num}: {shortened(str(error), 160)}; correct the line") from None
    places, indices, class_ids, tracks = rows.whole().T

    def place(row: int) -> str:
        return f"{name}:{rows.line(row)}"

    numbers = find_frames(frames, places, indices, place, first=0)
    values = rows.values()
    check_boxes(numbers, values[:, 1:], values[:, 0], tracks, place)
    return Detections.of(numbers, class_ids, values[:, 1:], values[:, 0], tracks)


def places_by_name(names: Sequence[str], what: str, target: str = "CSV") -> dict[str, int]:
    """The places of names.

    Args:
        names: of videos or classes.
        what: which of them, for the message.
        target: the format that holds names.

    Raises:
        ValueError: two are the same.
    """
    places = {name: place for place, name in enumerate(names)}
    if len(places) < len(names):
        twice = next(name for place, name in enumerate(names) if places[name] != place)
        raise ValueError(
            f"there are two {what} named {twice!r}, which {target} can't tell apart; give each its own name"
        )
    return places


def _row(
    words: Sequence[str], videos: Mapping[str, int], classes: Mapping[str, int]
) -> tuple[tuple[int, int, int, int], list[float]]:
    """Video, frame, class, track; score, x1, y1, x2, y2."""
    if len(words) != len(HEADER):
        raise ValueError(f"there are {len(words)} columns, not {len(HEADER)}")
    video, frame, label, track = words[:4]
    if video not in videos:
        raise ValueError(f"the data set has no video {video!r}")
    if label not in classes:
        raise ValueError(f"the data set has no class {label!r}")
    track_id = to_whole(track, "track") if track.strip() else -1
    return (videos[video], to_whole(frame, "frame"), classes[label], track_id), [to_float(word) for word in words[4:]]
