"""dnt_d2/weights/files.py: checkpoints are read, programs are not."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from dnt_d2.weights.files import read_state_dict


def _saved(path: Path, what: Any) -> Path:
    torch.save(what, path)
    return path


@pytest.mark.parametrize("what", [{}, {"state_dict": {}}, {"a": 3}, {"a.num_batches_tracked": torch.tensor(3)}])
def test_a_file_without_tensors_is_refused(tmp_path: Path, what: Any) -> None:
    with pytest.raises(ValueError, match=r"a\.pth: holds no tensors"):
        read_state_dict(_saved(tmp_path / "a.pth", what))


def test_wrapped_weights_are_unwrapped(tmp_path: Path) -> None:
    weights = {"module.a": torch.ones(2, dtype=torch.float16), "b.num_batches_tracked": torch.tensor(4)}
    for what in (weights, {"state_dict": weights, "epoch": 3}, {"model": {"state_dict": weights}}):
        found = read_state_dict(_saved(tmp_path / "a.pth", what))
        assert {name: x.tolist() for name, x in found.items()} == {"a": [1, 1]}
        assert found["a"].dtype == "float32"


def test_safetensors(tmp_path: Path) -> None:
    save_file({"a": torch.arange(3.0)}, tmp_path / "a.safetensors")
    assert read_state_dict(tmp_path / "a.safetensors")["a"].tolist() == [0, 1, 2]
    (tmp_path / "b.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ValueError, match=r"b\.safetensors: a broken"):
        read_state_dict(tmp_path / "b.safetensors")


class _Program:
    def __reduce__(self) -> Any:
        return Path.touch, (Path("ran"),)


def test_a_file_that_would_run_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.pth").write_bytes(pickle.dumps({"a": _Program()}, protocol=2))
    for path in (_saved(tmp_path / "a.pth", {"a": torch.ones(1), "b": _Program()}), tmp_path / "old.pth"):
        with pytest.raises(ValueError, match=rf"{path.name}: not a checkpoint of plain tensors.*refused"):
            read_state_dict(path)
    assert not Path("ran").exists()


def test_what_is_no_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.pth: there is no such file"):
        read_state_dict(tmp_path / "none.pth")
    for content in (b"", b"<html>not found</html>"):
        (tmp_path / "a.pth").write_bytes(content)
        with pytest.raises(ValueError, match=r"a\.pth: not a checkpoint"):
            read_state_dict(tmp_path / "a.pth")
    with pytest.raises(ValueError, match=r"list\.pth: holds a list"):
        read_state_dict(_saved(tmp_path / "list.pth", [torch.ones(1)]))
