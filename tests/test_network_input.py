"""Frames on their way into the network; with a network behind it in test_predictor.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from dnt_d2.network_input import NetworkInput, check_picture

Make = Callable[..., Any]


def test_an_item(small_cfg: Make) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    item = NetworkInput(small_cfg()).item(5, frame)
    assert torch.equal(item.pop("image"), torch.from_numpy(frame.transpose(2, 0, 1).copy()))
    assert item == {"height": 64, "width": 96, "video_id": 0, "frame_index": 5}
    larger = NetworkInput(small_cfg("INPUT.MIN_SIZE_TEST", 128, "INPUT.MAX_SIZE_TEST", 150)).item(0, frame)
    assert larger["image"].shape == (3, 100, 150)
    rgb = NetworkInput(small_cfg("INPUT.FORMAT", "RGB")).item(0, frame)["image"]
    assert torch.equal(rgb.flip(0), torch.from_numpy(frame.transpose(2, 0, 1).copy()))


def test_what_is_no_picture(small_cfg: Make) -> None:
    check_picture(0, np.zeros((2, 3, 3), np.uint8))
    for wrong in (None, np.zeros((2, 3), np.uint8), np.zeros((2, 3, 3)), np.zeros((2, 3, 4), np.uint8)):
        with pytest.raises(ValueError, match=r"frame 7 is .*: \(H, W, 3\) uint8, BGR, was expected"):
            check_picture(7, wrong)
    with pytest.raises(ValueError, match=r"INPUT\.FORMAT is 'YUV'; D&T reads BGR or RGB"):
        NetworkInput(small_cfg("INPUT.FORMAT", "YUV"))
