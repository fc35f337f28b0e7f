"""Frames whose image couldn't be read: the network saw another of their video (DATASETS.ON_FAULT "skip").

Their objects count as all others do, so nobody gains by frames that are gone. A saved video with such frames is never
used again: once the files are mended, or faults are errors, the next evaluation must not repeat what was a makeshift.
"""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np

from ..faults import NAMED, skips_of
from .plan import Plan
from .saved_run import SavedRun
from .scoring import VideoScore

logger = logging.getLogger(__name__)


class ReplacedFrames:
    """Notes frames as they come, and names the first ones in the log."""

    def __init__(self) -> None:
        self.count = 0

    def note(self, frame: Mapping[str, Any]) -> bool:
        """Whether the network saw another image in the place of this frame's.

        Args:
            frame: an item of the loader.
        """
        skips = skips_of([frame])
        self.count += bool(skips)
        if skips and self.count <= NAMED:
            logger.warning(f"another frame is shown in its place: {skips[0].why}")
        elif skips and self.count == NAMED + 1:
            logger.warning("other frames have another shown in their place, too; the report counts them")
        return bool(skips)


def forget_replaced(run: SavedRun) -> list[int]:
    """Remove the videos of a run in which frames were replaced, and give their ids: they are to be seen again."""
    forgotten = [video_id for video_id in run.finished if _has_replaced(run, video_id)]
    for video_id in forgotten:
        run.path(video_id).unlink()
    if forgotten:
        logger.info(f"{len(forgotten)} videos had frames that couldn't be read: they are seen again")
    return forgotten


def _has_replaced(run: SavedRun, video_id: int) -> bool:
    try:
        with zipfile.ZipFile(run.path(video_id)) as archive:
            return "replaced.npy" in archive.namelist()
    except (OSError, zipfile.BadZipFile):  # whoever reads it says so
        return False


def replaced_block(plan: Plan, scores: Sequence[VideoScore]) -> dict[str, Any]:
    """What a report says of them: ``{"skipped": {"frames": n, "files": first names}}``; without any, nothing."""
    numbers = np.concatenate([np.zeros(0, dtype=np.int64), *(score.replaced for score in scores)])
    if not len(numbers):
        return {}
    paths = [PurePath(plan.frames.file_names[number]) for number in np.sort(numbers)[:NAMED].tolist()]
    return {"skipped": {"frames": len(numbers), "files": ["/".join(path.parts[-2:]) for path in paths]}}
