"""dnt_d2/data/builtin.py: the names that configs use."""

from __future__ import annotations

from pathlib import Path

import pytest
from detectron2.data import DatasetCatalog, MetadataCatalog

import dnt_d2.data.builtin  # noqa: F401  registers
from dnt_d2.det_classes import DET_CLASSES
from dnt_d2.vid_classes import VID_CLASSES

SIZES = {
    "imagenet_vid_train": ("video", 11),
    "imagenet_vid_val": ("video", 14),
    "imagenet_det_train_30classes": ("still", 3),
    "imagenet_det_train_200classes": ("still", 4),
    "minivid_vid_train": ("video", 11),
    "minivid_det_train": ("still", 3),
    "minivid_val_seen": ("video", 9),
    "minivid_val_novel": ("video", 5),
}


@pytest.mark.parametrize("name", SIZES)
def test_names_read_from_the_environment(name: str, tiny_datasets: Path) -> None:
    kind, images = SIZES[name]
    metadata = MetadataCatalog.get(name)
    assert (metadata.kind, metadata.evaluator_type) == (kind, "vid")
    assert metadata.thing_classes == list(DET_CLASSES if "200" in name else VID_CLASSES)
    dicts = DatasetCatalog.get(name)
    assert len(dicts) == images
    assert len({d["image_id"] for d in dicts}) == images


@pytest.mark.parametrize(("name", "objects"), [("30", [1, 0, 0]), ("200", [2, 0, 1])])
def test_stills_of_validation_stay_without_objects(
    name: str, objects: list[int], ilsvrc_writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ilsvrc_writer.root = ilsvrc_writer.root / "ILSVRC2015"
    dog, person = ("n02084071", 0, (1, 1, 9, 9)), ("n00007846", 0, (2, 2, 9, 9))
    for i, things in enumerate([[dog, person], [], [person]]):
        ilsvrc_writer.image("DET", f"val/ILSVRC2012_val_{i:08d}", (32, 32), things)
    ilsvrc_writer.listing("DET", "val", [f"val/ILSVRC2012_val_{i:08d}" for i in range(3)], numbered=True)
    monkeypatch.setenv("DETECTRON2_DATASETS", str(ilsvrc_writer.root.parent))
    dicts = DatasetCatalog.get(f"imagenet_det_val_{name}classes")
    assert [len(d["annotations"]) for d in dicts] == objects


def test_without_the_data_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="prepare_minivid"):
        DatasetCatalog.get("minivid_val_novel")
