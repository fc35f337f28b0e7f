"""A watch over training: a loss or gradient that is not finite ends it before the weights change.

Detectron2 looks at losses on the first rank alone, at their mean over ranks, and keeps nothing of the batch. Here each
rank looks at its own, between the backward pass and the update, and writes a file of the step, which
``tools/replay_batch.py`` runs again.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from detectron2.config import CfgNode
from detectron2.engine import HookBase
from detectron2.utils import comm
from torch import Tensor, distributed, nn

from .step_file import Step, non_finite

FOLDER = "non_finite"
"""Below OUTPUT_DIR: where the files of steps are written."""

PATIENCE = 50
"""In half precision: how many updates in a row may be skipped. The scale has then been halved as often, to nothing."""


class NonFiniteError(FloatingPointError):
    """A training step has losses or gradients that are not finite; the weights are those of before the step."""


class LossWatch(HookBase):
    """To be registered with Detectron2's ``SimpleTrainer`` or ``AMPTrainer``, whose steps run within :meth:`over`."""

    def __init__(self, model: nn.Module, cfg: CfgNode) -> None:
        """
        Args:
            model: in training, perhaps behind ``DistributedDataParallel``; gives a dict of losses for a batch.
            cfg: of the training; OUTPUT_DIR is where files are written.
        """
        self._model = model
        self._network: nn.Module = model.module if isinstance(model, nn.parallel.DistributedDataParallel) else model
        self._cfg, self._half = cfg, bool(cfg.SOLVER.AMP.ENABLED)
        self._parameters = [(name, p) for name, p in self._network.named_parameters() if p.requires_grad]
        self._iteration = self._seed = self._skipped = 0
        self._forget()

    def _forget(self) -> None:
        self._batch: list[dict[str, Any]] = []
        self._terms: dict[str, Tensor] = {}
        self._random: dict[str, Tensor] = {}

    @contextmanager
    def over(self, iteration: int, seed: int) -> Iterator[None]:
        """Watch one step.

        Args:
            iteration: its number, from 0.
            seed: of the training, for the file.

        Raises:
            NonFiniteError: on every rank, and when all files are written, if a rank's losses or the gradients are not
                finite, or :data:`PATIENCE` updates in a row were skipped; on one rank alone, if its forward pass says
                so itself.
        """
        self._iteration, self._seed = iteration, seed
        # For the length of the step: a copy of the model, for an evaluation on the way, would copy its hooks.
        before = self._model.register_forward_pre_hook(self._before_forward)
        after = self._model.register_forward_hook(self._after_forward)
        try:
            yield
        except NonFiniteError:
            raise
        except FloatingPointError as error:
            raise self._stop(str(error).rstrip(".")) from error
        finally:
            before.remove()
            after.remove()
            self._forget()

    def _before_forward(self, _model: nn.Module, args: tuple[Any, ...]) -> None:
        self._batch, self._random = args[0], random_states(self._parameters[0][1].device)

    def _after_forward(self, _model: nn.Module, _args: tuple[Any, ...], losses: Mapping[str, Tensor]) -> None:
        self._terms = {name: x.detach() for name, x in losses.items()}

    def after_backward(self) -> None:
        """Called by the trainer when the gradients are there, of which all ranks have the mean."""
        own, world = comm.get_rank(), comm.get_world_size()
        flags = self._look()
        if world > 1:
            # All ranks must know, or those that go on would wait in vain for the others.
            shared = flags.new_zeros(world + 1)
            shared[own], shared[-1] = flags[0], flags[1]
            distributed.all_reduce(shared)
            flags = shared
        *losses, gradient = flags.tolist()
        fault = _in_words(self._terms) if losses[own] else "" if any(losses) else self._judge_gradient(bool(gradient))
        if not fault and not any(losses):
            return
        # They wait for each other: the first one to end has the launcher end the rest, in the midst of their files.
        told = comm.all_gather(str(self._stop(fault)) if fault else "")
        raise NonFiniteError(told[own] or "; ".join(f"rank {n} says: {text}" for n, text in enumerate(told) if text))

    def _look(self) -> Tensor:
        """(2,) whether this rank's losses, and the gradients, are not finite. Nothing waits for a GPU here."""
        losses = torch.stack([x.float() for x in self._terms.values()])
        norm = torch.nn.utils.get_total_norm([p.grad for _, p in self._parameters if p.grad is not None])
        return torch.stack([losses.isfinite().all(), norm.isfinite()]).logical_not().float()

    def _judge_gradient(self, bad: bool) -> str:
        """What is wrong, in words, or nothing."""
        self._skipped = self._skipped + 1 if bad else 0
        if bad and not self._half:
            return _gradient_in_words(self._parameters)
        if self._skipped >= PATIENCE:  # AMPTrainer skips such updates by design, and lowers the scale
            gradient = _gradient_in_words(self._parameters)
            return f"{PATIENCE} updates in a row were skipped, whatever the loss was scaled by: {gradient}"
        return ""

    def _stop(self, fault: str) -> NonFiniteError:
        """Write the file of this step; the error that ends the training."""
        rank, world = comm.get_rank(), comm.get_world_size()
        weights = {name: x.detach() for name, x in self._network.state_dict().items()}
        for place, bad in {"batch": non_finite(self._batch), "weights": non_finite(weights)}.items():
            if bad:
                fault += f"; not finite already in the {place}: {_some(bad)}"
        scaler = getattr(getattr(self, "trainer", None), "grad_scaler", None)
        step = Step(
            iteration=self._iteration,
            rank=rank,
            world_size=world,
            seed=self._seed,
            config=self._cfg.dump(),
            half=self._half,
            scale=1.0 if scaler is None else float(scaler.get_scale()),
            fault=fault,
            terms={name: float(x) for name, x in self._terms.items()},
            batch=self._batch,
            weights=weights,
            random=self._random,
        )
        path = Path(self._cfg.OUTPUT_DIR) / FOLDER / f"iteration_{self._iteration}_rank_{rank}.pth"
        images = _some([str(x.get("file_name", "without a file_name")) for x in self._batch])
        where = f"iteration {self._iteration}, rank {rank} of {world}"
        head = f"{fault} ({where}; the weights are still those of before this step). Images: {images}."
        try:
            size = step.save(path)
        except OSError as error:
            return NonFiniteError(f"{head} The step could not be written to {path}: {error}")
        again = f"python tools/replay_batch.py {shlex.quote(str(path))}"
        return NonFiniteError(f"{head} To run the step again ({size / 1e6:,.1f} MB): {again}")


def random_states(device: torch.device) -> dict[str, Tensor]:
    """PyTorch's random states, of the CPU and of a GPU that computes, without waiting for it."""
    states = {"cpu": torch.get_rng_state()}
    return states | {"cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else states


def _in_words(terms: Mapping[str, Tensor]) -> str:
    bad = [f"{name} is {float(x)}" for name, x in terms.items() if not x.isfinite().all()]
    return " and ".join(bad)


def _gradient_in_words(parameters: Sequence[tuple[str, nn.Parameter]]) -> str:
    bad = [name for name, p in parameters if p.grad is not None and not p.grad.isfinite().all()]
    if bad:
        return f"the losses are finite, but not the gradients of {_some(bad)}"
    steepest = max((p.grad.abs().max().item(), name) for name, p in parameters if p.grad is not None)
    return f"the gradients are so large that their norm is infinite, up to {steepest[0]:.1e} in {steepest[1]}"


def _some(names: Sequence[str], most: int = 4) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
