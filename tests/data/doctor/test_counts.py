"""dnt_d2/data/doctor/counts.py: what the doctor counts is what the loader reads."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from dnt_d2.data.doctor import Examination, examine
from dnt_d2.data.doctor.counts import SetCounts, class_table
from dnt_d2.data.imagenet_vid import load_det, load_vid
from dnt_d2.data.made_lists import CLASS_LISTS
from dnt_d2.formats.ilsvrc_xml import XmlObject, annotation_xml
from dnt_d2.vid_classes import VID_CLASSES

DOG, BIRD = "n02084071", "n01503061"


def _compare(result: Examination, root: Path) -> int:
    """All counts against those of the loader; how many sets were compared."""
    for count in result.counts:
        if count.part == "DET":
            dicts = load_det(str(root), count.name)
            assert count.empty is not None
            assert len(dicts) == count.images - count.empty
        else:
            dicts = load_vid(str(root), CLASS_LISTS if "class" in count.name else count.name)
            assert len(dicts) == count.images
            assert len({d["video_id"] for d in dicts}) == count.videos
            assert sum(not d["annotations"] for d in dicts) == count.empty
        boxes = Counter(a["category_id"] for d in dicts for a in d["annotations"])
        assert [boxes[i] for i in range(len(VID_CLASSES))] == count.boxes
    return len(result.counts)


def test_no_counts_no_table() -> None:
    assert class_table([], VID_CLASSES) == []
    nothing = SetCounts("VID", "val", 0, 0, 0, [0] * 30, False, "")
    assert class_table([nothing], VID_CLASSES) == []


@pytest.mark.parametrize("full", [True, False])
def test_a_tree_that_is_whole(tree: Path, full: bool) -> None:
    assert _compare(examine(str(tree), full=full, workers=1), tree) == 6


def test_a_tree_with_repairs(ilsvrc_writer) -> None:
    frames: list[list] = [
        [(DOG, 0, (5, 5, 5, 9)), (DOG, 1, (-3, 2, 9, 9))],  # without area; clipped
        [(DOG, 1, (2, 2, 9, 9)), (BIRD, 1, (3, 3, 9, 9))],  # a track twice
        [(BIRD, 0, (40, 40, 50, 50))],  # outside
    ]
    ilsvrc_writer.video("val/v", (32, 32), [*frames, [], []])
    for name, objects in (
        ("000003", [(DOG, 10**12, (3, 3, 9, 9))]),
        ("000004", [(DOG, 0, ("nan", 3, 9, 9)), (BIRD, 1, (3, 3, 9, 9))]),
    ):
        ilsvrc_writer.xml("VID", f"val/v/{name}", (32, 32), objects)
    ilsvrc_writer.frame_listing("val", ["val/v"])
    ilsvrc_writer.listing("VID", "val_short", ["val/v/000001", "val/v/000001", "val/v/000002"], numbered=True)
    ilsvrc_writer.image("DET", "val/s", (32, 32), frames[0])
    ilsvrc_writer.image("DET", "val/t", (32, 32), [("n00007846", 0, (1, 1, 9, 9))])
    ilsvrc_writer.listing("DET", "val", ["val/s", "val/t", "val/s"])
    result = examine(str(ilsvrc_writer.root), full=True, workers=1)
    assert _compare(result, ilsvrc_writer.root) == 3
    assert [(sum(x.boxes or []), x.empty) for x in result.counts] == [(4, 1), (1, 1), (1, 1)]


def _write_thousand_videos(root: Path) -> None:
    """900 videos to train on, 100 to validate on, 500 stills: one-pixel JPEGs that their annotations call larger."""
    images, videos, stills = [], {"train": [], "val": []}, []
    for v in range(1000):
        split = "val" if v % 10 == 9 else "train"
        videos[split].append(f"{split}/v{v:04d}")
        objects = [XmlObject((DOG, BIRD)[(v + i) % 2], (i, 2, 40 + i, 200), i) for i in range(v % 4)]
        # Of a track that is there, without area, outside: what the loader sees to.
        objects += [XmlObject(DOG, box, i) for i, box in enumerate([(3, 3, 9, 9), (5, 5, 5, 9), (70, 5, 90, 9)])]
        images += [("VID", f"{videos[split][-1]}/{t:06d}", objects[: len(objects) - t % 4]) for t in range(5 + v % 7)]
    for i in range(500):
        stills.append(f"train/s/{i:06d}")
        objects = [XmlObject(name, (2, 2, 9, 9)) for name in (DOG, "n00007846", BIRD)[i % 3 :][: i % 4]]
        images.append(("DET", stills[-1], objects))
    jpeg = cv2.imencode(".jpg", np.zeros((1, 1, 3), np.uint8))[1].tobytes()
    for part, path, objects in images:
        text = annotation_xml("v", "f", (64, 48), objects, still=part == "DET")
        for file, content in ((f"Data/{part}/{path}.JPEG", jpeg), (f"Annotations/{part}/{path}.xml", text.encode())):
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_bytes(content)
    lists = {f"VID/{name}": videos["train"][k::30] for k, name in enumerate(CLASS_LISTS)}
    lists |= {"VID/val": [x[1] for x in images if x[1].startswith("val/")], "DET/train": stills}
    for name, paths in lists.items():
        (root / f"ImageSets/{name}.txt").parent.mkdir(parents=True, exist_ok=True)
        (root / f"ImageSets/{name}.txt").write_text("".join(f"{x} {i}\n" for i, x in enumerate(paths, 1)))


@pytest.mark.slow
def test_a_thousand_videos(tmp_path: Path) -> None:
    _write_thousand_videos(tmp_path)
    result = examine(str(tmp_path), full=True)
    assert [(x.part, x.name, x.videos) for x in result.counts] == [
        ("VID", "train (by class)", 900),
        ("VID", "val", 100),
        ("DET", "train", 1),
    ]
    assert _compare(result, tmp_path) == 3
    assert all(sum(count.boxes or []) > 0 for count in result.counts)
    assert [finding.what for finding in result.errors] == ["images of another size than their annotation says"] * 2


def test_boxes_by_class() -> None:
    counts = [
        SetCounts("VID", "a", 1, 1, 0, [0, 4, 0], False, ""),
        SetCounts("VID", "b", 1, 1, None, None, False, ""),
        SetCounts("VID", "c", 1, 1, 0, [7, 0, 0], False, ""),
    ]
    assert class_table(counts, ["x", "y", "z"]) == [["x", 0, 7], ["y", 4, 0]]
