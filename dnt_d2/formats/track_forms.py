"""What a file of tracks holds, in each format, for a video whose frames come one after the other."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from .coco_results import coco_entries
from .coco_vid import category_entries, image_entry
from .csv_results import HEADER, csv_lines, places_by_name
from .ilsvrc_results import ilsvrc_lines
from .mot_results import check_tracks, mot_lines
from .result_rows import Place, shortest
from .results import Detections
from .video_set import make_frame


@dataclass(frozen=True)
class VideoHead:
    """What is known of a video before its frames.

    Attributes:
        name: of the video.
        class_names: C names, in the order of their ids.
        fps: frames per second, or None.
    """

    name: str
    class_names: list[str]
    fps: float | None = None


class TrackForm(ABC):
    """The text of a file: a start, a part for each frame, an end.

    Attributes:
        start: what comes before all else.
        end_size: the bytes that the end of a file without frames takes at most.
    """

    start: str = ""
    end_size: int = 0

    def __init__(self, head: VideoHead) -> None:
        """Before the first frame. Raises ValueError for a video that the format can't hold."""
        self.head = head

    @abstractmethod
    def frame(self, size: tuple[int, int], index: int, found: Detections) -> tuple[str, int]:
        """The part of the next frame, and the bytes by which it makes the end longer.

        Args:
            size: width and height, px.
            index: the 0-based place of the frame in the video.
            found: its boxes, whose frames are all ``index``.
        """

    def end(self, num_frames: int) -> Iterator[str]:
        """What comes after the first ``num_frames`` frames, piece by piece."""
        return iter(())

    def check(self, found: Detections, place: Place) -> None:
        """Raise ValueError for boxes that only this format can't hold."""
        return


class MotForm(TrackForm):
    """A line for each box, which must have a track."""

    def frame(self, size: tuple[int, int], index: int, found: Detections) -> tuple[str, int]:
        return mot_lines(found, found.frames), 0

    def check(self, found: Detections, place: Place) -> None:
        check_tracks(found.tracks, place)


class IlsvrcForm(TrackForm):
    """A line for each box, in the devkits' form with tracks, as if the list of videos had this one alone."""

    def frame(self, size: tuple[int, int], index: int, found: Detections) -> tuple[str, int]:
        return ilsvrc_lines(found, tracks=True), 0


class CsvForm(TrackForm):
    """A header, and a line for each box."""

    start = f"{','.join(HEADER)}\n"

    def __init__(self, head: VideoHead) -> None:
        super().__init__(head)
        places_by_name(head.class_names, "classes", "CSV")

    def frame(self, size: tuple[int, int], index: int, found: Detections) -> tuple[str, int]:
        return csv_lines(found, [self.head.name] * len(found), found.frames, self.head.class_names), 0


class CocoForm(TrackForm):
    """A list with an entry for each box. The image id of a frame is its index + 1, as in COCO-VID below."""

    start = "["
    end_size = len("\n]\n")

    def __init__(self, head: VideoHead) -> None:
        super().__init__(head)
        self._num_entries = 0

    def frame(self, size: tuple[int, int], index: int, found: Detections) -> tuple[str, int]:
        return self._listed(list(coco_entries(found, found.frames + 1, found.classes + 1))), 0

    def end(self, num_frames: int) -> Iterator[str]:
        yield "\n]\n"

    def _listed(self, entries: list[str]) -> str:
        """Entries with what parts them from those before."""
        first = self._num_entries == 0
        self._num_entries += len(entries)
        return "".join(f"\n{entry}" if first and place == 0 else f",\n{entry}" for place, entry in enumerate(entries))


class CocoVidForm(CocoForm):
    """A COCO-VID JSON that is complete in itself. Its annotations are COCO's results and what a data set adds to them.

    Annotations come first, since they are written at once. Images, videos and categories are the end of the file:
    what they say is held until then, in a few numbers for each run of frames of one size.
    """

    start = '{"annotations": ['

    def __init__(self, head: VideoHead) -> None:
        super().__init__(head)
        places_by_name(head.class_names, "classes", "COCO-VID")
        self._runs = array("q")  # index of the first frame, number of frames, width, height
        self.end_size = sum(map(len, self.end(0))) + len(str(2**63))  # for the video's length; all is ASCII

    def frame(self, size: tuple[int, int], index: int, found: Detections) -> tuple[str, int]:
        runs = self._runs
        if runs and (index, *size) == (runs[-4] + runs[-3], runs[-2], runs[-1]):
            runs[-3] += 1
        else:
            runs.extend((index, 1, *size))
        areas = shortest((found.boxes[:, 2] - found.boxes[:, 0]) * (found.boxes[:, 3] - found.boxes[:, 1]))
        results = coco_entries(found, found.frames + 1, found.classes + 1)
        rows = enumerate(zip(found.tracks.tolist(), areas, results, strict=True), self._num_entries + 1)
        entries = [_annotation(number, *row) for number, row in rows]
        return self._listed(entries), len(self._image(index, size))

    def end(self, num_frames: int) -> Iterator[str]:
        yield '\n],\n"images": ['
        length = 0
        for place, (index, size) in enumerate(islice(self._frames(), num_frames)):
            yield self._image(index, size)[place == 0 :]  # no comma before the first
            length = index + 1
        video = {"id": 1, "name": self.head.name, "length": length}
        video |= {} if self.head.fps is None else {"fps": self.head.fps}
        yield f'\n],\n"videos": [{json.dumps(video)}],\n'
        yield f'"categories": {json.dumps(category_entries(self.head.class_names))}\n}}\n'

    def _frames(self) -> Iterator[tuple[int, tuple[int, int]]]:
        """Index and size of each frame."""
        for start in range(0, len(self._runs), 4):
            first, count, width, height = self._runs[start : start + 4]
            yield from ((index, (width, height)) for index in range(first, first + count))

    def _image(self, index: int, size: tuple[int, int]) -> str:
        file_name = f"{self.head.name}/{index + 1:06d}.jpg"
        frame = make_frame(file_name, index + 1, size, (0, index, index + 1))
        return f",\n{json.dumps(image_entry(frame, file_name, True))}"


def _annotation(number: int, track: int, area: str, result: str) -> str:
    instance = f'"instance_id": {track}, ' if track >= 0 else ""
    fixed = '"occluded": 0, "generated": 0, "iscrowd": 0'
    return f'{{"id": {number}, "video_id": 1, {instance}"area": {area}, {fixed}, {result[1:]}'


FORMS: dict[str, type[TrackForm]] = {
    "mot": MotForm,
    "coco_vid": CocoVidForm,
    "coco": CocoForm,
    "csv": CsvForm,
    "ilsvrc": IlsvrcForm,
}
