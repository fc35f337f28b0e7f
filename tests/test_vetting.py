"""dnt_d2/vetting.py: what is loaded, and what is refused before any of it runs."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from detectron2.checkpoint import DetectionCheckpointer
from torch import nn

from dnt_d2.vetting import TRUST_VARIABLE, VettedCheckpointer, vet_checkpoint


class Touch:
    """Makes a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> Any:
        return os.mkdir, (self.path,)


@pytest.fixture
def weights() -> dict[str, torch.Tensor]:
    return nn.Linear(2, 3).state_dict()


def _write(path: Path, content: Any) -> str:
    if path.suffix == ".pkl":
        path.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, path, _use_new_zipfile_serialization="old" not in path.name)
    return str(path)


def test_nothing_is_no_checkpoint(tmp_path: Path) -> None:
    vet_checkpoint("")
    assert VettedCheckpointer(nn.Linear(2, 3)).load("") == {}
    with pytest.raises(FileNotFoundError, match=r"none\.pth: there is no such checkpoint; correct MODEL\.WEIGHTS"):
        vet_checkpoint(str(tmp_path / "none.pth"))


@pytest.mark.parametrize("name", ["a.pth", "a.old.pth", "a.pkl", "?matching_heuristics=True"])
def test_what_detectron2_loads_is_loaded(tmp_path: Path, weights: dict[str, torch.Tensor], name: str) -> None:
    if name.endswith(".pkl"):
        arrays = {key: x.numpy() for key, x in weights.items()}
        path = _write(tmp_path / name, {"model": arrays, "__author__": "us", "matching_heuristics": True})
    elif name.startswith("?"):
        path = _write(tmp_path / "b.pth", dict(weights)) + name
    else:
        path = _write(tmp_path / name, {"model": weights, "iteration": 7})
    ours, theirs = nn.Linear(2, 3), nn.Linear(2, 3)
    assert VettedCheckpointer(ours).load(path).keys() == DetectionCheckpointer(theirs).load(path).keys()
    assert torch.equal(ours.weight, weights["weight"])
    assert torch.equal(theirs.weight, weights["weight"])


def test_a_checkpoint_of_ours_has_nothing_to_refuse(tmp_path: Path) -> None:
    model = nn.Linear(2, 3)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [3])
    VettedCheckpointer(model, str(tmp_path), optimizer=optimizer, schedule=schedule).save("model", iteration=1)
    rest = VettedCheckpointer(model, str(tmp_path), optimizer=optimizer, schedule=schedule).resume_or_load("")
    assert rest["iteration"] == 1


@pytest.mark.parametrize("name", ["a.pth", "a.old.pth", "a.pkl", "a.pyth"])
def test_code_is_refused_and_named_unless_it_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    canary = tmp_path / "canary"
    key = "model_state" if name.endswith(".pyth") else "model"
    path = _write(tmp_path / name, {key: {"weight": 0}, "x": Touch(canary), "__author__": "x"})
    with pytest.raises(
        ValueError, match=rf"{name}: this checkpoint would run code .* use \w+\.mkdir, .* {TRUST_VARIABLE}=1"
    ):
        VettedCheckpointer(nn.Linear(2, 3)).load(path)
    assert not canary.exists()
    if name != "a.pth":
        return
    _write(tmp_path / name, {"model": {"weight": torch.ones(3, 2)}, "x": Touch(canary)})
    monkeypatch.setenv(TRUST_VARIABLE, "1")
    VettedCheckpointer(nn.Linear(2, 3)).load(path)
    assert canary.exists()
    assert "may run code while it is loaded" in caplog.text
    assert "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD" not in os.environ


@pytest.mark.parametrize("name", ["a.pth", "a.pkl"])
def test_broken_files_are_named(tmp_path: Path, weights: dict[str, torch.Tensor], name: str) -> None:
    path = Path(_write(tmp_path / name, {"model": {k: x.numpy() if "pkl" in name else x for k, x in weights.items()}}))
    data = path.read_bytes()
    for part in (b"", data[:20], data[: len(data) // 2], b"<html>"):
        path.write_bytes(part)
        with pytest.raises(ValueError, match=rf"{name}: no checkpoint, or a broken one .*; download or copy it again"):
            vet_checkpoint(path)
    _write(path, [1, 2])
    with pytest.raises(ValueError, match=rf"{name}: holds a list, not weights by name"):
        vet_checkpoint(path)
