"""Data sets one after another, as one sequence of dataset dicts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, overload

from detectron2.data import DatasetFromList

from .frame_dicts import FrameDicts

Dict = dict[str, Any]


class JoinedFrames(Sequence[Dict]):
    """The frames of data sets, each of which says in ``dataset`` where it is from; made when it is asked for."""

    def __init__(self, parts: Sequence[tuple[str, Sequence[Dict]]]) -> None:
        """
        Args:
            parts: names and dicts; dicts of the name "" are left as they are.
        """
        self.parts = list(parts)
        self._ends = list(accumulate(len(dicts) for _, dicts in self.parts))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, place: int) -> Dict: ...
    @overload
    def __getitem__(self, place: slice) -> list[Dict]: ...
    def __getitem__(self, place: int | slice) -> Dict | list[Dict]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(f"there is no frame {place}: there are {len(self)}")
        place %= len(self)
        k = bisect_right(self._ends, place)
        name, dicts = self.parts[k]
        frame = dicts[place - (self._ends[k - 1] if k else 0)]
        return frame | {"dataset": name} if name else frame


def parts_of(dicts: Sequence[Dict]) -> list[tuple[str, Sequence[Dict]]]:
    """The parts of joined frames; those of others are one without a name."""
    return dicts.parts if isinstance(dicts, JoinedFrames) else [("", dicts)]


def pack_frames(dicts: Sequence[Dict]) -> Sequence[Dict]:
    """The same frames in a form that the workers of a loader share instead of copying it."""
    if isinstance(dicts, JoinedFrames):
        return JoinedFrames([(name, pack_frames(part)) for name, part in dicts.parts if len(part)])
    if isinstance(dicts, FrameDicts) or not len(dicts):
        return dicts
    return DatasetFromList(list(dicts), copy=False)  # serialised into one block of memory
