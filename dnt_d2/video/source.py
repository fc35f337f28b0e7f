"""One name for all that gives frames: files, folders, cameras, streams."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

from .camera import open_camera
from .container import open_video, shown
from .frame import Frame, Opened, TimedFrame, VideoInfo
from .images import open_images
from .locate import Located, locate


class VideoSource:
    """Frames one after the other, in constant memory: a context manager, and an iterable that is gone through once.

        with VideoSource("clip.mp4") as source:
            for image, time in source:
                ...

    It may be read in another thread; close it when that has ended.

    Args:
        source: a video file; an image; a folder of images (in natural order: 2.jpg before 10.jpg); a glob pattern of
            images, or of exactly one video; "camera", "camera:1" or "1" for a camera, which never ends; or the
            address of a stream: rtsp, rtmp, udp, http(s).

    Attributes:
        info: what is known after the first frame, which is decoded when a source is opened.
        live: a camera or a live stream, which can't be read a second time.
        name: for titles, and the name of the video in files of tracks: "clip" for clip.mp4, the name of a folder,
            "camera-0".

    Raises:
        FileNotFoundError: where nothing is there, no image is, or no camera can be opened.
        ModuleNotFoundError: for a video file without PyAV.
        ConnectionError: for a stream that doesn't answer.
        ValueError: for a file that can't be decoded or holds no frame. A file that breaks, or changes its size, in
            the middle raises it when its turn comes, and names the frame. A camera or a stream that stops, and a video
            that ends early, are a logged warning.
    """

    def __init__(self, source: str | Path) -> None:
        located = locate(source)
        opened = _open(located)
        self.name = located.name
        self.live = opened.live
        self._decoded = opened.frames
        first = next(self._decoded, None)
        if first is None:
            raise ValueError(f"{shown(source)}: it holds no frame; check that it plays, or export it again")
        height, width = first.image.shape[:2]
        self.info = VideoInfo(opened.fps, width, height, opened.num_frames)
        self._frames = _followed([first], self._decoded)

    def __iter__(self) -> Iterator[TimedFrame]:
        """The frames that are left. It is a generator: whoever closes it closes the source."""
        return self._frames

    def close(self) -> None:
        """Free the file, the camera or the connection; no frame comes any more."""
        self._frames.close()
        self._decoded.close()

    def __enter__(self) -> VideoSource:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_frames(source: str | Path) -> Iterator[Frame]:
    """The images of a :class:`VideoSource`, which is opened at once: its errors are raised here."""
    return _images(VideoSource(source))


def probe(source: str | Path) -> VideoInfo:
    """The size, the rate and the length of a :class:`VideoSource`, with the same errors."""
    with VideoSource(source) as opened:
        return opened.info


def _open(located: Located) -> Opened:
    if located.camera is not None:
        return open_camera(located.camera)
    return open_images(located.images) if located.video is None else open_video(located.video)


def _followed(first: list[TimedFrame], others: Generator[TimedFrame, None, None]) -> Generator[TimedFrame, None, None]:
    with closing(others):
        yield first.pop()  # not to be held while the others come
        yield from others


def _images(source: VideoSource) -> Iterator[Frame]:
    with source:
        for image, _ in source:
            yield image
