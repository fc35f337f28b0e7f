"""The optimizer of a training: Detectron2's SGD or AdamW, with a rate of its own for the trunk."""

from __future__ import annotations

import torch
from detectron2.config import CfgNode
from detectron2.solver.build import get_default_optimizer_params, maybe_add_gradient_clipping
from torch import nn


def build_optimizer(cfg: CfgNode, model: nn.Module) -> torch.optim.Optimizer:
    """SOLVER.OPTIMIZER over all parameters that are trained, with clipped gradients where the config asks for it.

    Args:
        cfg: the keys of SOLVER.
        model: whose trunk is called ``backbone``.

    Raises:
        ValueError: for an optimizer that there isn't.
    """
    solver = cfg.SOLVER

    def factor(name: str) -> float:
        # Detectron2's own bias_lr_factor would take the place of the trunk's multiplier, where both apply.
        trunk = solver.BACKBONE_MULTIPLIER if name.startswith("backbone.") else 1.0
        return trunk * (solver.BIAS_LR_FACTOR if name.endswith(".bias") else 1.0)

    params = get_default_optimizer_params(
        model,
        base_lr=solver.BASE_LR,
        weight_decay_norm=solver.WEIGHT_DECAY_NORM,
        weight_decay_bias=solver.WEIGHT_DECAY_BIAS,
        lr_factor_func=factor,
    )
    if solver.OPTIMIZER == "ADAMW":
        build = maybe_add_gradient_clipping(cfg, torch.optim.AdamW)
        return build(params, lr=solver.BASE_LR, weight_decay=solver.WEIGHT_DECAY)
    if solver.OPTIMIZER != "SGD":
        raise ValueError(f'SOLVER.OPTIMIZER is {solver.OPTIMIZER!r}: it must be "SGD" or "ADAMW"')
    build = maybe_add_gradient_clipping(cfg, torch.optim.SGD)
    return build(
        params,
        lr=solver.BASE_LR,
        momentum=solver.MOMENTUM,
        nesterov=solver.NESTEROV,
        weight_decay=solver.WEIGHT_DECAY,
    )
