"""dnt_d2/data/doctor/objects.py: files, classes, boxes, tracks."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnt_d2.data.annotations import class_ids
from dnt_d2.data.doctor import ERROR, NOTE, WARNING
from dnt_d2.data.doctor.content import read_content
from dnt_d2.data.doctor.folders import look_at_folders
from dnt_d2.data.doctor.objects import check_objects
from dnt_d2.data.doctor.sets import ListedSet
from dnt_d2.vid_classes import VID_CLASSES

DOG, PERSON = "n02084071", "n00007846"
BOX = (2, 2, 9, 9)


def _findings(writer, frames: list[list], part: str = "VID") -> list[tuple[str, str, int]]:
    for t, objects in enumerate(frames):
        writer.xml(part, f"val/v/{t:06d}", (32, 32), objects)
    root = str(writer.root)
    content = read_content(root, part, look_at_folders(root, [ListedSet(part, "val", {"val/v": None})]), 1)
    return [(f.severity, f.what, f.count) for f in check_objects(content, class_ids(VID_CLASSES))]


@pytest.mark.parametrize("part", ["VID", "DET"])
def test_no_objects_no_findings(ilsvrc_writer, part: str) -> None:
    assert _findings(ilsvrc_writer, [], part) == []
    assert _findings(ilsvrc_writer, [[], []], part) == []


def test_a_whole_video_has_no_findings(ilsvrc_writer) -> None:
    assert _findings(ilsvrc_writer, [[(DOG, 0, BOX)], [(DOG, 1, BOX), (DOG, 0, BOX)], [(DOG, 1, BOX)]]) == []


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([[(DOG, 0, (5, 5, 5, 9)), (DOG, 1, (9, 9, 2, 2))]], (WARNING, "VID: boxes without area", 2)),
        ([[(DOG, 0, (40, 5, 50, 9))]], (WARNING, "VID: boxes outside of their image", 1)),
        ([[(DOG, 0, (20, 5, 32, 9))]], (WARNING, "VID: boxes that reach out of their image", 1)),
        ([[(PERSON, 0, BOX)], [(PERSON, 0, BOX)]], (ERROR, "VID: objects of unknown classes", 2)),
        ([[(DOG, 0, BOX), (DOG, 0, BOX)]], (WARNING, "VID: tracks with several boxes in a frame", 1)),
        ([[(DOG, 0, BOX), (DOG, 2, BOX)]], (NOTE, "VID: videos whose tracks are not numbered 0, 1, 2, ...", 1)),
        ([[(DOG, 1, BOX)]], (NOTE, "VID: videos whose tracks are not numbered 0, 1, 2, ...", 1)),
        (
            [[(DOG, 0, BOX)], [], [], [(DOG, 0, BOX)], [(DOG, 0, BOX)], [], [(DOG, 0, BOX)]],
            (NOTE, "VID: interruptions of tracks", 2),
        ),
    ],
)
def test_each_fault_alone(ilsvrc_writer, frames: list, expected: tuple) -> None:
    assert _findings(ilsvrc_writer, frames) == [expected]


def test_stills_need_no_tracks_and_leave_classes_out(ilsvrc_writer) -> None:
    assert _findings(ilsvrc_writer, [[(DOG, 0, BOX), (PERSON, 0, BOX), (DOG, 0, BOX)]], "DET") == []
    assert _findings(ilsvrc_writer, [[("n99999999", 0, BOX)]], "DET") == [
        (NOTE, "DET: objects of classes that DET doesn't have", 1)
    ]


@pytest.mark.parametrize("text", ["", "<annotation/>", "<annotation><size><width>0</width><height>1</height></size>"])
def test_broken_files_are_counted(ilsvrc_writer, text: str) -> None:
    for name in ("000007", "000008"):
        path: Path = ilsvrc_writer.xml("VID", f"val/v/{name}", (32, 32), [])
        path.write_text(text)
    assert _findings(ilsvrc_writer, [[]]) == [(ERROR, "VID: annotations that can't be used", 2)]
