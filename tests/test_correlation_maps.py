"""Correlation maps: their highest answer lies where a picture was shifted to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from dnt_d2.correlation_maps import CorrelationMaps, correlate_frames
from dnt_d2.modeling.frames import FrameMaps


def noise(seed: int = 0, size: tuple[int, int] = (96, 128)) -> Any:
    """A picture of squares of 4 px in random colours."""
    small = np.random.default_rng(seed).integers(0, 256, (size[0] // 4, size[1] // 4, 3), dtype=np.uint8)
    return small.repeat(4, axis=0).repeat(4, axis=1)


@pytest.fixture(scope="module")
def network(small_cfg: Callable[..., Any], small_model: Callable[..., Any]) -> tuple[Any, Any]:
    """A small network that sees these pictures in their own size."""
    cfg = small_cfg("INPUT.MIN_SIZE_TEST", 96, "INPUT.MAX_SIZE_TEST", 128)
    return cfg, small_model(cfg)


@pytest.fixture(scope="module")
def pixels(small_cfg: Callable[..., Any], small_model: Callable[..., Any]) -> tuple[Any, Any]:
    """The same, but the features of a cell are its pixels: what moved looks the same, and like nothing else."""
    cfg = small_cfg("INPUT.MIN_SIZE_TEST", 96, "INPUT.MAX_SIZE_TEST", 128)
    model = small_model(cfg)

    def encode(images: Any) -> FrameMaps:
        cells = {f"res{i}": F.pixel_unshuffle(images.tensor, stride) for i, stride in ((3, 8), (4, 16), (5, 16))}
        return FrameMaps(cells, cells["res5"], cells["res5"])

    model.encode = encode
    return cfg, model


def given(values: Any, step: float = 8.0, cell: float = 16.0) -> CorrelationMaps:
    return CorrelationMaps("res3", np.asarray(values, np.float32), step, cell)


@pytest.mark.parametrize("shift", [(0, 0), (16, -16), (-16, 0)])
def test_the_highest_answer_lies_at_the_shift(pixels: tuple[Any, Any], shift: tuple[int, int]) -> None:
    first = noise()
    second = np.roll(first, (shift[1], shift[0]), axis=(0, 1))
    layers = correlate_frames(*pixels, first, second)
    assert [layer.name for layer in layers] == ["res3", "res4", "res5"]
    for layer in layers:
        assert layer.peak((32, 32, 95, 63)) == shift, layer.name
        assert layer.step == layer.cell == 16, "conv3 has half the step, and is sampled at every second"


def test_pixels_are_those_of_the_frame(pixels: tuple[Any, Any]) -> None:
    large = noise().repeat(2, axis=0).repeat(2, axis=1)  # the network sees it at half its size
    layers = correlate_frames(*pixels, large, np.roll(large, -32, axis=1))
    assert all(layer.step == layer.cell == 32 for layer in layers)
    assert [layer.peak((64, 64, 191, 127)) for layer in layers] == [(-32, 0)] * 3


def test_maps_are_those_of_the_track_head(network: tuple[Any, Any]) -> None:
    cfg, model = network
    first, second = noise(1), noise(2)
    pair = [torch.from_numpy(x.transpose(2, 0, 1).copy()) for x in (first, second)]  # BGR, as the config says
    with torch.no_grad():
        maps = model.encode(model.preprocess(pair))
        expected = model.track_head.correlate(maps[:1], maps[1:])[model.track_head.in_features.index("res4")][0].cpu()
    res4 = correlate_frames(cfg, model, first, second)[1]
    for q, p in ((-2, 0), (0, 1), (2, 2)):
        assert np.array_equal(res4.values[q + 2, p + 2], expected[(q + 2) * 5 + p + 2])


def test_an_object_has_the_cells_whose_centre_it_covers() -> None:
    values = np.zeros((3, 3, 4, 5))
    values[1, 2, 1, 2:4] = 1, 3
    layer = given(values)
    assert layer.at((33, 17, 60, 30))[1, 2] == 2  # centres at x = 40 and 56, y = 24
    assert layer.peak((33, 17, 60, 30)) == (8, 0)
    assert layer.at((33, 17, 42, 30))[1, 2] == 1
    assert layer.at((50, 20, 54, 22))[1, 2] == 3, "no centre: the cell of its middle"
    assert layer.at((50, 20, 500, 30))[1, 2] == 1.5, "what is outside doesn't count"
    values[0, 0, 3, 4], values[2, 0, 0, 0] = 7, 9
    assert given(values).at((900, 900, 990, 990))[0, 0] == 7, "outside: the nearest cell"
    assert given(values).at((-90, -90, -20, -20))[2, 0] == 9


def test_arrays_have_a_row_for_each_step_down() -> None:
    values = np.arange(5 * 5).reshape(5, 5, 1, 1) * np.ones((1, 1, 2, 3))
    array = given(values).crop(1).array()
    assert array.shape == (3 * 3 - 1, 3 * 4 - 1)
    assert array[0, 0] == 6
    assert array[3, 0] == 11
    assert array[0, 4] == 7
    assert np.isnan(array[2]).all()
    assert given(values).crop(9).values.shape == values.shape


def test_what_can_not_be_correlated_is_said(
    network: tuple[Any, Any], small_cfg: Callable[..., Any], small_model: Callable[..., Any]
) -> None:
    with pytest.raises(ValueError, match=r"shapes differ: \(96, 128, 3\) and \(64, 96, 3\)"):
        correlate_frames(*network, noise(), noise(size=(64, 96)))
    cfg = small_cfg("MODEL.TRACK_HEAD.NAME", "")
    with pytest.raises(ValueError, match=r"no track head \(D\)"):
        correlate_frames(cfg, small_model(cfg), noise(), noise())
