"""How strongly, and where to, each half of eq. 1 pulls at the weights that detection and tracking share.

A tracking loss can make single frames better through these weights alone. Its gradient is compared with that of all
detection losses together, at the same weights, on the same pairs: how long each is, and the cosine between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from detectron2.utils.events import EventStorage
from torch import Tensor, nn

from ..modeling import DetectAndTrack

TRACKING = "loss_track"


def shared_weights(model: DetectAndTrack) -> dict[str, list[nn.Parameter]]:
    """The weights that both losses reach, by name for people; those that are frozen are left out.

    Raises:
        ValueError: D, which shares nothing.
    """
    if model.track_head is None:
        raise ValueError("the network has no track head (D), so nothing is shared: give a D&T config")
    modules: dict[str, nn.Module] = {
        "trunk": model.backbone,
        "reduction": model.roi_heads.reduction,
        "box maps": model.roi_heads.box_conv,
    }
    found = {name: [p for p in module.parameters() if p.requires_grad] for name, module in modules.items()}
    return {name: weights for name, weights in found.items() if weights}


def measure_pulls(model: DetectAndTrack, batches: Iterable[list[dict[str, Any]]], *, seed: int) -> dict[str, Any]:
    """Compare the gradients of the losses over batches of training pairs.

    Args:
        model: D&T, in training mode; its weights stay as they are.
        batches: as training gets them.
        seed: of what is drawn at random in a batch.

    Returns:
        Plain data, see :func:`summarise_pulls`, for each name of :func:`shared_weights` and for "all" of them.

    Raises:
        ValueError: D; a model in testing mode; no batches.
    """
    if not model.training:
        raise ValueError("the network is in testing mode: call its train() first")
    shared = shared_weights(model)
    pulls: dict[str, list[tuple[Tensor, Tensor]]] = {name: [] for name in (*shared, "all")}
    for number, batch in enumerate(batches):
        torch.manual_seed(seed + number)
        with EventStorage():  # Detectron2's RPN writes down what it samples
            losses = model(batch)
        tracking = losses[TRACKING]
        detection = sum((loss for name, loss in losses.items() if name != TRACKING), start=tracking.new_zeros(()))
        both = [_gradients(loss, shared) for loss in (detection, tracking)]
        for name, of in pulls.items():
            a, b = (torch.cat(list(g.values())) if name == "all" else g[name] for g in both)
            of.append((a, b))
    if not pulls["all"]:
        raise ValueError("there are no batches to measure gradients on")
    return {name: summarise_pulls(of) for name, of in pulls.items()}


def summarise_pulls(pulls: list[tuple[Tensor, Tensor]]) -> dict[str, float]:
    """What gradients of detection and tracking (W,), a pair for each batch, come to.

    Returns:
        ``detection`` and ``tracking``, the root mean square of their lengths; their ``ratio``, tracking's over
        detection's; the mean ``cosine`` of the two in a batch, and its ``deviation`` over batches; ``steady_ratio``
        and ``steady_cosine``, the same of the sums over all batches, in which what differs from batch to batch is
        averaged out; ``batches``. A gradient of nothing but zeros has a cosine of 0, and a ratio over it is NaN.
    """
    first, second = (torch.stack([pair[i] for pair in pulls]).double() for i in (0, 1))
    cosines = torch.cosine_similarity(first, second, dim=1)
    lengths = [float(of.norm(dim=1).square().mean().sqrt()) for of in (first, second)]
    sums = first.sum(0), second.sum(0)
    return {
        "detection": lengths[0],
        "tracking": lengths[1],
        "ratio": _ratio(lengths[1], lengths[0]),
        "cosine": float(cosines.mean()),
        "deviation": float(cosines.std(correction=0)),
        "steady_ratio": _ratio(float(sums[1].norm()), float(sums[0].norm())),
        "steady_cosine": float(torch.cosine_similarity(*sums, dim=0)),
        "batches": len(pulls),
    }


def _gradients(loss: Tensor, shared: Mapping[str, list[nn.Parameter]]) -> dict[str, Tensor]:
    """Of a loss, by each name as one vector (W,) on the CPU; zeros where it doesn't reach."""
    weights = [weight for of in shared.values() for weight in of]
    found = torch.autograd.grad(loss, weights, retain_graph=True, allow_unused=True)
    flat = iter((torch.zeros_like(w) if g is None else g).flatten().cpu() for w, g in zip(weights, found, strict=True))
    return {name: torch.cat([next(flat) for _ in of]) for name, of in shared.items()}


def _ratio(a: float, b: float) -> float:
    return a / b if b else float("nan")
