"""The optimizers: every parameter once, with its own rate and decay."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from detectron2.config import CfgNode
from detectron2.modeling import build_model
from torch import nn

from dnt_d2.training.optimizer import build_optimizer


def test_optimizers(small_cfg: Callable[..., CfgNode]) -> None:
    cfg = small_cfg("SOLVER.BIAS_LR_FACTOR", 2.0, "SOLVER.BACKBONE_MULTIPLIER", 0.1, "SOLVER.BASE_LR", 0.01)
    model = build_model(cfg)
    names = {id(p): name for name, p in model.named_parameters()}
    for kind, expected in (("SGD", torch.optim.SGD), ("ADAMW", torch.optim.AdamW)):
        cfg.SOLVER.OPTIMIZER = kind
        optimizer = build_optimizer(cfg, model)
        assert isinstance(optimizer, expected)
        rates = {names[id(p)]: group["lr"] for group in optimizer.param_groups for p in group["params"]}
        assert set(rates) == {name for name, p in model.named_parameters() if p.requires_grad}
        assert rates["backbone.res5.0.conv1.weight"] == pytest.approx(0.001)
        assert rates["track_head.conv.weight"] == pytest.approx(0.01)
        assert rates["track_head.conv.bias"] == pytest.approx(0.02)
        decay = {names[id(p)]: group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
        assert decay["track_head.conv.weight"] == pytest.approx(0.0005)
        assert decay["track_head.conv.bias"] == 0
    cfg.SOLVER.OPTIMIZER = "LION"
    with pytest.raises(ValueError, match=r"SOLVER\.OPTIMIZER is 'LION'"):
        build_optimizer(cfg, model)


def test_a_bias_of_the_trunk_has_both_factors(small_cfg: Callable[..., CfgNode]) -> None:
    cfg = small_cfg("SOLVER.BIAS_LR_FACTOR", 2.0, "SOLVER.BACKBONE_MULTIPLIER", 0.1, "SOLVER.BASE_LR", 0.01)
    model = nn.ModuleDict({"backbone": nn.Conv2d(1, 1, 1), "head": nn.Conv2d(1, 1, 1)})
    names = {id(p): name for name, p in model.named_parameters()}
    groups = build_optimizer(cfg, model).param_groups
    rates = {names[id(p)]: group["lr"] for group in groups for p in group["params"]}
    expected = {"backbone.weight": 0.001, "backbone.bias": 0.002, "head.weight": 0.01, "head.bias": 0.02}
    assert rates == pytest.approx(expected)
