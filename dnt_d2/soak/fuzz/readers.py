"""How each reader is called on a wrong file, and what its result must look like."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np

from ...bounded.numbers import LONGEST_VIDEO
from ...data.annotations import Repairs, class_ids, read_annotation
from ...data.imagenet_vid import load_det, load_vid
from ...data.own_videos import as_dicts
from ...data.proposals import add_proposals
from ...data.table_annotations import table_annotations
from ...data.xml_shelf import load_shelf
from ...data.xml_table import Content, make_table, read_content
from ...evaluation.ground_truth import VideoTruth
from ...evaluation.plan import Plan
from ...evaluation.run_scoring import score_run
from ...evaluation.saved_run import SavedRun
from ...evaluation.settings import Changeable, plain_linkings
from ...evaluation.truth_file import read_truth_file
from ...formats import VideoSet, read_coco_vid, read_mot
from ...formats.result_files import read_results
from ...formats.results import Detections, FrameList
from . import sound
from .harness import expect

_CLASSES = class_ids(sound.CLASSES)
_FEW = 10**7  # more pixels along a side than any camera has


def annotation(folder: Path) -> None:
    """An XML, as a frame and as a still, by itself and through the table, which must say the same."""
    path = str(folder / "frame.xml")
    content = read_content(path)
    errors = [error for still in (False, True) if (error := _compare(content, path, still)) is not None]
    if errors:
        raise errors[0]


def _compare(content: Content | None, path: str, still: bool) -> Exception | None:
    """The error that the file is, if it is one."""
    alone, together = Repairs(), Repairs()
    try:
        found = read_annotation(path, _CLASSES, alone, still=still)
    except (ValueError, OSError) as error:
        if content is not None:
            same = _raises(lambda: _by_table(content, path, together, still), error)
            expect(same, f"the table is silent: {error}")
        return error
    _check_annotation(*found)
    if content is not None:
        expect(_by_table(content, path, together, still) == found, "the table says something else")
        expect(astuple(alone) == astuple(together), "the table counts other repairs")
    return None


def _by_table(content: Content, path: str, repairs: Repairs, still: bool) -> tuple[int, int, list[dict[str, Any]]]:
    found = table_annotations(make_table([0], [0], [content]), lambda row: path, _CLASSES, repairs, still=still)
    return int(found.width[0]), int(found.height[0]), found.dicts(0, 1)[0]


def _raises(call: Callable[[], object], error: Exception) -> bool:
    try:
        call()
    except type(error) as other:
        return str(other) == str(error)
    return False


def _check_annotation(width: int, height: int, notes: Sequence[Mapping[str, Any]]) -> None:
    expect(1 <= width <= _FEW and 1 <= height <= _FEW, f"an image of {width} x {height}")
    _check_notes(notes, width, height, len(sound.CLASSES))


def _check_notes(notes: Sequence[Mapping[str, Any]], width: int, height: int, num_classes: int) -> None:
    for note in notes:
        x1, y1, x2, y2 = note["bbox"]
        expect(0 <= x1 < x2 <= width - 1 and 0 <= y1 < y2 <= height - 1, f"a box {note['bbox']} in {width} x {height}")
        expect(0 <= note["category_id"] < num_classes, f"class {note['category_id']}")
        expect(abs(note["instance_id"]) < 2**63, f"a track of {len(str(note['instance_id']))} digits")
        expect(all(type(note[key]) is int for key in ("occluded", "generated", "iscrowd")), "flags")
    tracks = [note["instance_id"] for note in notes]
    expect(len(set(tracks)) == len(tracks), "a track is there twice")


def make_tree(folder: Path) -> None:
    """An ILSVRC tree of videos and stills, without pixels."""
    for part, names in (("VID", sound.VIDEOS), ("DET", [("more", 2)])):
        for name, length in names:
            data, notes = (folder / kind / part / "train" / name for kind in ("Data", "Annotations"))
            data.mkdir(parents=True)
            notes.mkdir(parents=True)
            for index in range(length):
                (data / f"{index:06d}.JPEG").touch()
                (notes / f"{index:06d}.xml").write_bytes(sound.xml_files()[part == "DET"])


def vid_list(folder: Path) -> None:
    """A list of videos, or of their frames."""
    _check_tree(load_vid(str(folder), ["train"], sound.CLASSES, workers=1), folder)


def det_list(folder: Path) -> None:
    """A list of stills."""
    _check_tree(load_det(str(folder), ["train"], sound.CLASSES, workers=1, keep_empty=True), folder)


def _check_tree(dicts: Sequence[Mapping[str, Any]], folder: Path) -> None:
    ids = [frame["image_id"] for frame in dicts]
    expect(len(set(ids)) == len(ids), "an image id is there twice")
    for frame in dicts:
        path = Path(frame["file_name"])
        expect(path.is_file() and path.resolve().is_relative_to(folder.resolve()), f"a file {path}")
        expect(0 <= frame["frame_index"] < frame["video_length"], "the place of a frame")


def coco_vid(folder: Path) -> None:
    """A COCO-VID JSON, as the evaluation and as a data set use it."""
    path = folder / "videos.json"
    _check_truth(*read_truth_file(path))
    read_coco_vid(path, folder, "still")
    _check_dicts(read_coco_vid(path, folder), path)


def _check_truth(truth: VideoTruth, frames: FrameList) -> None:
    expect(truth.num_frames == len(frames), "frames got lost")
    expect(np.isfinite(truth.boxes).all(), "a box that is not finite")


def _check_dicts(videos: VideoSet, source: Path) -> None:
    dicts = as_dicts(videos, sound.CLASSES, str(source))
    ids = [frame["image_id"] for frame in dicts]
    expect(len(set(ids)) == len(ids), "an image id is there twice")
    for frame in dicts:
        width, height = frame["width"], frame["height"]
        expect(1 <= width <= _FEW and 1 <= height <= _FEW, f"an image of {width} x {height}")
        expect(0 <= frame["frame_index"] < frame["video_length"] <= LONGEST_VIDEO, "the place of a frame")
        _check_notes(frame["annotations"], width, height, len(sound.CLASSES))


def make_sequence(folder: Path) -> None:
    """A sequence of MOTChallenge and its list."""
    images = folder / "one/img1"
    images.mkdir(parents=True)
    (folder / "one/gt").mkdir()
    (folder / "seqmaps").mkdir()
    for number in range(1, 4):
        (images / f"{number:06d}.jpg").write_bytes(sound.jpegs()[0])
    (folder / "one/gt/gt.txt").write_text("1,1,1,1,20,20,1,1,1\n")
    (folder / "seqmaps/all.txt").write_text("name\none\n")


def mot(folder: Path) -> None:
    """A folder of sequences."""
    _check_dicts(read_mot(folder, sound.CLASSES, ["all"]), folder)


def mot_own_classes(folder: Path) -> None:
    """The same, with the classes of its ``labels.txt``."""
    videos = read_mot(folder, None, ["all"])
    expect(videos.class_names and all(videos.class_names), "a class without a name")
    expect(
        all(note["category_id"] < len(videos.class_names) for f in videos.frames for note in f["annotations"]),
        "a class",
    )


def results(name: str) -> Callable[[Path], None]:
    """A file of results by this name, or a folder."""

    def read(folder: Path) -> None:
        frames = sound.frame_list()
        _check_detections(read_results(folder / name, frames), frames)

    return read


def _check_detections(found: Detections, frames: FrameList) -> None:
    expect(np.isfinite(found.boxes).all() and np.isfinite(found.scores).all(), "a number that is not finite")
    expect((found.boxes[:, 2:] >= found.boxes[:, :2]).all(), "a box of negative size")
    expect(((found.classes >= 0) & (found.classes < len(sound.CLASSES))).all(), "a class")
    expect(((found.frames >= 0) & (found.frames < len(frames))).all(), "a frame")
    expect((found.tracks >= -1).all(), "a track")


def make_results(folder: Path) -> None:
    """The other files of a folder of MOT results."""
    (folder / "found").mkdir()
    for name, _ in sound.VIDEOS:
        (folder / "found" / f"{name.replace('/', '_')}.txt").touch()


def saved_run(folder: Path) -> None:
    """A saved run, linked and scored again."""
    run = SavedRun(folder)
    truth, frames = run.read_truth()
    saved = {key: value for key, value in run.facts.settings.items() if key in Changeable().values}
    linkings = plain_linkings(Changeable().changed(saved))
    plan = Plan(run.facts.dataset, truth, frames, linkings, run.facts.temporal_stride)
    for score in score_run(run, plan, workers=1):
        expect(all(math.isnan(kind.ap50) or 0 <= kind.ap50 <= 1 for kind in score.kinds.values()), "an AP")


def xml_shelf(folder: Path) -> None:
    """The memory of XML: a broken one counts for nothing."""
    shelf = load_shelf(folder / "VID.npz")
    if shelf is None:
        return
    for name in shelf.folders:
        expect(all("/" not in file for file in shelf.names(name)), "a name")
    rows = np.arange(len(shelf.table))[::-1]
    table_annotations(shelf.table.take(rows), lambda row: str(_missing(folder)), _CLASSES, Repairs(), still=True)


def _missing(folder: Path) -> Path:
    path = folder / "frame.xml"
    path.write_bytes(sound.xml_files()[0])
    return path


def proposals(folder: Path) -> None:
    """A file of proposals."""
    for frame in add_proposals(sound.frame_dicts(), folder / "proposals.pkl", 100):
        boxes, logits = frame["proposal_boxes"], frame["proposal_objectness_logits"]
        expect(boxes.shape == (len(logits), 4) and np.isfinite(boxes).all() and np.isfinite(logits).all(), "proposals")
