"""dnt_d2/data/proposals.py: precomputed proposals, from Detectron2's files to the network's input."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from detectron2.config import CfgNode, get_cfg
from detectron2.data.build import load_proposals_into_dataset
from detectron2.structures import BoxMode

from dnt_d2.data.proposals import (
    add_proposals,
    proposal_instances,
    proposal_topk,
    read_proposals,
    with_proposals,
)

BOXES = np.array([[0.0, 0, 9, 9], [10, 10, 40, 30], [5, 5, 20, 25]], np.float32)
LOGITS = np.array([0.1, 2.0, -3.0], np.float32)


def _data(**changes: Any) -> dict[str, Any]:
    return {
        "ids": [7, "b", 9],
        "boxes": [BOXES, np.zeros((0, 4), np.float32), BOXES[:1]],
        "objectness_logits": [LOGITS, np.zeros(0, np.float32), LOGITS[:1]],
        "bbox_mode": BoxMode.XYXY_ABS,
    } | changes


def _written(path: Path, data: Any, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(data, protocol=protocol))
    return path


def _dicts(*ids: Any) -> list[dict[str, Any]]:
    return [{"file_name": f"{i}.jpg", "image_id": i, "height": 50, "width": 100} for i in ids]


def test_no_images_and_images_without_proposals(tmp_path: Path) -> None:
    path = _written(tmp_path / "a.pkl", _data())
    assert add_proposals([], path, 5) == []
    (d,) = add_proposals(_dicts("b"), path, 5)
    assert d["proposal_boxes"].shape == (0, 4)
    assert d["proposal_objectness_logits"].shape == (0,)
    instances = proposal_instances(d, (50, 100), (25, 50), top_k=5, flip=True)
    assert instances.proposal_boxes.tensor.shape == (0, 4)
    assert instances.objectness_logits.shape == (0,)


@pytest.mark.parametrize("protocol", range(6))
def test_detectron2_reads_the_same(tmp_path: Path, protocol: int) -> None:
    path = _written(tmp_path / "a.pkl", _data(), protocol)
    dicts = _dicts(9, 7, "b")
    before = copy.deepcopy(dicts)
    ours, theirs = add_proposals(dicts, path, 100), load_proposals_into_dataset(copy.deepcopy(dicts), str(path))
    assert dicts == before
    for a, b in zip(ours, theirs, strict=True):
        assert a.keys() == b.keys()
        assert np.array_equal(a["proposal_boxes"], b["proposal_boxes"])
        assert np.array_equal(a["proposal_objectness_logits"], b["proposal_objectness_logits"])
        assert a["proposal_bbox_mode"] == b["proposal_bbox_mode"]


def test_only_the_best_are_kept(tmp_path: Path) -> None:
    (d,) = add_proposals(_dicts("7"), _written(tmp_path / "a.pkl", _data()), 2)
    assert np.array_equal(d["proposal_boxes"], BOXES[[1, 0]])
    assert np.array_equal(d["proposal_objectness_logits"], LOGITS[[1, 0]])


@pytest.mark.parametrize("other", ["core", "_core"])
def test_arrays_of_older_and_newer_numpy(tmp_path: Path, other: str) -> None:
    path = _written(tmp_path / "a.pkl", _data(ids=[np.int64(7), "b", 9]), protocol=2)
    text = path.read_bytes().replace(b"numpy._core.", b"numpy.core.")
    assert text.count(b"numpy.core.multiarray\n") == 2  # arrays and the number
    path.write_bytes(text.replace(b"numpy.core.", f"numpy.{other}.".encode()))
    assert np.array_equal(read_proposals(path)["boxes"][0], BOXES)


def test_files_of_detectron_1(tmp_path: Path) -> None:
    data = _data()
    old = {"indexes": data["ids"], "boxes": data["boxes"], "scores": data["objectness_logits"], "cfg": "text"}
    read = read_proposals(_written(tmp_path / "a.pkl", old, protocol=2))
    assert read["ids"] == data["ids"]
    assert read["bbox_mode"] == BoxMode.XYXY_ABS


class _Program:
    def __reduce__(self) -> Any:
        return Path.touch, (Path("ran"),)


def test_a_file_that_would_run_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"a\.pkl: no file of proposals.*it wants to use pathlib"):
        read_proposals(_written(tmp_path / "a.pkl", _data(extra=_Program())))
    assert not Path("ran").exists()


@pytest.mark.parametrize("content", [b"", b"no pickle", pickle.dumps(_data())[:-30]])
def test_broken_files_are_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pkl").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.pkl: no file of proposals, or a broken one"):
        read_proposals(tmp_path / "a.pkl")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([1], "it lacks the lists ids, boxes, objectness_logits"),
        ({"ids": [], "boxes": []}, "it lacks the lists objectness_logits"),
        (_data(ids=None), "it lacks the lists ids"),
        (_data(bbox_mode=9), "bbox_mode is 9; boxes must be XYXY_ABS or XYWH_ABS"),
        (_data(bbox_mode=BoxMode.XYXY_REL), "bbox_mode is .*; boxes must be XYXY_ABS or XYWH_ABS"),
        (_data(boxes=[["a"], BOXES, BOXES]), "image_id 7: boxes and logits must be arrays of numbers"),
        (_data(ids=[7]), "not of the same images"),
        (_data(ids=[7, "7", 9]), "1 ids are there twice"),
        (_data(ids=[7, 8, 10]), r"for 1 of 2 images; the first has image_id 9 \(9\.jpg\)"),
        (_data(boxes=[BOXES[:2], BOXES, BOXES]), r"image_id 7: boxes \(2, 4\) and logits \(3,\)"),
        (_data(boxes=[BOXES * np.nan, BOXES, BOXES]), "image_id 7: a box or a logit is not finite"),
    ],
)
def test_files_that_do_not_fit(tmp_path: Path, data: Any, message: str) -> None:
    with pytest.raises(ValueError, match=rf"a\.pkl: .*{message}"):
        add_proposals(_dicts(7, 9), _written(tmp_path / "a.pkl", data), 5)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.pkl: .*PROPOSAL_FILES_TRAIN"):
        add_proposals([], tmp_path / "none.pkl", 5)


def _frame(boxes: Any, mode: BoxMode = BoxMode.XYXY_ABS) -> dict[str, Any]:
    logits = -np.arange(len(boxes), dtype=np.float32)
    return {
        "file_name": "a.jpg",
        "proposal_boxes": np.array(boxes, np.float32),
        "proposal_objectness_logits": logits,
        "proposal_bbox_mode": mode,
    }


def test_clipped_emptied_and_counted_in_this_order() -> None:
    frame = _frame([[-50, 0, -10, 20], [-10, -5, 120, 70], [30, 10, 30, 40], [10, 10, 20, 20], [1, 1, 2, 2]])
    before = copy.deepcopy(frame)
    instances = proposal_instances(frame, (50, 100), (50, 100), top_k=2)
    assert instances.proposal_boxes.tensor.tolist() == [[0, 0, 99, 49], [10, 10, 20, 20]]
    assert instances.objectness_logits.tolist() == [-1, -3]
    assert instances.image_size == (50, 100)
    assert all(np.array_equal(frame[key], before[key]) for key in frame)


@pytest.mark.parametrize("flip", [False, True])
def test_mirrored_before_scaled(flip: bool) -> None:
    instances = proposal_instances(_frame([[10, 20, 39, 29]]), (50, 100), (100, 300), top_k=9, flip=flip)
    x1, x2 = (99 - 39, 99 - 10) if flip else (10, 39)
    assert instances.proposal_boxes.tensor.tolist() == [[3 * x1, 40, 3 * x2, 58]]
    assert instances.proposal_boxes.tensor.dtype == instances.objectness_logits.dtype == torch.float32


def test_another_way_to_write_boxes() -> None:
    instances = proposal_instances(_frame([[10, 20, 30, 9]], BoxMode.XYWH_ABS), (50, 100), (50, 100), top_k=9)
    assert instances.proposal_boxes.tensor.tolist() == [[10, 20, 40, 29]]


def test_a_frame_without_proposals_is_named() -> None:
    with pytest.raises(ValueError, match=r"a\.jpg: MODEL\.LOAD_PROPOSALS is on"):
        proposal_instances({"file_name": "a.jpg"}, (50, 100), (50, 100), top_k=9)


@pytest.fixture
def cfg(tmp_path: Path) -> CfgNode:
    cfg = get_cfg()
    cfg.MODEL.LOAD_PROPOSALS = True
    cfg.DATASETS.TEST = ("one", "two")
    names = [str(_written(tmp_path / f"{name}.pkl", _data(ids=ids))) for name, ids in (("1", "xyz"), ("2", [7, 8, 9]))]
    cfg.DATASETS.PROPOSAL_FILES_TEST = tuple(names)
    cfg.DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TEST = 2
    return cfg


def test_each_data_set_has_its_file(cfg: CfgNode) -> None:
    (d,) = with_proposals(cfg, "TEST", "two", _dicts(7))
    assert len(d["proposal_boxes"]) == proposal_topk(cfg, "TEST") == 2
    assert proposal_topk(cfg, "TRAIN") == 2000


def test_without_the_key_nothing_is_loaded(cfg: CfgNode) -> None:
    cfg.MODEL.LOAD_PROPOSALS = False
    dicts = _dicts(7)
    assert with_proposals(cfg, "TEST", "unknown", dicts) is dicts
    assert proposal_topk(cfg, "TEST") is None


def test_files_that_do_not_match_the_data_sets(cfg: CfgNode) -> None:
    with pytest.raises(ValueError, match=r"'three' is not in DATASETS\.TEST"):
        with_proposals(cfg, "TEST", "three", _dicts(7))
    cfg.DATASETS.TEST = ("one", "two", "three")
    with pytest.raises(ValueError, match=r"TEST names 3 data sets and DATASETS\.PROPOSAL_FILES_TEST 2 files"):
        with_proposals(cfg, "TEST", "one", _dicts(7))
