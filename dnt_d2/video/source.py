"""One name for all that gives frames: files, folders, cameras, streams."""

from __future__ import annotations

import glob
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from .camera import open_camera
from .container import is_address, open_video, shown
from .frame import Frame, Opened, TimedFrame, VideoInfo
from .images import IMAGE_SUFFIXES, find_images, is_image, open_images

_CAMERA = re.compile(r"camera(?::(\d+))?|(\d+)|/dev/video(\d+)")


class VideoSource:
    """Frames one after the other, in constant memory: a context manager, and an iterable that is gone through once.

        with VideoSource("clip.mp4") as source:
            for image, time in source:
                ...

    It may be read in another thread; close it when that has ended.

    Args:
        source: a video file; an image; a folder of images (in natural order: 2.jpg before 10.jpg); a glob pattern of
            images, or of exactly one video; "camera", "camera:1" or "1" for a camera, which never ends; or the address
            of a stream: rtsp, rtmp, udp, http(s).

    Attributes:
        info: what is known after the first frame, which is decoded when a source is opened.
        live: a camera or a live stream, which can't be read a second time.
        name: for titles, and the name of the video in files of tracks: "clip" for clip.mp4, the name of a folder,
            "camera-0".

    Raises:
        FileNotFoundError: where nothing is there, no image is, or no camera can be opened.
        ModuleNotFoundError: for a video file without PyAV.
        ConnectionError: for a stream that doesn't answer.
        ValueError: for a file that can't be decoded or holds no frame. A file that breaks, or changes its size, in the
            middle raises when its turn comes, and names the frame; a stream or a camera that stops, and a video that ends early,
            are a logged warning.
    """

    def __init__(self, source: str | Path) -> None:
        self.name, opened = _open(source)
        self.live = opened.live
        self._decoded = opened.frames
        first = next(self._decoded, None)
        if first is None:
            raise ValueError(f"{shown(source)}: it holds no frame; check that it plays, or export it again")
        height, width = first.image.shape[:2]
        self.info = VideoInfo(opened.fps, width, height, opened.num_frames)
        self._frames = _followed(first, self._decoded)

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


def _followed(first: TimedFrame, others: Generator[TimedFrame, None, None]) -> Generator[TimedFrame, None, None]:
    yield first
    del first  # not to be held as long as the others come
    yield from others


def _images(source: VideoSource) -> Iterator[Frame]:
    with source:
        for image, _ in source:
            yield image


def _open(source: str | Path) -> tuple[str, Opened]:
    """The name of a source, and what is open."""
    text = str(source)
    path = Path(source).expanduser()
    camera = _CAMERA.fullmatch(text)
    if camera and (text.startswith("/dev/") or not path.exists()):
        index = int(next(filter(None, camera.groups()), 0))
        return f"camera-{index}", open_camera(index)
    if is_address(source):
        parts = urlsplit(text)
        return Path(parts.path).stem or parts.hostname or parts.scheme, open_video(text)
    if path.is_dir():
        return path.resolve().name, open_images(_some_images(path, list(path.iterdir())))
    if path.exists():
        return path.stem, open_images([path]) if is_image(path) else open_video(path)
    if glob.has_magic(str(path)):
        return _open_pattern(path)
    raise FileNotFoundError(f"{path}: no such file or folder; give a video, a folder of images, a glob or 'camera'")


def _open_pattern(pattern: Path) -> tuple[str, Opened]:
    found = [Path(match) for match in glob.glob(str(pattern), recursive=True)]
    files = [path for path in found if path.is_file() and not path.name.startswith(".")]
    if len(files) == 1 and not is_image(files[0]):
        return files[0].stem, open_video(files[0])
    if len(files) > 1 and not any(map(is_image, files)):
        names = ", ".join(sorted(path.name for path in files)[:3])
        raise ValueError(f"{pattern}: {len(files)} files that are no images ({names} ...); give one video at a time")
    images = _some_images(pattern, files)
    return images[0].resolve().parent.name, open_images(images)


def _some_images(where: Path, candidates: list[Path]) -> list[Path]:
    images = find_images(candidates)
    if not images:
        suffixes = ", ".join(sorted(IMAGE_SUFFIXES))
        raise FileNotFoundError(f"{where}: no image is there; these count: {suffixes}")
    return images
