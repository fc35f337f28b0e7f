"""Ground truth from a COCO-VID JSON."""

from __future__ import annotations

import os

from ..formats import read_coco_vid
from ..formats.results import FrameList
from .ground_truth import VideoTruth


def read_truth_file(path: str | os.PathLike[str]) -> tuple[VideoTruth, FrameList]:
    """Ground truth and frames of a file; objects need no tracks.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: something in it is wrong, a box of negative size for example; the message names the file.
    """
    videos = read_coco_vid(path, need_tracks=False)
    try:
        truth = VideoTruth.of(videos.frames, len(videos.class_names))
        return truth, FrameList.of(videos.frames, videos.video_names, videos.class_names)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{os.fspath(path)}: {error}; correct the file") from None
