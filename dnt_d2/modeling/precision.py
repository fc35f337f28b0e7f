"""How the dense layers compute in testing: in float32 or in half precision. Boxes and scores never leave float32."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
"""TEST.PRECISION: its values, and the dtype of convolutions and of the trunk's maps."""


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """Run convolutions in a precision of :data:`PRECISIONS`.

    Autocast casts input and weights of each convolution, so that the weights stay in float32, as they were trained
    and as they are saved. In "float32" nothing is changed: an autocast that the caller has set goes on.
    """
    dtype = PRECISIONS[precision]
    return nullcontext() if dtype == torch.float32 else torch.autocast(device.type, dtype)


def at_least_float32(maps: Tensor) -> Tensor:
    """Half precision as float32, anything else as it is.

    Position-sensitive maps need it: a score is the mean of k x k pooled cells, which half precision would round to
    steps of 1/256 of its size, and scores that are equal then have no order.
    """
    return maps.to(torch.promote_types(maps.dtype, torch.float32))
