"""Other colours for a cut-out, in training alone: with one to four photographs of a class, its colour would be it."""

from __future__ import annotations

import cv2
import numpy as np

from .sprites import Image


def repaint(texture: Image, strength: float, rng: np.random.Generator) -> Image:
    """The same thing in another hue, more or less colourful, darker or lighter; its shading stays.

    Args:
        texture: (H, W, 4) BGRA, premultiplied; not changed.
        strength: 0 leaves it as it is; with 1 any hue may come, the saturation changes by a factor of 0.3 to 2, and
            the exponent of the brightness lies between 0.4 and 2.5.
        rng: the video's generator; nothing is drawn with strength 0.

    Returns:
        (H, W, 4) BGRA, premultiplied.
    """
    if not strength:
        return texture
    turn = 180.0 * strength * rng.uniform(-1, 1)
    colourful = float(np.exp(strength * rng.uniform(-1.2, 0.7)))
    gamma = float(np.exp(0.92 * strength * rng.uniform(-1, 1)))
    alpha = texture[..., 3:].astype(np.float32)
    colour = np.minimum(texture[..., :3] / np.maximum(alpha, 1.0), 1.0).astype(np.float32)
    hsv = np.asarray(cv2.cvtColor(colour, cv2.COLOR_BGR2HSV))  # of float images: hue in degrees, the others in [0, 1]
    hsv[..., 0] = (hsv[..., 0] + turn) % 360.0
    hsv[..., 1] = np.minimum(hsv[..., 1] * colourful, 1.0)
    hsv[..., 2] = np.power(hsv[..., 2], gamma)
    painted = np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)) * alpha
    return np.dstack([np.clip(painted, 0, alpha).astype(np.uint8), texture[..., 3:]])
