"""D&T on Detectron2: detect objects in video, track them from frame to frame, link tubes, re-score.

The public names are loaded when they are first touched (PEP 562), so that the NumPy parts of the package
(`tubes`, `evaluation`, `formats`, `minivid`) and the plain torch ones (`layers`) can be used without Detectron2.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config import add_dnt_config
    from .predictor import VideoPredictor

__version__ = "0.1.0"
__all__ = ["VideoPredictor", "add_dnt_config"]

_HOME = {"add_dnt_config": "config", "VideoPredictor": "predictor"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        # They register architectures, heads, backbones and data sets with Detectron2.
        for room in ("modeling", "data.builtin"):
            import_module(f".{room}", __name__)
    except ModuleNotFoundError as error:
        if error.name != "detectron2":
            raise
        raise ModuleNotFoundError(
            f"dnt_d2.{name} needs Detectron2, which is not installed: build it from its repository, "
            "or run `make environment`",
            name="detectron2",
        ) from error
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
