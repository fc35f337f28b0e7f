"""A name for a run that nothing else has: the digest of what decides what a network says about a data set."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import PurePath

from numpy.typing import NDArray

from ..formats.results import FrameList
from .ground_truth import VideoTruth

DIGITS = 16


def run_digest(
    weights: Iterable[tuple[str, bytes | memoryview]], config: str, truth: VideoTruth, frames: FrameList
) -> str:
    """The digest of weights, config and data; another one for any change in any of them.

    Args:
        weights: names and bytes of all of the network's arrays, in any order; views must be of single bytes.
        config: the part of the config, as text, that changes what the network says.
        truth: the ground truth.
        frames: the frames. Of the files of images the names count, and the names of their folders, neither where those
            lie nor what is in them.

    Returns:
        16 hexadecimal digits.
    """
    digest = hashlib.sha256(config.encode())
    for name, content in sorted(weights, key=lambda item: item[0]):
        digest.update(f"\0{name} {len(content)}\0".encode())
        digest.update(content)
    for name, array in sorted({**truth.arrays(), "sizes": frames.sizes}.items()):
        _update(digest, name, array)
    names = (*frames.class_names, *("/".join(PurePath(path).parts[-2:]) for path in frames.file_names))
    digest.update("\0".join(names).encode())
    return digest.hexdigest()[:DIGITS]


def _update(digest: hashlib._Hash, name: str, array: NDArray) -> None:
    digest.update(f"\0{name} {array.dtype.str} {array.shape}\0".encode())
    digest.update(array.tobytes())
