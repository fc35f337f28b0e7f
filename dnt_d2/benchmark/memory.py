"""The memory that a call takes beyond what was there before: results, buffers, and what libraries hold inside."""

from __future__ import annotations

import torch

from .resident import watch_peak
from .timing import Call, device_type


def peak_extra_bytes(call: Call, device: str | torch.device = "cpu") -> int | None:
    """The most memory that a call held at once, what it returns included.

    On a GPU this is PyTorch's own account. On a CPU it is the high-water mark of the process's resident memory, which
    Linux keeps: it counts whole pages, also those inside of libraries. The call is made once before.

    Args:
        call: to be measured.
        device: that it computes on.

    Returns:
        Bytes; None where the system does not tell (a CPU without Linux).
    """
    call()
    if device_type(device) == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        call()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    extra = watch_peak()
    if extra is None:
        return None
    call()
    return extra()
