"""Runs a training step from its file again, and finds the first module whose output is not finite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from detectron2.config import CfgNode, get_cfg
from detectron2.modeling import build_model
from detectron2.utils.events import EventStorage
from torch import Tensor, nn

from .. import add_dnt_config
from .step_file import Step, non_finite


@dataclass(frozen=True)
class Replay:
    """What a step came to.

    Attributes:
        terms: of the loss; none where the forward pass itself stopped.
        error: of the forward or backward pass, in its own words; empty without one.
        batch: what of it is not finite, by name: ``0.instances.gt_boxes``.
        weights: names of parameters and buffers that are not finite.
        activations: names of modules with an output that is not finite, in the order in which they ran.
        gradients: names of parameters with a gradient that is not finite.
        norm: of all gradients; NaN where there are none.
    """

    terms: dict[str, float]
    error: str
    batch: list[str]
    weights: list[str]
    activations: list[str]
    gradients: list[str]
    norm: float

    def __str__(self) -> str:
        lines = [f"{name:24} {value:g}" for name, value in self.terms.items()]
        lines += [f"{'norm of the gradient':24} {self.norm:g}"] if self.terms else []
        lines += [f"stopped by {self.error}"] if self.error else []
        for what, names in {
            "in the batch": self.batch,
            "weights": self.weights,
            "outputs of modules, the first one first": self.activations,
            "gradients": self.gradients,
        }.items():
            shown = "".join(f"\n    {name or 'the network'}" for name in names[:10])
            more = f"\n    and {len(names) - 10} more" if len(names) > 10 else ""
            lines.append(f"not finite, {what}: {len(names) or 'none'}{shown}{more}")
        return "\n".join(lines)


def network(step: Step, device: str | torch.device = "cpu") -> nn.Module:
    """The network of a step, built from the config in its file, with its weights, in training mode."""
    cfg = get_cfg()
    add_dnt_config(cfg)
    cfg.merge_from_other_cfg(CfgNode.load_cfg(step.config))
    cfg.merge_from_list(["MODEL.DEVICE", str(device), "MODEL.TIMM.WEIGHTS", ""])
    model = build_model(cfg)
    model.load_state_dict(step.weights)
    return model.train()


def replay(
    step: Step, device: str | torch.device = "cpu", *, dtype: torch.dtype | None = None, detect_anomaly: bool = False
) -> Replay:
    """Run a step again: forward and backward, without the update.

    On the same kind of device, with the dtype and the threads of the training, this gives its numbers.

    Args:
        step: from :meth:`Step.load`.
        device: where to run it.
        dtype: of weights and pictures, in the place of what the training used: ``torch.float64`` tells an overflow
            from an error.
        detect_anomaly: let PyTorch name the operation whose gradient is the first NaN; slow.
    """
    model = network(step, device)
    if dtype is not None:
        model = _in_another_dtype(model, dtype)
    bad_outputs: list[str] = []
    terms: dict[str, float] = {}
    error = ""
    half = step.half and dtype is None
    anomaly: AbstractContextManager[object] = torch.autograd.detect_anomaly() if detect_anomaly else nullcontext()
    with anomaly, EventStorage(step.iteration), _watched(model, bad_outputs):
        restore_random_state(step, torch.device(device))
        try:
            with torch.autocast(torch.device(device).type, torch.float16) if half else nullcontext():
                losses: dict[str, Tensor] = model(step.batch)
                terms = {name: float(x.detach()) for name, x in losses.items()}
                total = torch.stack(list(losses.values())).sum()
            (total * step.scale).backward()
        except (FloatingPointError, RuntimeError, ValueError) as caught:
            error = f"{type(caught).__name__}: {caught}"
    gradients = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    norm = torch.nn.utils.get_total_norm(gradients.values()) if gradients else torch.tensor(float("nan"))
    return Replay(
        terms,
        error,
        batch=non_finite(step.batch),
        weights=non_finite(model.state_dict()),
        activations=bad_outputs,
        gradients=non_finite(gradients),
        norm=float(norm) / step.scale,
    )


def restore_random_state(step: Step, device: torch.device) -> None:
    """PyTorch's random states at the start of the step; on another kind of device, one that its numbers give."""
    torch.manual_seed(step.seed + step.iteration)
    torch.set_rng_state(step.random["cpu"])
    if device.type == "cuda" and "cuda" in step.random:
        torch.cuda.set_rng_state(step.random["cuda"], device)


def _in_another_dtype(model: nn.Module, dtype: torch.dtype) -> nn.Module:
    """The network; its RPN still chooses proposals in float32: NMS doesn't mix boxes and scores of two dtypes."""
    rpn = getattr(model, "proposal_generator", None)
    if rpn is not None:
        choose = rpn.predict_proposals

        def predict_proposals(anchors: Any, logits: list[Tensor], deltas: list[Tensor], sizes: Any) -> Any:
            return choose(anchors, [x.float() for x in logits], [x.float() for x in deltas], sizes)

        rpn.predict_proposals = predict_proposals
    return model.to(dtype)


@contextmanager
def _watched(model: nn.Module, bad: list[str]) -> Iterator[None]:
    """Add to ``bad`` the names of modules whose output is not finite; what is inside a module comes before it."""

    def watch(name: str) -> Any:
        def hook(_module: nn.Module, _args: Any, output: Any) -> None:
            if non_finite(output):
                bad.append(name)

        return hook

    handles = [module.register_forward_hook(watch(name)) for name, module in model.named_modules()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
