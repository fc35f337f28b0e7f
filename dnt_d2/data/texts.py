"""Many short strings in one block of bytes: quick to load, small to pickle, shared by a data loader's processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# In no name of a file.
_BETWEEN = "/"


@dataclass(frozen=True, eq=False)
class Texts:
    """N strings without a slash, such as names of files.

    Attributes:
        block: (B,) uint8, the strings in UTF-8, with a slash between one and the next.
        start, end: (N,) where each is in the block.
    """

    block: NDArray[np.uint8]
    start: NDArray[np.int64]
    end: NDArray[np.int64]

    @classmethod
    def of(cls, strings: Sequence[str]) -> Texts:
        """These strings."""
        return cls.unpack(pack(strings), len(strings))

    @classmethod
    def unpack(cls, block: NDArray[np.uint8], count: int) -> Texts:
        """What :func:`pack` made of as many strings.

        Raises:
            ValueError: it is of another number.
        """
        between = np.flatnonzero(block == ord(_BETWEEN))
        found = len(between) + 1 if count or len(block) else 0
        if found != count:
            raise ValueError(f"{found} names, not {count}")
        edges = np.concatenate([[-1], between, [len(block)]])[: count + 1]
        return cls(block, edges[:-1] + 1, edges[1:].copy())

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, place: int) -> str:
        return _decode(self.block[self.start[place] : self.end[place]].tobytes())

    def take(self, places: NDArray[np.int64]) -> Texts:
        """The strings at these places."""
        return Texts(self.block, self.start[places], self.end[places])

    def run(self, first: int, last: int) -> bytes:
        """The strings from place ``first`` up to ``last``, with a slash between them, as they lie in the block: they
        must follow each other there."""
        return self.block[self.start[first] : self.end[last - 1]].tobytes() if last > first else b""

    def part(self, first: int, last: int) -> list[str]:
        """The strings from place ``first`` up to ``last``."""
        start, end = self.start[first:last], self.end[first:last]
        if not len(start):
            return []
        offset = int(start.min())
        block = self.block[offset : int(end.max())].tobytes()
        return [_decode(block[a:b]) for a, b in zip((start - offset).tolist(), (end - offset).tolist(), strict=True)]


def pack(strings: Sequence[str]) -> NDArray[np.uint8]:
    """The block of some strings."""
    return np.frombuffer(_BETWEEN.join(strings).encode("utf-8", "surrogateescape"), np.uint8)


def join_texts(texts: Sequence[Texts]) -> Texts:
    """One after the other; a block that several share is kept once."""
    if len(texts) == 1:
        return texts[0]
    blocks = {id(x.block): x.block for x in texts}
    ends = np.cumsum([0, *(len(block) for block in blocks.values())]).tolist()
    offset = dict(zip(blocks, ends, strict=False))
    empty = np.empty(0, np.int64)
    return Texts(
        np.concatenate([np.empty(0, np.uint8), *blocks.values()]),
        np.concatenate([empty, *(x.start + offset[id(x.block)] for x in texts)]),
        np.concatenate([empty, *(x.end + offset[id(x.block)] for x in texts)]),
    )


def _decode(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
