"""dnt_d2/modeling/caffe_resnet.py: the first pooling is Caffe's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from detectron2.config import CfgNode
from detectron2.modeling import build_backbone
from detectron2.modeling.backbone.resnet import BasicStem

from dnt_d2.modeling import CaffeStem


def _pooled(maps: torch.Tensor) -> torch.Tensor:
    """Windows of 3 x 3 that begin at every second cell, cut off at the border."""
    rows, columns = (range(0, max(n - 1, 1), 2) for n in maps.shape[2:])
    return torch.stack(
        [torch.stack([maps[:, :, i : i + 3, j : j + 3].amax(dim=(2, 3)) for j in columns], -1) for i in rows], -2
    )


@pytest.mark.parametrize("size", [(3, 4), (16, 17), (31, 34)])
@torch.no_grad()
def test_windows_begin_at_the_first_cell_and_end_at_the_border(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    stem, x = CaffeStem(3, 5, norm=""), torch.randn(2, 3, *size)
    result = stem.to(x.device)(x)
    assert torch.equal(result, _pooled(stem.conv1(x).relu()))
    halves = [(n + 1) // 2 for n in size]
    assert list(result.shape[2:]) == [-(-(n - 3) // 2) + 1 for n in halves]


def test_the_rest_is_detectron2s(small_cfg: Callable[..., CfgNode]) -> None:
    cfg = small_cfg("MODEL.BACKBONE.FREEZE_AT", 2)
    plain = build_backbone(cfg)
    cfg.MODEL.BACKBONE.NAME = "build_caffe_resnet_backbone"
    caffe = build_backbone(cfg)
    assert isinstance(caffe.stem, CaffeStem)
    assert type(plain.stem) is BasicStem
    shapes = [{name: tuple(x.shape) for name, x in b.state_dict().items()} for b in (plain, caffe)]
    assert shapes[0] == shapes[1]
    frozen = [[name for name, x in b.named_parameters() if not x.requires_grad] for b in (plain, caffe)]
    assert frozen[0] == frozen[1]
    assert "stem.conv1.weight" in frozen[1]
    assert caffe.output_shape() == plain.output_shape()
    caffe.load_state_dict(plain.state_dict())
    x = torch.randn(1, 3, 64, 96)
    shapes = [[y.shape for y in b.to(x.device)(x).values()] for b in (plain, caffe)]
    assert shapes[0] == shapes[1]
