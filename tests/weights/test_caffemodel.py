"""dnt_d2/weights/caffemodel.py: snapshots of any age."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.weights.caffemodel import net_parameter, read_caffemodel

Write = Callable[..., Path]


def _layers() -> dict[str, list[np.ndarray]]:
    rng = np.random.default_rng(0)
    return {
        "conv1": [rng.normal(size=(4, 3, 2, 5)).astype(np.float32), rng.normal(size=4).astype(np.float32)],
        "bn_conv1": [rng.normal(size=200).astype(np.float32), np.array([999.98], np.float32)],
    }


def test_no_layer_has_weights(write_caffemodel: Write, tmp_path: Path) -> None:
    for content in (b"", write_caffemodel(tmp_path / "a.caffemodel", {}).read_bytes()):
        (tmp_path / "a.caffemodel").write_bytes(content)
        with pytest.raises(ValueError, match=r"a\.caffemodel: no layer has weights"):
            read_caffemodel(tmp_path / "a.caffemodel")


@pytest.mark.parametrize("how", [{}, {"packed": False}, {"double": True}])
def test_layers_and_blobs(write_caffemodel: Write, tmp_path: Path, how: dict[str, bool]) -> None:
    layers = _layers()
    found = read_caffemodel(write_caffemodel(tmp_path / "a.caffemodel", layers, **how))
    assert list(found) == list(layers)
    for name, blobs in layers.items():
        assert [x.dtype for x in found[name]] == [np.float32] * len(blobs)
        assert all(np.array_equal(a, b) for a, b in zip(found[name], blobs, strict=True))


@pytest.mark.parametrize("packed", [True, False])
def test_old_snapshots_have_four_dimensions(write_caffemodel: Write, tmp_path: Path, packed: bool) -> None:
    layers = _layers()
    path = write_caffemodel(tmp_path / "a.caffemodel", layers, legacy=True, packed=packed)
    found = read_caffemodel(path)
    assert np.array_equal(found["conv1"][0], layers["conv1"][0])
    assert found["conv1"][1].shape == (1, 1, 1, 4)
    assert np.array_equal(found["conv1"][1].ravel(), layers["conv1"][1])


def test_an_empty_blob(write_caffemodel: Write, tmp_path: Path) -> None:
    path = write_caffemodel(tmp_path / "a.caffemodel", {"a": [np.zeros((0, 3), np.float32)]})
    assert read_caffemodel(path)["a"][0].shape == (0, 3)


def test_broken_files_are_named(write_caffemodel: Write, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.caffemodel: there is no such file"):
        read_caffemodel(tmp_path / "none.caffemodel")
    path = write_caffemodel(tmp_path / "a.caffemodel", _layers())
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ValueError, match=r"a\.caffemodel: broken"):
        read_caffemodel(path)


def test_a_layer_whose_numbers_are_not_all_there(write_caffemodel: Write, tmp_path: Path) -> None:
    path = write_caffemodel(tmp_path / "a.caffemodel", {"conv1": [np.zeros((2, 3), np.float32)]})
    content = path.read_bytes()
    assert content.count(b"\x3a\x04\x0a\x02\x02\x03") == 1
    path.write_bytes(content.replace(b"\x3a\x04\x0a\x02\x02\x03", b"\x3a\x04\x0a\x02\x02\x04"))
    with pytest.raises(ValueError, match=r"layer 'conv1': 6 numbers for the shape \(2, 4\)"):
        read_caffemodel(path)


def test_two_layers_of_one_name(write_caffemodel: Write, tmp_path: Path) -> None:
    path = write_caffemodel(tmp_path / "a.caffemodel", _layers())
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(ValueError, match="two layers with weights are called 'conv1'"):
        read_caffemodel(path)


def test_without_protobuf_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.protobuf", None)
    with pytest.raises(ModuleNotFoundError, match="pip install protobuf"):
        net_parameter()
