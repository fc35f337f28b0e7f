"""The frames of videos to test on, one by one; for an unreadable one, what is shown in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from ..faults import Skip
from .checked_images import Unreadable
from .mapper import FRAME_KEYS
from .video_index import VideoIndex, index_videos

Dict = dict[str, Any]

# The size stays that of the picture that is shown.
_OF_THE_FRAME = tuple(key for key in FRAME_KEYS if key not in ("height", "width"))


class VideoFrames(Dataset):
    """Item n is frame n, as the mapper makes it.

    With ``skip_faults`` the picture of a frame that can't be read is that of the nearest frame before it in its video
    that can; at a video's begin, after it. Which one doesn't depend on what else is asked for, by whom or in which
    order. The frame stays itself: its place, and with it its ground truth. Such an item has ``skipped``, a list with
    one :class:`dnt_d2.faults.Skip`.
    """

    def __init__(self, dicts: Sequence[Dict], mapper: Callable[[Dict], Dict], *, skip_faults: bool = False) -> None:
        """
        Args:
            dicts: one a frame, with ``video_id`` and ``frame_index``.
            mapper: of one dict, which has no annotations.
            skip_faults: False makes an unreadable image an error.
        """
        self._dicts, self._mapper, self._skip_faults = dicts, mapper, skip_faults
        self._index: VideoIndex | None = None

    def __len__(self) -> int:
        return len(self._dicts)

    def __getitem__(self, place: int) -> Dict:
        """Item n.

        Raises:
            Unreadable: the image can't be read; with ``skip_faults``, no image of its video can.
        """
        frame = without_annotations(self._dicts[place])
        try:
            return self._mapper(frame)
        except Unreadable as error:
            if not self._skip_faults:
                raise
            return self._instead(place, frame) | {"skipped": [Skip(error.what, error.path, str(error))]}

    def _instead(self, place: int, frame: Dict) -> Dict:
        for other in self._others(place):
            try:
                item = self._mapper(without_annotations(self._dicts[other]))
            except Unreadable:
                continue
            return item | {key: frame[key] for key in _OF_THE_FRAME if key in frame}
        raise ValueError(
            f"{frame['file_name']}: no image of this video can be read, so DATASETS.ON_FAULT 'skip' has nothing to "
            "show in its place; unpack the archive again, or take the video off the list"
        )

    def _others(self, place: int) -> Iterator[int]:
        """The other frames of its video: those before it, the nearest first, then those after it."""
        if self._index is None:  # seldom needed, and not by all workers
            self._index = index_videos(self._dicts)
        at = int(np.flatnonzero(self._index.place == place)[0])
        video = int(np.searchsorted(self._index.start, at, side="right")) - 1
        first, last = self._index.start[video : video + 2].tolist()
        for k in (*range(at - 1, first - 1, -1), *range(at + 1, last)):
            yield int(self._index.place[k])


def without_annotations(frame: Dict) -> Dict:
    """What a network may see of a dataset dict in testing."""
    return {key: value for key, value in frame.items() if key != "annotations"}
