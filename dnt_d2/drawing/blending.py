"""The compiled loop of drawing: half-transparent lines. OpenCV has none with an opacity of its own at each pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..colors import Color
from ..compiled import kernel

Mask = NDArray[np.uint8]


@kernel
def blend_line(canvas: Mask, left: int, top: int, opacity: Mask, core: Mask, color: Color, rim: Color) -> None:
    """Put a line with a rim over a picture, in place, as far as it is opaque.

    Args:
        canvas: BGR uint8 (H, W, 3).
        left, top: where the masks lie in it; they don't leave it.
        opacity: (h, w), 255 where the picture is hidden, 0 where nothing is drawn.
        core: (h, w), 255 where the line has its own colour, 0 where it has that of its rim.
        color, rim: BGR, 0..255.
    """
    height, width = opacity.shape
    for y in range(height):
        for x in range(width):
            if opacity[y, x]:
                alpha, inner = opacity[y, x] / 255.0, core[y, x] / 255.0
                for channel in range(3):
                    over = rim[channel] + inner * (color[channel] - rim[channel])
                    under = canvas[top + y, left + x, channel]
                    canvas[top + y, left + x, channel] = np.uint8(under + alpha * (over - under) + 0.5)
