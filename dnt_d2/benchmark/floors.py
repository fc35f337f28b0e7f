"""What a machine can do at best: the rate of its matrix products, and of its copies."""

from __future__ import annotations

from functools import cache

import torch

from .timing import device_type, take_turns


@cache
def matmul_rate(device: str = "cpu", dtype: torch.dtype = torch.float32, size: int | None = None) -> float:
    """Floating point operations per second of a product of two square matrices, as PyTorch does it.

    A multiplication and an addition count as two.

    Args:
        device: "cpu" or "cuda"; measured once per process.
        dtype: of the matrices. Float32 on a GPU is what PyTorch does by itself, without TF32.
        size: rows; None is 2048 on a CPU and 8192 on a GPU, enough to keep either busy.
    """
    rows = size or (2048 if device_type(device) == "cpu" else 8192)
    a, b = (torch.randn(rows, rows, device=device, dtype=dtype) for _ in range(2))
    best = min(take_turns({"product": lambda: a @ b}, rounds=5, device=device)["product"].seconds)
    return 2 * rows**3 / best


@cache
def copy_rate(device: str = "cpu", num_bytes: int | None = None) -> float:
    """Bytes per second that are copied: each is read once and written once, and counted once.

    Args:
        device: "cpu" or "cuda"; measured once per process.
        num_bytes: of the copied block; None is 256 MiB on a CPU and 2 GiB on a GPU, beyond what caches hold.
    """
    count = num_bytes or (1 << 28 if device_type(device) == "cpu" else 1 << 31)
    source = torch.randint(0, 255, (count,), dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    best = min(take_turns({"copy": lambda: target.copy_(source)}, rounds=5, device=device)["copy"].seconds)
    return count / best
