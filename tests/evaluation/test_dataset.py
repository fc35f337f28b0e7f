"""dnt_d2/evaluation/dataset.py: data sets with and without a name, and the file of results."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

pytest.importorskip("detectron2")

import torch
from detectron2.data import DatasetCatalog, MetadataCatalog

from dnt_d2.evaluation.dataset import describe, output_folder, save_results, to_numpy


def test_a_data_set_without_a_name() -> None:
    assert describe(([], ("a", "b"))) == ("unnamed data set", [], ["a", "b"])
    assert Path(output_folder("out", ([], ("a",)))) == Path("out/inference")


def test_a_registered_data_set() -> None:
    name = "test_evaluation_dataset"
    DatasetCatalog.register(name, lambda: [{"file_name": "0.JPEG"}])
    MetadataCatalog.get(name).thing_classes = ["a", "b"]
    try:
        assert describe(name) == (name, [{"file_name": "0.JPEG"}], ["a", "b"])
    finally:
        DatasetCatalog.remove(name)
        MetadataCatalog.remove(name)
    assert Path(output_folder("out", name)) == Path("out/inference", name)


def test_results_are_written_and_said_to_be(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save_results(None, "a.json", {"x": 1})
    assert list(tmp_path.iterdir()) == []
    with caplog.at_level(logging.INFO):
        save_results(str(tmp_path / "new"), "a.json", {"x": float("nan")})
    assert json.loads((tmp_path / "new" / "a.json").read_text()) == {"x": None}
    assert str(tmp_path / "new" / "a.json") in caplog.text


def test_tensors_that_are_trained_become_arrays() -> None:
    assert to_numpy(torch.ones(2, requires_grad=True)).tolist() == [1, 1]
