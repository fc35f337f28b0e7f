"""Frames in, frames out: video files, folders of images, cameras, streams; one frame in memory at a time.

    with VideoSource("clip.mp4") as source, VideoWriter("out.mp4", source.info.fps, audio_from="clip.mp4") as writer:
        for image, time in source:
            writer.write(image, time)

Frames are BGR uint8 (H, W, 3), as in OpenCV. Video files need PyAV, which brings its own codecs:
``pip install 'dnt_d2[video]'``; folders of images and cameras do without it.
"""

from .frame import DEFAULT_FPS, Frame, TimedFrame, VideoInfo
from .images import IMAGE_SUFFIXES
from .source import VideoSource, probe, read_frames
from .writer import VideoWriter

__all__ = [
    "DEFAULT_FPS",
    "IMAGE_SUFFIXES",
    "Frame",
    "TimedFrame",
    "VideoInfo",
    "VideoSource",
    "VideoWriter",
    "probe",
    "read_frames",
]
