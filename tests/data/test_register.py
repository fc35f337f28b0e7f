"""dnt_d2/data/register.py: data sets described in the config."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from detectron2.config import CfgNode
from detectron2.data import DatasetCatalog, MetadataCatalog

import dnt_d2.data.builtin  # noqa: F401  registers
from dnt_d2.data import register_from_config
from dnt_d2.vid_classes import VID_CLASSES

Make = Callable[..., CfgNode]
MOT = {"NAME": "test_own", "FORMAT": "mot", "ROOT": "/nowhere", "CLASSES": ["screw", "nut"]}
COCO = {"NAME": "test_own", "FORMAT": "coco_vid", "JSON": "/nowhere.json", "CLASSES": ["screw", "nut"]}
VID = {"NAME": "test_own", "FORMAT": "ilsvrc_vid", "ROOT": "/nowhere", "LISTS": "val"}
DET = {"NAME": "test_own", "FORMAT": "ilsvrc_det", "ROOT": "/nowhere", "LISTS": ["train"], "MAX_PER_CLASS": 5}


@pytest.fixture(autouse=True)
def catalogs_as_before() -> Iterator[None]:
    before = set(DatasetCatalog.list())
    yield
    for name in set(DatasetCatalog.list()) - before:
        DatasetCatalog.remove(name)
        MetadataCatalog.remove(name)


def register(small_cfg: Make, *entries: Any, **keys: Any) -> list[str]:
    pairs = [part for key, value in keys.items() for part in (key.replace("__", "."), value)]
    return register_from_config(small_cfg("DATASETS.REGISTER", list(entries), *pairs))


def test_nothing(small_cfg: Make) -> None:
    assert register(small_cfg) == []


@pytest.mark.parametrize(
    ("entry", "kind", "classes"),
    [
        (MOT, "video", ["screw", "nut"]),
        (COCO, "video", ["screw", "nut"]),
        (COCO | {"KIND": "still", "IMAGES": "/pictures"}, "still", ["screw", "nut"]),
        (VID, "video", list(VID_CLASSES)),
        (DET, "still", list(VID_CLASSES)),
    ],
)
def test_data_sets_describe_themselves_and_read_late(
    small_cfg: Make, entry: dict[str, Any], kind: str, classes: list[str]
) -> None:
    assert register(small_cfg, entry) == ["test_own"]
    metadata = MetadataCatalog.get("test_own")
    assert (metadata.kind, metadata.evaluator_type, metadata.thing_classes) == (kind, "vid", classes)
    assert metadata.dirname.startswith("/nowhere")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        DatasetCatalog.get("test_own")


def test_data_sets_are_read(small_cfg: Make, tiny_datasets: Path) -> None:
    vid = {"NAME": "test_vid", "FORMAT": "ilsvrc_vid", "ROOT": "$DETECTRON2_DATASETS/minivid", "LISTS": "val"}
    det = {"NAME": "test_det", "FORMAT": "ilsvrc_det", "ROOT": "$DETECTRON2_DATASETS/minivid", "LISTS": "train"}
    assert register(small_cfg, vid, det | {"MAX_PER_CLASS": 1}) == ["test_vid", "test_det"]
    # Under the other name of the same folder, see the fixture.
    found, expected = (DatasetCatalog.get(name) for name in ("test_vid", "imagenet_vid_val"))
    assert [d | {"file_name": d["file_name"].replace("minivid", "ILSVRC2015")} for d in found] == expected
    assert len(DatasetCatalog.get("test_det")) == 2
    few = {"NAME": "test_few", "CLASSES": ["dog"]}
    register(small_cfg, det | few, det | few | {"NAME": "test_all", "KEEP_EMPTY": True})
    assert len(DatasetCatalog.get("test_few")) < len(DatasetCatalog.get("test_all"))


def test_lists_of_mot(small_cfg: Make, tmp_path: Path) -> None:
    register(small_cfg, MOT | {"ROOT": str(tmp_path), "LISTS": "val"})
    with pytest.raises(FileNotFoundError, match=r"seqmaps/val\.txt"):
        DatasetCatalog.get("test_own")


def test_from_a_file_from_the_command_line_and_from_a_dump(small_cfg: Make, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"DATASETS": {"REGISTER": [MOT]}}))
    cfg = small_cfg()
    cfg.merge_from_file(str(tmp_path / "mine.yaml"))
    line = small_cfg("DATASETS.REGISTER", json.dumps([MOT]))
    (tmp_path / "dump.yaml").write_text(cfg.dump())
    dumped = small_cfg()
    dumped.merge_from_file(str(tmp_path / "dump.yaml"))
    for config in (cfg, line, dumped):
        config.freeze()
        # The same description again does nothing.
        assert register_from_config(config) == ["test_own"]
    assert MetadataCatalog.get("test_own").thing_classes == ["screw", "nut"]


def test_the_same_name_for_something_else(small_cfg: Make) -> None:
    register(small_cfg, MOT)
    register(small_cfg, MOT | {"CLASSES": ("screw", "nut"), "LISTS": []})  # the same in other words
    with pytest.raises(ValueError, match="'test_own' is registered already, with another CLASSES"):
        register(small_cfg, MOT | {"CLASSES": ["nut", "screw"]})
    with pytest.raises(ValueError, match="'test_own' is registered already, with another"):
        register(small_cfg, COCO)
    for name in ("minivid_val_seen", "coco_2017_train"):
        with pytest.raises(ValueError, match=f"the name '{name}' is that of a data set which is registered elsewhere"):
            register(small_cfg, MOT | {"NAME": name})
    with pytest.raises(ValueError, match="two entries named 'test_own'"):
        register(small_cfg, MOT, MOT)


def test_the_number_of_classes(small_cfg: Make) -> None:
    """Of data sets that are trained or tested on; the small network has 3."""
    register(small_cfg, MOT)
    for key in ("DATASETS__TRAIN", "DATASETS__TEST"):
        with pytest.raises(ValueError, match=r"NUM_CLASSES is 3, but the data set 'test_own' has 2 classes; set"):
            register(small_cfg, MOT, **{key: ("test_own",)})
        register(small_cfg, MOT, **{key: ("test_own",), "MODEL__ROI_HEADS__NUM_CLASSES": 2})
        register(small_cfg, MOT, **{key: ("test_own",), "MODEL__META_ARCHITECTURE": "ProposalNetwork"})


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("test_own", r"REGISTER\[0\] is 'test_own', not a dict"),
        ({"FORMAT": "mot"}, r"REGISTER\[0\]: NAME is None"),
        (MOT | {"NAME": 5}, "NAME is 5"),
        (MOT | {"FORMAT": "voc"}, r"\(test_own\): FORMAT is 'voc'; dnt_d2 reads coco_vid, mot, ilsvrc_vid, ilsvrc_det"),
        (MOT | {"JSON": "x"}, "mot has no key JSON; it has CLASSES, FORMAT, LISTS, NAME, ROOT"),
        ({key: MOT[key] for key in ("NAME", "FORMAT", "CLASSES")}, "mot needs ROOT"),
        (MOT | {"ROOT": ""}, "mot needs ROOT"),
        (MOT | {"ROOT": 5}, "ROOT is 5; write a path"),
        (MOT | {"CLASSES": []}, "mot needs CLASSES"),
        (VID | {"CLASSES": []}, "CLASSES is empty"),
        (MOT | {"CLASSES": "screw"}, "CLASSES is 'screw'; write a list of names"),
        (MOT | {"CLASSES": ["yes", True]}, r"CLASSES is \['yes', True\]; write a list of names"),
        (MOT | {"CLASSES": ["nut", "nut"]}, "CLASSES is empty or has a name twice"),
        (COCO | {"KIND": "stills"}, "KIND is 'stills'; write video or still"),
        (COCO | {"IMAGES": 3}, "IMAGES is 3"),
        (MOT | {"FORMAT": ["mot"]}, r"FORMAT is \['mot'\]"),
        (DET | {"MAX_PER_CLASS": -1}, "MAX_PER_CLASS is -1"),
        (DET | {"KEEP_EMPTY": 1}, "KEEP_EMPTY is 1; write True or False"),
        (COCO | {"KEEP_EMPTY": "no"}, "KEEP_EMPTY is 'no'"),
        (DET | {"LISTS": 3}, "LISTS is 3"),
        ({key: VID[key] for key in ("NAME", "FORMAT", "ROOT")}, "ilsvrc_vid needs LISTS"),
    ],
)
def test_wrong_entries(small_cfg: Make, entry: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        register(small_cfg, entry)
    assert "test_own" not in DatasetCatalog.list()


def test_a_wrong_entry_keeps_all_out(small_cfg: Make) -> None:
    with pytest.raises(ValueError, match=r"REGISTER\[1\]"):
        register(small_cfg, MOT, {"NAME": "test_other"})
    assert "test_own" not in DatasetCatalog.list()
