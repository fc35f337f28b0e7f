"""What the operators of the layers share: how PyTorch learns of them, and whether Triton can do their arithmetic."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

import torch

_library = torch.library.Library("dnt_d2", "FRAGMENT")  # what is declared goes away with it


def declare(signature: str, kernel: Callable[..., Any], meta: Callable[..., Any]) -> None:
    """Make ``torch.ops.dnt_d2.NAME``, which compilers do not look into.

    `torch.library.custom_op` would say the same, but is not in all versions of PyTorch that are supported.

    Args:
        signature: "NAME(Tensor x, int k) -> Tensor".
        kernel: computes it, on any device.
        meta: gives an output of the right shape, dtype and layout for tensors without data.
    """
    name = signature.partition("(")[0]
    _library.define(signature)
    _library.impl(name, kernel, "CompositeExplicitAutograd")
    _library.impl(name, meta, "Meta")


def triton_kernels(module: str, probe: Callable[[ModuleType], None], what: str) -> ModuleType | None:
    """A module of Triton kernels of this package; nothing if Triton is not there or fails, or ``DNT_D2_TRITON`` is 0.

    Args:
        module: its name.
        probe: launches the smallest kernel of the module.
        what: is slower without it, for the warning.
    """
    if os.environ.get("DNT_D2_TRITON") == "0":
        return None
    try:
        kernels = import_module(f".{module}", __package__)
    except ImportError:
        return None
    try:
        probe(kernels)
    except Exception as error:  # it builds a launcher: without a compiler or Python's headers, anything may come
        warnings.warn(f"Triton can't be used, and {what} is slower without it: {error}", stacklevel=2)
        return None
    return kernels
