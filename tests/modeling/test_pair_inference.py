"""A pair says what a video of two frames says; its network is D&T or D."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from dnt_d2.modeling import VideoStream
from dnt_d2.modeling.pair_inference import infer_pairs

Make = Callable[..., Any]


def test_no_pairs(small_model: Make) -> None:
    assert infer_pairs(small_model(), []) == []


@pytest.mark.parametrize("sizes", [((96, 128), (96, 128)), ((96, 128), (112, 96))])
@torch.no_grad()
def test_pairs_of_a_batch_do_not_meet(small_model: Make, make_video: Make, sizes: tuple[tuple[int, int], ...]) -> None:
    """Not even in the padding."""
    model = small_model(lively=True)
    pairs = []
    for i, size in enumerate(sizes):
        a, b = make_video(i, 2, size)
        pairs.append(a | {"next_image": b["image"]})
    for together, pair in zip(infer_pairs(model, pairs), pairs, strict=True):
        (alone,) = infer_pairs(model, [pair])
        assert together.keys() == alone.keys()
        for kind in ("tracklets", "link_candidates", "next_link_candidates"):
            for name, value in together[kind].get_fields().items():
                other = alone[kind].get(name)
                assert torch.equal(getattr(value, "tensor", value), getattr(other, "tensor", other))


@torch.no_grad()
def test_a_network_that_tracks_nothing(small_cfg: Make, small_model: Make, make_video: Make) -> None:
    a, b = make_video(0, 2)
    model = small_model(small_cfg("MODEL.TRACK_HEAD.NAME", ""), lively=True)
    (pair,) = infer_pairs(model, [a | {"next_image": b["image"]}])
    assert len(pair["instances"]) > 0
    assert len(pair["next_instances"]) > 0
    assert len(pair["tracklets"]) == 0


def test_a_pair_equals_two_frames_of_a_stream(small_model: Make, make_video: Make) -> None:
    model, (a, b) = small_model(lively=True), make_video(0, 2)
    (pair,) = model([a | {"next_image": b["image"]}])
    first, second = VideoStream(model)([a, b])
    for mine, other in (
        (pair["instances"], first["instances"]),
        (pair["next_instances"], second["instances"]),
        (pair["link_candidates"], first["link_candidates"]),
        (pair["next_link_candidates"], second["link_candidates"]),
    ):
        assert len(mine) == len(other) > 0
        assert torch.allclose(mine.pred_boxes.tensor, other.pred_boxes.tensor, atol=0.05)
    assert len(pair["tracklets"]) == len(second["tracklets"]) > 0
    assert torch.allclose(pair["tracklets"].end_boxes.tensor, second["tracklets"].end_boxes.tensor, atol=0.05)
