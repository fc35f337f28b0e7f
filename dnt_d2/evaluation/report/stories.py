"""What a report tells about one video: its tubes over time, and pictures of some frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...timeline import TubeSpan


@dataclass(frozen=True)
class Story:
    """One video.

    Attributes:
        title: why it is told: "best", "worst".
        video: its name.
        num_frames: its length.
        ap: its AP, in words: "single frames 61.2, tubes 70.4".
        tubes: with scores in [0, 1].
        ground_truth: the true tracks.
        thumbnails: (frame index, bytes of a JPEG), in the order of time; none is fine.
    """

    title: str
    video: str
    num_frames: int
    ap: str
    tubes: Sequence[TubeSpan] = ()
    ground_truth: Sequence[TubeSpan] = ()
    thumbnails: Sequence[tuple[int, bytes]] = ()
