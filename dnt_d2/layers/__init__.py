"""Operations of the network that know nothing of detection, in plain PyTorch: no compiled extension, no Detectron2."""

from __future__ import annotations

from .correlation import LocalCorrelation, local_correlation
from .ps_roi_pool import PSRoIPool, ps_roi_pool

__all__ = ["LocalCorrelation", "PSRoIPool", "local_correlation", "ps_roi_pool"]
