"""Results in the form of MOTChallenge: a folder with a text for each video, a box of a track in each line.

A line is ``frame,id,left,top,width,height,score,class,visibility``. Frames, pixels and classes count from 1: left =
x1 + 1, width = x2 - x1 + 1 of our inclusive 0-based corners. The visibility is not known: -1.
"""

from __future__ import annotations

import os
from decimal import Decimal, localcontext
from pathlib import Path

from ..bounded.numbers import shortened, to_float
from ..whole_file import whole_file
from .result_rows import (
    EXACT,
    Place,
    Rows,
    check_before_writing,
    check_boxes,
    check_range,
    find_frames,
    open_results,
    parts,
    refuse,
    shortest,
    to_whole,
)
from .results import Detections, FrameList, IntArray
from .video_set import sequence_names


def write_mot_results(folder: str | os.PathLike[str], detections: Detections, frames: FrameList) -> None:
    """Write a file for each video that has frames, empty where nothing was tracked; older ones are replaced.

    In the name of a file "_" stands for the "/" of the video's, as :func:`dnt_d2.formats.write_mot` has it.

    Args:
        folder: of the files; it is made if missing.
        detections: what to write; every box has a track.
        frames: the frames that it speaks of.

    Raises:
        ValueError: a box without a track; names of videos that can't be files; detections that
            :func:`read_mot_results` would refuse.
    """
    check_before_writing(detections, frames)
    check_tracks(detections.tracks, lambda row: f"detection {row} ({frames.describe(int(detections.frames[row]))})")
    spans = frames.spans()
    paths = _paths(folder, frames)
    Path(folder).mkdir(parents=True, exist_ok=True)
    for video, path in paths.items():
        with whole_file(path, sync=False) as file:
            for part in parts(detections.of_frames(*spans[video])):
                file.write(mot_lines(part, frames.indices[part.frames]).encode())


def read_mot_results(folder: str | os.PathLike[str], frames: FrameList) -> Detections:
    """Read a folder. Seven to ten columns are understood.

    The class may be missing or -1 where there is one class alone; with ten columns and one class the last three are
    a place in the world, and are not read. Nor is the visibility.

    Args:
        folder: of the files, one for each video that has frames.
        frames: the frames that they speak of.

    Raises:
        FileNotFoundError: the folder or a file is missing.
        ValueError: a line is wrong, the message names file and line; or a text is of no video.
    """
    if not Path(folder).is_dir():
        raise FileNotFoundError(f"{os.fspath(folder)}: there is no such folder of results; correct the path")
    paths = _paths(folder, frames)
    _check_files(Path(folder), paths)
    rows = Rows(4)
    with localcontext(EXACT):
        for video, path in paths.items():
            _read_file(str(path), video, len(frames.class_names), rows)
    videos, indices, classes, tracks = rows.whole().T

    def place(row: int) -> str:
        return f"{paths[int(videos[row])]}:{rows.line(row)}"

    numbers = find_frames(frames, videos, indices, place, first=1)
    check_range(classes, len(frames.class_names), "class", place, "classes count from 1, in the data set's order")
    refuse(tracks < 0, place, lambda row: f"the id is {tracks[row]}, but MOT holds tracks only; number them from 0")
    values = rows.values()
    check_boxes(numbers, values[:, 1:], values[:, 0], tracks, place)
    return Detections.of(numbers, classes - 1, values[:, 1:], values[:, 0], tracks)


def _paths(folder: str | os.PathLike[str], frames: FrameList) -> dict[int, Path]:
    """The file of each video that has frames, by its place."""
    videos = [video for video, (start, stop) in enumerate(frames.spans()) if start < stop]
    names = sequence_names([frames.video_names[video] for video in videos], "the file {}.txt")
    return {video: Path(folder, f"{name}.txt") for video, name in zip(videos, names, strict=True)}


def _check_files(folder: Path, paths: dict[int, Path]) -> None:
    for path in paths.values():
        if not path.is_file():
            raise FileNotFoundError(
                f"{path} is missing; write it (empty if nothing was tracked), or take the video out of the data set"
            )
    strangers = sorted(set(folder.glob("*.txt")) - set(paths.values()))
    if strangers:
        raise ValueError(f"{strangers[0]} is of no video of the data set; rename it as the video, or remove it")


def check_tracks(tracks: IntArray, place: Place) -> None:
    """Check that every box of what is to be written has a track.

    Raises:
        ValueError: one has none.
    """
    remedy = "it has no track, but MOT holds tracks only; link first, or write ILSVRC, COCO or CSV"
    refuse(tracks < 0, place, lambda row: remedy)


def mot_lines(part: Detections, indices: IntArray) -> str:
    """The lines of N boxes of one video.

    Args:
        part: the boxes, each with a track.
        indices: (N,) the 0-based places of their frames in the video.
    """
    with localcontext(EXACT):
        x1, y1, x2, y2 = ([Decimal(text) for text in shortest(column)] for column in part.boxes.T)
        boxes = [
            f"{left + 1},{top + 1},{right - left + 1},{bottom - top + 1}"
            for left, top, right, bottom in zip(x1, y1, x2, y2, strict=True)
        ]
    numbers = [(indices + 1).tolist(), part.tracks.tolist(), (part.classes + 1).tolist()]
    return "".join(
        f"{frame},{track},{box},{score},{label},-1\n"
        for frame, track, label, box, score in zip(*numbers, boxes, shortest(part.scores), strict=True)
    )


def _read_file(path: str, video: int, num_classes: int, rows: Rows) -> None:
    with open_results(path) as file:
        for number, line in enumerate(file, 1):
            text = line.strip()
            if not text:
                continue
            try:
                _add(text, number, video, num_classes, rows)
            except (ValueError, ArithmeticError) as error:
                # The latter is what a Decimal says of a text that is no number, or of inf - inf.
                reason = error if isinstance(error, ValueError) else "the box is not of four finite numbers"
                raise ValueError(
                    f"{path}:{number}: {shortened(str(reason), 160)}, in {shortened(text)!r}; correct the line"
                ) from None


def _add(text: str, number: int, video: int, num_classes: int, rows: Rows) -> None:
    words = text.rstrip(",").split(",")
    if not 7 <= len(words) <= 10:
        raise ValueError(f"there are {len(words)} columns, not 7 to 10")
    label = -1
    if len(words) > 7 and not (len(words) == 10 and num_classes == 1):
        label = to_whole(words[7], "class")
    if label == -1 and num_classes == 1:
        label = 1
    left, top, width, height = map(Decimal, words[2:6])
    box = (float(left - 1), float(top - 1), float(left + width - 2), float(top + height - 2))
    whole = (video, to_whole(words[0], "frame"), label, to_whole(words[1], "id"))
    rows.add(number, whole, (to_float(words[6]), *box))
