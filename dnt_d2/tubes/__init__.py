"""Tubes: detections of a video, linked from frame to frame by the tracks and scored anew (sec. 4 of the paper).

NumPy in, NumPy out. Importing this package loads nothing but NumPy; the compiled loops come with the first call.
"""

from __future__ import annotations

from .box_voting import vote_boxes
from .interpolation import interpolate_tube
from .linking import link_tubes
from .online import OnlineLinker, link_online
from .presence import rescore_present
from .tube import Tube, trim_tube
from .video import link_candidates, link_video

__all__ = [
    "OnlineLinker",
    "Tube",
    "interpolate_tube",
    "link_candidates",
    "link_online",
    "link_tubes",
    "link_video",
    "rescore_present",
    "trim_tube",
    "vote_boxes",
]
