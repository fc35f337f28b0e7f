"""dnt_d2/data/frame_dicts.py: columns that act like a list of dicts, also for Detectron2."""

from __future__ import annotations

import itertools
import pickle
import random
from pathlib import Path

import numpy as np
import pytest
from detectron2.data import DatasetCatalog, DatasetFromList, DatasetMapper, MapDataset, build_detection_test_loader
from detectron2.data import transforms as T
from detectron2.data.build import get_detection_dataset_dicts, print_instances_class_histogram

import dnt_d2.data.builtin  # noqa: F401  registers
from dnt_d2.data.annotations import Repairs, class_ids, read_annotation
from dnt_d2.data.frame_dicts import FrameDicts
from dnt_d2.data.imagenet_vid import load_vid
from dnt_d2.vid_classes import VID_CLASSES


@pytest.fixture
def frames(tiny_ilsvrc: Path) -> FrameDicts:
    return load_vid(str(tiny_ilsvrc), "val")


def test_no_frames(frames: FrameDicts) -> None:
    none = frames.take(np.empty(0, np.int64))
    assert not none
    assert (len(none), list(none), none[:], none[3:]) == (0, [], [], [])
    assert none == []
    with pytest.raises(IndexError, match="no frame 0: there are 0"):
        none[0]


def test_fields_are_those_of_the_files(frames: FrameDicts, tiny_ilsvrc: Path) -> None:
    for i, d in enumerate(frames):
        video = ("00000000", "00000001", "00001000")[d["video_id"]]
        name = f"VID/val/tiny_val_{video}/{d['frame_index']:06d}"
        width, height, annotations = read_annotation(
            f"{tiny_ilsvrc}/Annotations/{name}.xml", class_ids(VID_CLASSES), Repairs()
        )
        assert d == {
            "file_name": f"{tiny_ilsvrc}/Data/{name}.JPEG",
            "image_id": i + 1,
            "height": height,
            "width": width,
            "video_id": d["video_id"],
            "frame_index": d["frame_index"],
            "video_length": (8, 5, 1)[d["video_id"]],
            "annotations": annotations,
        }
        assert {type(value) for value in d.values()} == {str, int, list}


def test_it_acts_like_a_list(frames: FrameDicts) -> None:
    dicts = list(frames)
    assert len(dicts) == len(frames) == 14
    assert [frames[i] for i in range(-14, 14)] == dicts * 2
    assert frames[np.int64(3)] == dicts[3]
    for start, stop, step in itertools.product((None, 0, 3, -2, 20), (None, 0, 5, -1, 20), (None, 1, 3, -1, -4)):
        assert frames[start:stop:step] == dicts[start:stop:step]
    for place in (14, -15):
        with pytest.raises(IndexError, match=f"no frame {place}: there are 14"):
            frames[place]
    with pytest.raises(TypeError):
        frames["3"]  # type: ignore[call-overload]
    assert list(reversed(frames)) == dicts[::-1]
    assert dicts[5] in frames
    assert frames.index(dicts[5]) == 5
    assert frames.count(dicts[5]) == 1
    assert isinstance(frames[2:4], list)


def test_equality(frames: FrameDicts) -> None:
    dicts = list(frames)
    assert frames == dicts
    assert dicts == frames
    assert frames == frames.take(np.arange(14))
    assert frames != dicts[:-1]
    assert frames != [*dicts[:-1], dicts[-1] | {"image_id": 0}]
    assert frames != 3


def test_sums_are_lists(frames: FrameDicts) -> None:
    dicts = list(frames)
    assert frames + frames == dicts * 2
    assert frames + [{}] == [*dicts, {}]  # noqa: RUF005
    assert [{}] + frames == [{}, *dicts]  # noqa: RUF005


def test_a_dict_that_is_changed_changes_no_other(frames: FrameDicts) -> None:
    before = list(frames)
    for d in frames:
        d["annotations"][0:1] = []
        d["image_id"] = 0
    frames[0]["annotations"][0]["bbox"][0] = 99.0
    assert frames == before


def test_some_in_another_order(frames: FrameDicts) -> None:
    places = [13, 2, 2, 0]
    assert frames.take(np.array(places)) == [frames[place] for place in places]


def test_many_are_pickled_small(frames: FrameDicts) -> None:
    many = frames.take(np.tile(np.arange(14), 200))
    pickled = pickle.dumps(many)
    assert len(pickled) * 2 < sum(len(pickle.dumps(d)) for d in many)  # as DatasetFromList would keep them
    assert pickle.loads(pickled)[-30:] == many[-30:]
    assert list(many)[600:] == many[600:]  # over the borders of chunks


def test_detectron2_takes_it_for_its_list(tiny_datasets: Path) -> None:
    frames = DatasetCatalog.get("imagenet_vid_val")
    dicts = list(frames)
    print_instances_class_histogram(frames, VID_CLASSES)
    assert get_detection_dataset_dicts("imagenet_vid_val", filter_empty=False) == dicts
    joined = get_detection_dataset_dicts(["imagenet_vid_val", "minivid_det_train"])
    assert joined == [d for d in dicts if d["annotations"]] + list(DatasetCatalog.get("minivid_det_train"))
    for serialize in (True, False):
        dataset = DatasetFromList(frames, copy=True, serialize=serialize)
        assert [dataset[i] for i in range(14)] == dicts
    assert MapDataset(frames, lambda d: d["image_id"])[3] == dicts[3]["image_id"]
    sample = random.Random(0).sample(frames, 3)  # as in its tutorial, before the Visualizer
    assert sample == random.Random(0).sample(dicts, 3)


def test_detectron2s_own_loader_reads_it(tiny_datasets: Path) -> None:
    frames = DatasetCatalog.get("imagenet_vid_val")
    mapper = DatasetMapper(is_train=False, augmentations=[T.ResizeShortestEdge(48)], image_format="BGR")
    for dataset in (frames, get_detection_dataset_dicts("imagenet_vid_val", filter_empty=False)):
        loader = build_detection_test_loader(dataset, mapper=mapper, num_workers=2)
        assert [x["image_id"] for batch in loader for x in batch] == [d["image_id"] for d in frames]
