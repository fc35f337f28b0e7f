"""Saved runs: a folder with what a network said about a data set, video by video, and the ground truth.

    run.json             what was run, on what; the videos by number and name
    truth.npz            frames and ground truth of the data set
    videos/000007.npz    video 7, once the network has seen it to its end (:class:`.video_record.VideoRecord`)

Every ``.npz`` is a plain NumPy archive. That of a video has ``frames (F,)``, the frame indices, ``revised``, whether
its scores are means with those of neighbouring frames, ``replaced``, where there are any, the indices of frames whose
image couldn't be read (:mod:`.replaced_frames`), and for each table (detections, candidates, tracklets,
proposals) ``<table>/counts (F,)`` and its columns ``<table>/<column>``: the rows of all frames, one frame after the
other. Boxes are inclusive, 0-based corners in pixels of the original image, float32.

Nothing is rounded or left out, so that what is linked from a file is what would have been linked at once. For P
proposals of C classes, D detections and M tracklets a frame takes 4 P (8 + C) + 22 D + 32 M bytes before compression.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bounded.archives import read_npz
from ..bounded.json import read_json
from ..formats.results import FrameList
from ..whole_file import remove_leftovers, whole_file
from .ground_truth import VideoTruth
from .run_check import (
    check_kinds,
    check_record,
    check_truth,
    check_truth_arrays,
    check_video_arrays,
    check_videos,
)
from .tables import write_json
from .video_record import Rows, VideoRecord

FORMAT = "dnt_d2 saved run 1"
# The fastest: scores are noise to a compressor, higher levels take longer and gain little.
_COMPRESSION_LEVEL = 1
_TEXT = ("utf-8", "surrogateescape")  # the latter for names of files that are no text, as Python holds them


@dataclass(frozen=True)
class RunFacts:
    """What stands in ``run.json``.

    Attributes:
        dataset: its name.
        temporal_stride: which frames the network was to see: every so-many-th of a video, and its last.
        digest: of weights, config and data, see :mod:`.run_digest`; "" where nobody asked for one.
        settings: config keys and values that say how tubes were linked when it was made; others can be used.
        provenance: date, machine, versions, command.
    """

    dataset: str
    temporal_stride: int = 1
    digest: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)


class SavedRun:
    """A saved run, to be read or added to."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        """Open a run.

        Args:
            folder: of the run; or one above it, with runs in ``runs/``: then the newest is taken.

        Raises:
            FileNotFoundError: there is none.
            ValueError: a file of it is broken, or of another version.
        """
        self.folder = _find(Path(folder))
        content = _read_json(self.folder / "run.json")
        try:
            check_kinds(content, _KINDS)
            self.facts = RunFacts(**{name: content[name] for name in RunFacts.__dataclass_fields__})
            self.video_ids: dict[int, str] = check_videos(content["videos"])
            self.classes: list[str] = list(map(str, content["classes"]))
            if self.facts.temporal_stride < 1:
                raise ValueError(f"has {self.facts.temporal_stride} as 'temporal_stride', not 1 or more")
        except ValueError as error:
            raise ValueError(f"{self.folder / 'run.json'} {error}; run --eval-only again") from None

    @classmethod
    def create(cls, folder: str | os.PathLike[str], facts: RunFacts, truth: VideoTruth, frames: FrameList) -> SavedRun:
        """Make a run without videos yet; one that is there is replaced, but for its videos.

        Args:
            folder: missing ones are made.
            facts: what to write down.
            truth: of the data set.
            frames: of the same data set, in the same order.

        Raises:
            ValueError: the name of a file has a line break.
        """
        folder = Path(folder)
        (folder / "videos").mkdir(parents=True, exist_ok=True)
        for place in (folder, folder / "videos"):
            remove_leftovers(place)
        with whole_file(folder / "truth.npz") as file:
            _write_arrays(file, {**truth.arrays(), **_frame_arrays(frames)})
        ids = np.unique(truth.video_ids).tolist()
        videos = [{"id": v, "name": name} for v, name in zip(ids, frames.video_names, strict=True)]
        content = {"format": FORMAT, **vars(facts), "classes": frames.class_names, "videos": videos}
        write_json(folder / "run.json", content)  # last: a run that has it has all the rest
        return cls(folder)

    def read_truth(self) -> tuple[VideoTruth, FrameList]:
        """Ground truth and frames of the data set.

        Raises:
            FileNotFoundError: they are not there.
            ValueError: their file is broken.
        """
        path = self.folder / "truth.npz"
        arrays = _read_arrays(path)
        try:
            check_truth_arrays(arrays)
            names = arrays.pop("file_names").tobytes().decode(*_TEXT).split("\n")
            frames = FrameList(
                list(self.video_ids.values()),
                self.classes,
                np.searchsorted(list(self.video_ids), arrays["video_ids"]),
                arrays["frame_indices"].astype(np.int64),
                arrays.pop("image_ids"),
                arrays.pop("sizes"),
                names if len(arrays["video_ids"]) else [],
            )
            truth = VideoTruth(num_classes=len(self.classes), **arrays)
            check_truth(truth, frames, list(self.video_ids))
            return truth, frames
        except _WRONG as error:
            raise ValueError(f"{path} is not the ground truth of a saved run ({error}); {_REMEDY}") from None

    @property
    def finished(self) -> list[int]:
        """The videos that are there, ascending."""
        return sorted(v for v in self.video_ids if self.path(v).is_file())

    def write(self, video_id: int, record: VideoRecord) -> None:
        """Add a video, all or nothing, whatever kills the program.

        Raises:
            ValueError: the data set has no such video.
        """
        if video_id not in self.video_ids:
            raise ValueError(f"video {video_id} is not one of {self.facts.dataset}")
        arrays: dict[str, NDArray[Any]] = {"frames": record.frames, "revised": np.array(record.revised)}
        arrays |= {"replaced": record.replaced} if len(record.replaced) else {}
        for name, rows in record.tables.items():
            arrays[f"{name}/counts"] = rows.counts.astype(np.int32)
            arrays |= {f"{name}/{column}": values for column, values in rows.columns.items()}
        with whole_file(self.path(video_id)) as file:
            _write_arrays(file, arrays)

    def read(self, video_id: int) -> VideoRecord:
        """A video.

        Raises:
            FileNotFoundError: the network has not seen it to its end.
            ValueError: its file is broken.
        """
        arrays = _read_arrays(self.path(video_id))
        try:
            check_video_arrays(arrays)
            frames, revised = arrays.pop("frames").astype(np.int64), bool(arrays.pop("revised"))
            replaced = arrays.pop("replaced", np.zeros(0)).astype(np.int64)
            columns: dict[str, dict[str, NDArray[Any]]] = {}
            for key, values in arrays.items():
                table, _, column = key.partition("/")
                columns.setdefault(table, {})[column] = values
            tables = {table: Rows(of.pop("counts").astype(np.int64), of) for table, of in columns.items()}
            record = VideoRecord(frames, revised=revised, replaced=replaced, **tables)
            check_record(record, len(self.classes))
            return record
        except _WRONG as error:
            raise ValueError(f"{self.path(video_id)} is no video of a saved run ({error}); {_REMEDY}") from None

    def videos(self) -> Iterator[tuple[int, VideoRecord]]:
        """All finished videos with their ids, one in memory at a time."""
        for video_id in self.finished:
            yield video_id, self.read(video_id)

    def path(self, video_id: int) -> Path:
        """Of the file of a video, whether it is there or not."""
        return self.folder / "videos" / f"{video_id:06d}.npz"


_KINDS = {"dataset": str, "temporal_stride": int, "digest": str, "settings": dict, "provenance": dict}
_KINDS |= {"videos": list, "classes": list}
# What arrays of other types and shapes than expected make NumPy raise; the last is its error of an axis.
_WRONG = (KeyError, TypeError, ValueError, IndexError, OverflowError)
_REMEDY = "remove it, and run --eval-only again: the rest is kept"


def _find(folder: Path) -> Path:
    if (folder / "run.json").is_file():
        return folder
    runs = sorted((folder / "runs").glob("*/run.json"), key=lambda path: path.stat().st_mtime)
    if not runs:
        raise FileNotFoundError(
            f"{folder} is no saved run (it has no run.json), and has none in runs/; "
            "name the folder that --eval-only with TEST.SAVE_RUN True told"
        )
    return runs[-1].parent


def _read_json(path: Path) -> dict[str, Any]:
    content = read_json(path, constants=True)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"{path} is not of the format {FORMAT!r}; run --eval-only again with this version")
    return content


def _frame_arrays(frames: FrameList) -> dict[str, NDArray[Any]]:
    broken = next((name for name in frames.file_names if "\n" in name), None)
    if broken is not None:
        raise ValueError(f"the name of the file {broken!r} has a line break, which a saved run can't hold: rename it")
    # As bytes: an array of strings would take the length of the longest for each.
    names = np.frombuffer("\n".join(frames.file_names).encode(*_TEXT), dtype=np.uint8)
    return {"image_ids": frames.image_ids, "sizes": frames.sizes, "file_names": names}


def _write_arrays(file: Any, arrays: Mapping[str, NDArray[Any]]) -> None:
    """As ``numpy.savez_compressed``, at a level that keeps up with a network."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION_LEVEL) as archive:
        for name, values in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, np.ascontiguousarray(values), allow_pickle=False)


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there; run --eval-only again, what is there is kept")
    try:
        return dict(read_npz(path))
    except Exception as error:  # of zipfile, zlib, struct, NumPy's reader of headers: whatever broken bytes lead to
        raise ValueError(f"{path} is broken ({error}); {_REMEDY}") from None
