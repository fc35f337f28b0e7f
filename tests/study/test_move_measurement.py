"""True boxes are moved by the head and by template matching: a textured square goes a known way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from detectron2.data import DatasetCatalog
from detectron2.structures import BoxMode

from dnt_d2.data.mapper import FrameMapper
from dnt_d2.study.move_measurement import correlation_reach, measure_moves
from dnt_d2.study.moves import HEAD, METHODS, STAY, TEMPLATE, Moves

NAME = "moves_of_a_square"
SIDE, STEP = 48, (8, -4)  # px of the picture, which the network sees at half its size
LENGTH = 5


def frame(folder: Path, video: int, t: int, *, objects: bool = True, **flags: int) -> dict[str, Any]:
    """A square of noise on other noise, made of blocks that half the size does not blur."""
    path = folder / f"{video}-{t}.png"
    rng = np.random.default_rng(video)
    ground, square = (rng.integers(0, 256, (n, m, 3), np.uint8) for n, m in ((96, 128), (SIDE // 2, SIDE // 2)))
    picture = ground.repeat(2, axis=0).repeat(2, axis=1)
    x, y = 60 + STEP[0] * t, 100 + STEP[1] * t
    picture[y : y + SIDE, x : x + SIDE] = square.repeat(2, axis=0).repeat(2, axis=1)
    cv2.imwrite(str(path), picture)
    box = {"bbox": [x, y, x + SIDE - 1, y + SIDE - 1], "bbox_mode": BoxMode.XYXY_ABS, "category_id": video % 3}
    times = {"video_id": video, "frame_index": t, "video_length": LENGTH, "image_id": 100 * video + t}
    notes = [box | {"instance_id": 7, "occluded": 0, "generated": 0} | flags] if objects else []
    return {"file_name": str(path), "height": 192, "width": 256, "annotations": notes} | times


@pytest.fixture
def data_set() -> Iterator[Callable[[list[dict[str, Any]]], None]]:
    yield lambda dicts: DatasetCatalog.register(NAME, lambda: dicts)
    if NAME in DatasetCatalog:
        DatasetCatalog.remove(NAME)


@pytest.fixture(scope="module")
def network(small_cfg: Callable[..., Any], small_model: Callable[..., Any]) -> tuple[Any, Any]:
    cfg = small_cfg("INPUT.MIN_SIZE_TEST", 96, "INPUT.MAX_SIZE_TEST", 128)
    return cfg, small_model(cfg, lively=True)


class Shift(torch.nn.Module):
    """A head that sends every box the same way, in pixels of the network's input."""

    def __init__(self, x: float, y: float) -> None:
        super().__init__()
        self.way, self.in_features = torch.tensor([x, y, x, y]), ["res4"]

    def track(self, now: Any, later: Any, boxes: Any) -> Any:
        return [b + self.way.to(b.device) for b in boxes]


def with_head(network: tuple[Any, Any], head: torch.nn.Module | None, **options: Any) -> Moves:
    cfg, model = network
    before, model.track_head = model.track_head, head
    try:
        return measure_moves(cfg, model, NAME, **{"reach": 16, **options})
    finally:
        model.track_head = before


def column(moves: Moves, method: str) -> tuple[Any, Any]:
    return moves.iou[:, METHODS.index(method)], moves.off[:, METHODS.index(method)]


def test_without_pairs_or_boxes_there_are_no_moves(network: tuple[Any, Any], data_set: Any, tmp_path: Path) -> None:
    lonely = [frame(tmp_path, 0, 0)]  # one frame
    apart = [frame(tmp_path, 1, 0), frame(tmp_path, 1, 3)]  # no two that are tau apart
    bare = [frame(tmp_path, 2, t, objects=t == 1) for t in range(3)]  # one box, and none after it
    data_set([*lonely, *apart, *bare])
    assert len(measure_moves(*network, NAME, reach=16, taus=(1, 2))) == 0
    assert len(measure_moves(*network, NAME, reach=16, taus=())) == 0


