"""Short animated pictures for pages, in WebP, whose size is kept below a limit."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .whole_file import whole_file

Frame = NDArray[np.uint8]

QUALITIES = (80, 65, 50, 35, 20)  # tried in this order
_MAX_FPS = 50.0  # browsers slow down what is faster


def write_animation(frames: Sequence[Frame], path: str | Path, fps: float, *, max_bytes: int = 1_500_000) -> int:
    """Write frames as an animation that goes on for ever, as good as the limit allows.

    Args:
        frames: (H, W, 3) uint8, BGR, of one size, at least one.
        path: ends in webp; its folder is made where it is missing.
        fps: frames per second, at most 50.
        max_bytes: of the file.

    Returns:
        The bytes of the file.

    Raises:
        ValueError: for another suffix, no frame, frames of several sizes, a rate out of range, or frames that don't
            fit at the lowest quality.
    """
    path = Path(path).expanduser()
    if path.suffix.lower() != ".webp":
        raise ValueError(f"{path}: give a file name that ends in webp")
    shapes = {frame.shape for frame in frames}
    if len(shapes) != 1:
        raise ValueError(f"{path}: frames of one size are needed, got {len(frames)} frames of {len(shapes)} sizes")
    if not 0 < fps <= _MAX_FPS:
        raise ValueError(f"fps is {fps}: it must be above 0 and at most {_MAX_FPS:g}")
    pictures = [Image.fromarray(frame[:, :, ::-1]) for frame in frames]
    for quality in QUALITIES:
        content = _encode(pictures, quality, round(1000 / fps))
        if len(content) <= max_bytes:
            with whole_file(path, sync=False) as file:
                file.write(content)
            return len(content)
    size, limit = len(content) / 1e6, max_bytes / 1e6
    raise ValueError(
        f"{path}: {len(frames)} frames take {size:.2f} MB at the lowest quality, {limit:.2f} MB are allowed: "
        "give fewer or smaller frames"
    )


def _encode(pictures: Sequence[Image.Image], quality: int, milliseconds: int) -> bytes:
    """The file's bytes; ``quality`` is 0..100."""
    file, rest = io.BytesIO(), pictures[1:]
    pictures[0].save(
        file, "WEBP", save_all=True, append_images=rest, duration=milliseconds, loop=0, quality=quality, method=4
    )
    return file.getvalue()
