"""Files of training steps: what goes in comes out, runs no code, and a full disk is an OSError."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from detectron2.structures import Boxes, Instances

from dnt_d2.training.step_file import Step, non_finite, pack, unpack

NAN = float("nan")


def make_step(batch: list[dict[str, Any]], weights: dict[str, torch.Tensor] | None = None) -> Step:
    return Step(
        iteration=12,
        rank=1,
        world_size=2,
        seed=3,
        config="SEED: 3\n",
        half=False,
        scale=1.0,
        fault="loss_cls is nan",
        terms={"loss_cls": NAN, "loss_track": 0.5},
        batch=batch,
        weights=weights or {},
        random={"cpu": torch.get_rng_state()},
    )


def test_an_empty_step_survives_its_file(tmp_path: Path) -> None:
    step = make_step([])
    size = step.save(tmp_path / "new" / "step.pth")
    assert size == (tmp_path / "new" / "step.pth").stat().st_size
    found = Step.load(tmp_path / "new" / "step.pth")
    assert (found.iteration, found.rank, found.batch, found.weights) == (12, 1, [], {})
    assert found.terms["loss_track"] == 0.5
    assert found.terms["loss_cls"] != found.terms["loss_cls"]
    assert torch.equal(found.random["cpu"], step.random["cpu"])


def test_a_pair_survives_its_file(tmp_path: Path, make_pair: Callable[..., dict[str, Any]]) -> None:
    item = make_pair() | {"path": Path("a"), "array": np.int64(4), "nothing": None}
    make_step([item], {"w": torch.tensor([1.0, NAN])}).save(tmp_path / "step.pth")
    found = Step.load(tmp_path / "step.pth")
    (again,) = found.batch
    assert again.keys() == item.keys()
    assert torch.equal(again["image"], item["image"].cpu())
    for key in ("instances", "next_instances"):
        assert again[key].image_size == item[key].image_size
        assert torch.equal(again[key].gt_boxes.tensor, item[key].gt_boxes.tensor.cpu())
        assert torch.equal(again[key].gt_instance_ids, item[key].gt_instance_ids.cpu())
    assert (again["file_name"], again["video_length"], again["nothing"]) == ("drawn", 9, None)
    assert (again["path"], again["array"]) == ("a", "4")  # what no such file may hold becomes its text
    assert non_finite(found.weights) == ["w"]


def test_packing_takes_apart_what_is_not_plain() -> None:
    value = {"a": (Boxes(torch.zeros(1, 4)), [Instances((2, 3), scores=torch.ones(2))])}
    packed = pack(value)
    assert isinstance(packed["a"][1][0], dict)
    boxes, (instances,) = unpack(packed)["a"]
    assert isinstance(boxes, Boxes)
    assert instances.image_size == (2, 3)
    assert len(instances) == 2


def test_names_of_what_is_not_finite() -> None:
    broken = Instances((2, 2), gt_boxes=Boxes(torch.tensor([[0, 0, 1, float("inf")]])), gt_classes=torch.tensor([0]))
    batch = [{"image": torch.zeros(3, dtype=torch.uint8)}, {"image": torch.tensor([NAN]), "instances": broken}]
    assert non_finite([]) == []
    assert non_finite(batch) == ["1.image", "1.instances.gt_boxes"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing of the kind", b"\x80\x04cos\nsystem\n"])
def test_a_file_of_something_else_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.pth is no file of a training step"):
        Step.load(tmp_path / "a.pth")


def test_a_checkpoint_and_another_version_are_told(tmp_path: Path) -> None:
    torch.save({"model": {}}, tmp_path / "model.pth")
    with pytest.raises(ValueError, match="a checkpoint, perhaps"):
        Step.load(tmp_path / "model.pth")
    fields = dataclasses.asdict(make_step([])) | {"version": 99}
    torch.save(fields, tmp_path / "later.pth")
    with pytest.raises(ValueError, match="another version"):
        Step.load(tmp_path / "later.pth")
    with pytest.raises(FileNotFoundError):
        Step.load(tmp_path / "none.pth")


def test_a_full_disk_leaves_no_file(
    tmp_path: Path, largest_file: Callable[[int], AbstractContextManager[None]]
) -> None:
    step = make_step([], {"w": torch.zeros(100_000)})
    with largest_file(50_000), pytest.raises(OSError, match=r"step\.pth|too large"):
        step.save(tmp_path / "step.pth")
    assert list(tmp_path.iterdir()) == []
