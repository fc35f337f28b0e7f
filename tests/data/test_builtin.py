"""dnt_d2/data/builtin.py: the names that configs use."""

from __future__ import annotations

from pathlib import Path

import pytest
from detectron2.data import DatasetCatalog, MetadataCatalog

import dnt_d2.data.builtin  # noqa: F401  registers
from dnt_d2.vid_classes import VID_CLASSES

SIZES = {
    "imagenet_vid_train": ("video", 11),
    "imagenet_vid_val": ("video", 14),
    "imagenet_det_train_30classes": ("still", 3),
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
    assert metadata.thing_classes == list(VID_CLASSES)
    dicts = DatasetCatalog.get(name)
    assert len(dicts) == images
    assert len({d["image_id"] for d in dicts}) == images


def test_without_the_data_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="prepare_minivid"):
        DatasetCatalog.get("minivid_val_novel")