def test_truth_has_no_error_and_no_motion_is_where_boxes_were(
    network: tuple[Any, Any], data_set: Any, tmp_path: Path
) -> None:
    data_set([frame(tmp_path, video, t, occluded=int(t == 4)) for video in (4, 9) for t in range(LENGTH)])
    true = with_head(network, Shift(4, -2), taus=(1,))
    assert true.video.tolist() == [0] * 4 + [1] * 4
    assert true.category.tolist() == [1] * 4 + [0] * 4
    assert true.hidden.tolist() == [False, False, False, True] * 2
    assert np.allclose(true.displacement, np.hypot(4, 2), atol=1e-4)
    assert np.allclose(true.size, (SIDE - 1) / 2, atol=1e-4)
    iou, off = column(true, HEAD)
    assert np.allclose(iou, 1, atol=1e-5)
    assert np.allclose(off, 0, atol=1e-4)
    stay = column(true, STAY)
    side = (SIDE - 1) / 2
    overlap = (side - 4) * (side - 2)
    assert np.allclose(stay[0], overlap / (2 * side**2 - overlap), atol=1e-4)
    assert np.allclose(stay[1], true.displacement)
    assert np.allclose(column(true, TEMPLATE)[0], 1, atol=1e-5), "it moves by whole pixels"
    still = with_head(network, Shift(0, 0), taus=(1,))
    assert np.allclose(column(still, HEAD), stay)


def test_every_tau_from_every_so_many_frames(network: tuple[Any, Any], data_set: Any, tmp_path: Path) -> None:
    data_set([frame(tmp_path, 0, t) for t in (4, 2, 0, 1, 3)])  # in no order
    moves = with_head(network, Shift(0, 0), taus=(2, 1), every=2)
    assert moves.tau.tolist() == [2, 1, 2, 1]
    assert np.allclose(moves.displacement, moves.tau * np.hypot(4, 2), atol=1e-4)
    near = with_head(network, Shift(0, 0), taus=(2,), every=4, reach=5)  # it goes 8 px
    assert column(near, TEMPLATE)[1][0] > 2


def test_the_head_is_asked_as_in_testing(
    network: tuple[Any, Any], data_set: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cfg, model = network
    frames = [frame(tmp_path, 0, t) for t in range(3)]
    data_set(frames)
    images = [FrameMapper(cfg)(f)["image"] for f in frames]
    with torch.no_grad():
        maps = model.encode(model.preprocess(images))
        starts = [torch.tensor([f["annotations"][0]["bbox"]], device=model.device) / 2 for f in frames[:2]]
        moved = torch.cat(model.track_head.track(maps[:2], maps[1:], starts)).cpu().numpy()
    assert np.abs(moved - torch.cat(starts).cpu().numpy()).max() > 0.5, "a head that does nothing proves nothing"
    moved = moved.clip(0, [127, 95, 127, 95])
    truth = np.array([f["annotations"][0]["bbox"] for f in frames[1:]]) / 2
    off = np.hypot(*((moved - truth)[:, [0, 1]] + (moved - truth)[:, [2, 3]]).T / 2)
    calls = []
    encode = model.encode
    monkeypatch.setattr(model, "encode", lambda images: calls.append(1) or encode(images))
    assert np.allclose(column(measure_moves(cfg, model, NAME, reach=4, taus=(1, 2)), HEAD)[1][[0, 2]], off, atol=1e-2)
    assert len(calls) == 3, "the trunk runs once a frame"


def test_frames_of_different_sizes_are_no_pair(network: tuple[Any, Any], data_set: Any, tmp_path: Path) -> None:
    frames = [frame(tmp_path, 0, t) for t in range(2)]
    cv2.imwrite(frames[1]["file_name"], cv2.imread(frames[1]["file_name"])[:, :192])
    frames[1]["width"] = 192
    data_set(frames)
    assert len(with_head(network, Shift(0, 0), taus=(1,))) == 0


def test_reach_is_d_in_pixels(network: tuple[Any, Any]) -> None:
    _, model = network
    assert correlation_reach(model) == {"res5": 32, "res3": 16, "res4": 32}
    model.track_head, head = None, model.track_head
    try:
        assert correlation_reach(model) == {}
    finally:
        model.track_head = head


def test_what_can_not_be_measured_is_said(network: tuple[Any, Any]) -> None:
    cfg, model = network
    with pytest.raises(ValueError, match=r"no track head \(D\)"):
        with_head(network, None)
    for options in ({"every": 0}, {"taus": (1, 0)}):
        with pytest.raises(ValueError, match="at least 1"):
            measure_moves(cfg, model, NAME, reach=4, **options)
    model.train()
    try:
        with pytest.raises(ValueError, match="training mode"):
            measure_moves(cfg, model, NAME, reach=4)
    finally:
        model.eval()
