"""Track the objects of a video, draw them, and write them down.

    python -m dnt_d2.demo --config-file configs/DnT_R_101.yaml --input clip.mp4 --output out.mp4 \\
        --tracks out.txt --timeline tubes.png MODEL.WEIGHTS model_final.pth

Frames go from a source through the network to whoever wants them, one by one: memory doesn't grow with the video.
The parts work without the command line, too::

    with VideoSource("clip.mp4") as source, VideoWriter("out.mp4", source.info.fps) as writer:
        play(track_live(predictor, source), to_video(writer), draw=ResultDrawer(names))
"""

from .choosing import Choice
from .classes import class_names
from .command import main
from .drawing import ResultDrawer
from .passes import Shown, track_live, track_twice
from .playing import play, write_live, write_video
from .sinks import to_tracks, to_video
from .spans import SpanCollector, to_spans

__all__ = [
    "Choice",
    "ResultDrawer",
    "Shown",
    "SpanCollector",
    "class_names",
    "main",
    "play",
    "to_spans",
    "to_tracks",
    "to_video",
    "track_live",
    "track_twice",
    "write_live",
    "write_video",
]
