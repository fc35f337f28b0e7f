"""What of a foreign file found its place in our network, and what did not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[np.float32]]

_SHOWN = 8


@dataclass(frozen=True)
class Report:
    """The outcome of a conversion.

    Attributes:
        matched: names of the network's tensors that the file fills.
        left_over: the file's tensors that the network has no use for by design, such as a classifier.
        missing: names of the network's tensors that the file does not fill.
        mismatched: names whose shapes differ, with both shapes.
        unexpected: the file's tensors that nobody knows: the file is of another network.
    """

    matched: tuple[str, ...]
    left_over: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    mismatched: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether the network computes with these weights what it did where they come from."""
        return bool(self.matched) and not (self.missing or self.mismatched or self.unexpected)

    def __str__(self) -> str:
        lines = [f"matched: {len(self.matched)} tensors"]
        for title, names in (
            ("left over (not part of our network)", self.left_over),
            ("MISSING in the file", self.missing),
            ("OF ANOTHER SHAPE", self.mismatched),
            ("UNKNOWN to our network", self.unexpected),
        ):
            if names:
                more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
                lines.append(f"{title}: {len(names)}: {', '.join(names[:_SHOWN])}{more}")
        return "\n".join(lines)


def compare(
    expected: Mapping[str, tuple[int, ...]], found: Arrays, left_over: Iterable[str] = (), unknown: Iterable[str] = ()
) -> Report:
    """Hold converted tensors against the network.

    Args:
        expected: the network's tensors, name to shape.
        found: the converted tensors, under the network's names.
        left_over: names in the file that are not meant to be converted.
        unknown: names in the file that no rule covers.
    """
    same = [name for name in found if name in expected and found[name].shape == expected[name]]
    differ = [
        f"{name} {found[name].shape}, the network has {expected[name]}"
        for name in found
        if name in expected and found[name].shape != expected[name]
    ]
    return Report(
        matched=tuple(same),
        left_over=tuple(left_over),
        missing=tuple(name for name in expected if name not in found),
        mismatched=tuple(differ),
        unexpected=(*unknown, *(name for name in found if name not in expected)),
    )
