"""A million dataset dicts that take no room: each is made when it is asked for."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from .made_lists import IMAGE_EXTENSION
from .table_annotations import Annotations
from .texts import Texts
from .xml_table import Ints

Dict = dict[str, Any]

# Dicts that are made at once when all are gone through.
_CHUNK = 256


@dataclass(frozen=True, eq=False)
class FrameDicts(Sequence[Dict]):
    """N frames as columns, which acts like Detectron2's list of dicts.

    Every access makes a new dict: whoever changes one changes no other, and finds it unchanged the next time. For dicts
    that stay, take ``list(frames)``.

    Attributes:
        folders: (F,) paths of folders of images, with a slash at the end.
        folder: (N,) the place of each frame's folder among them.
        name: (N,) of its image there, without extension.
        image_id, video_id, frame_index, video_length: (N,) as in the dicts.
        annotations: of N images, with their sizes.
    """

    folders: list[str]
    folder: Ints
    name: Texts
    image_id: Ints
    video_id: Ints
    frame_index: Ints
    video_length: Ints
    annotations: Annotations

    def __len__(self) -> int:
        return len(self.folder)

    @overload
    def __getitem__(self, place: int) -> Dict: ...
    @overload
    def __getitem__(self, place: slice) -> list[Dict]: ...
    def __getitem__(self, place: int | slice) -> Dict | list[Dict]:
        if isinstance(place, slice):
            return self.take(np.arange(len(self))[place])._part(0, len(range(*place.indices(len(self)))))
        i = operator.index(place)
        if not -len(self) <= i < len(self):
            raise IndexError(f"there is no frame {i}: there are {len(self)}")
        return self._part(i % len(self), i % len(self) + 1)[0]

    def __iter__(self) -> Iterator[Dict]:
        for first in range(0, len(self), _CHUNK):
            yield from self._part(first, min(first + _CHUNK, len(self)))

    def __eq__(self, other: object) -> bool:
        """Whether the other is a sequence of the same dicts."""
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: Sequence[Dict]) -> list[Dict]:
        return [*self, *other]

    def __radd__(self, other: Sequence[Dict]) -> list[Dict]:
        return [*other, *self]

    def __repr__(self) -> str:
        return f"<{len(self)} dataset dicts in {len(self.folders)} folders>"

    def take(self, places: Ints) -> FrameDicts:
        """These frames, in this order."""
        return FrameDicts(
            self.folders,
            self.folder[places],
            self.name.take(places),
            self.image_id[places],
            self.video_id[places],
            self.frame_index[places],
            self.video_length[places],
            self.annotations.take(places),
        )

    def _part(self, first: int, last: int) -> list[Dict]:
        where = slice(first, last)
        columns = (self.folder, self.image_id, self.annotations.height, self.annotations.width)
        times = (self.video_id, self.frame_index, self.video_length)
        return [
            {
                "file_name": f"{self.folders[folder]}{name}{IMAGE_EXTENSION}",
                "image_id": image_id,
                "height": height,
                "width": width,
                "video_id": video_id,
                "frame_index": frame_index,
                "video_length": video_length,
                "annotations": annotations,
            }
            for name, annotations, folder, image_id, height, width, video_id, frame_index, video_length in zip(
                self.name.part(first, last),
                self.annotations.dicts(first, last),
                *(column[where].tolist() for column in columns + times),
                strict=True,
            )
        ]
