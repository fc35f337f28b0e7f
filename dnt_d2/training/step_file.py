"""One training step in a file: what the network was given, and what it was, so that the step can be run again.

The file holds tensors, numbers and texts alone: ``torch.load`` takes it with ``weights_only=True``, which runs no code.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from detectron2.structures import Boxes, Instances
from torch import Tensor

from ..whole_file import whole_file

VERSION = 1
_INSTANCES, _BOXES = "instances of", "boxes"
_PLAIN = (str, int, float, bool, Tensor, type(None))


@dataclass(frozen=True)
class Step:
    """Everything that a step of one rank depends on, and what came of it.

    Attributes:
        iteration: its number, from 0.
        rank, world_size: which of how many processes.
        seed: of the training.
        config: the whole of it, as YAML.
        half: whether the forward pass ran in half precision (SOLVER.AMP).
        scale: what the loss was multiplied by before the backward pass; 1 without SOLVER.AMP.
        fault: what was wrong, in words.
        terms: each term of the loss, as far as they were computed.
        batch: the items that the loader gave this rank.
        weights: the network's ``state_dict``.
        random: PyTorch's random states at the start of the forward pass, by kind of device.
    """

    iteration: int
    rank: int
    world_size: int
    seed: int
    config: str
    half: bool
    scale: float
    fault: str
    terms: dict[str, float]
    batch: list[dict[str, Any]]
    weights: dict[str, Tensor]
    random: dict[str, Tensor]

    def save(self, path: Path) -> int:
        """Write the file, which appears when it is complete.

        Returns:
            its size in bytes.

        Raises:
            OSError: it can't be written, a full disk for example.
        """
        content = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        content |= {"version": VERSION, "batch": [pack(x) for x in self.batch]}
        try:
            with whole_file(path) as file:
                torch.save(content, file)
        except RuntimeError as error:  # what PyTorch's writer makes of a full disk
            raise OSError(f"{path}: {error}") from error
        return path.stat().st_size

    @classmethod
    def load(cls, path: Path) -> Step:
        """Read a file that :meth:`save` wrote, onto the CPU.

        Raises:
            FileNotFoundError: there is none.
            ValueError: it is something else.
        """
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
        except OSError:
            raise
        except Exception as error:  # it may hold anything, and each kind of content fails in its own way
            raise ValueError(f"{path} is no file of a training step: {error}") from error
        if not isinstance(content, dict) or "iteration" not in content or "batch" not in content:
            raise ValueError(f"{path} is no file of a training step: a checkpoint, perhaps")
        if content.pop("version", None) != VERSION:
            raise ValueError(f"{path} was written by another version of this program, which has to read it")
        content["batch"] = [unpack(x) for x in content["batch"]]
        return cls(**content)


def pack(value: Any) -> Any:
    """Take ``Instances`` and ``Boxes`` apart, in dicts, lists and tuples; what can't be stored becomes its text."""
    if isinstance(value, Instances):
        return {_INSTANCES: list(value.image_size), "fields": pack(value.get_fields())}
    if isinstance(value, Boxes):
        return {_BOXES: value.tensor}
    if isinstance(value, Mapping):
        return {str(key): pack(x) for key, x in value.items()}
    if isinstance(value, (list, tuple)):
        return [pack(x) for x in value]
    return value if isinstance(value, _PLAIN) else str(value)


def unpack(value: Any) -> Any:
    """The inverse of :func:`pack`; tuples stay lists."""
    if isinstance(value, list):
        return [unpack(x) for x in value]
    if not isinstance(value, dict):
        return value
    if _INSTANCES in value:
        height, width = value[_INSTANCES]
        return Instances((height, width), **unpack(value["fields"]))
    if set(value) == {_BOXES}:
        return Boxes(value[_BOXES])
    return {key: unpack(x) for key, x in value.items()}


def non_finite(value: Any, name: str = "") -> list[str]:
    """Names of the floating point tensors within a batch, or a ``state_dict``, that have a number that is not finite.

    Args:
        value: tensors, ``Instances`` and ``Boxes`` in dicts and lists.
        name: of the value itself; names within it are joined by dots.
    """
    if isinstance(value, Tensor):
        return [name] if value.is_floating_point() and not value.isfinite().all() else []
    if isinstance(value, Instances):
        return non_finite(value.get_fields(), name)
    if isinstance(value, Boxes):
        return non_finite(value.tensor, name)
    if isinstance(value, (list, tuple)):
        value = dict(enumerate(value))
    if not isinstance(value, Mapping):
        return []
    return [bad for key, x in value.items() for bad in non_finite(x, f"{name}.{key}" if name else str(key))]
