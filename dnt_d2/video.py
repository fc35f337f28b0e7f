"""Frames in, frames out: video files, folders of images, cameras; one frame in memory at a time.

    with VideoWriter("out.mp4", probe("clip.mp4").fps) as writer:
        for frame in read_frames("clip.mp4"):
            writer.write(frame)

Frames are BGR uint8 (H, W, 3), as in OpenCV. Video files need PyAV, which brings its own codecs:
``pip install 'dnt_d2[video]'``; folders of images do without it.
"""

from __future__ import annotations

import glob
import logging
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm"})
# What a folder of images is played at, and a file that does not tell.
DEFAULT_FPS = 25.0
_CAMERA = re.compile(r"camera(?::(\d+))?")
_ITU709, _ITU601 = 1, 5  # the numbers of these colour spaces in FFmpeg
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class VideoInfo:
    """What a source says about itself.

    Attributes:
        fps: frames per second; ``DEFAULT_FPS`` where the source has none, as a folder of images.
        width: of the first frame as it is shown (a phone's rotation applied), in pixels.
        height: likewise.
        num_frames: as the file's header counts them, or the number of images; None where nobody knows.
    """

    fps: float
    width: int
    height: int
    num_frames: int | None


def read_frames(source: str | Path) -> Iterator[Frame]:
    """Read the frames of a source one after the other, in constant memory.

    Args:
        source: a video file, an image, a folder of images (in natural order: 2.jpg before 10.jpg), a glob pattern of
            images, or "camera" or "camera:1" for a camera, which never ends.

    Returns:
        An iterator of BGR uint8 (H, W, 3); the rotation that phones and EXIF ask for is applied.

    Raises:
        FileNotFoundError: at once, where nothing is there, or no image is.
        ModuleNotFoundError: at once, for a video file without PyAV.
        ValueError: for a file that can't be decoded, when its turn comes; a video that ends early is a logged warning.
    """
    camera = _CAMERA.fullmatch(str(source))
    if camera:
        return _read_camera(int(camera[1] or 0))
    found = _find(source)
    if isinstance(found, list):
        return (_read_image(path) for path in found)
    return _read_video(found, _import_av(found))


def probe(source: str | Path) -> VideoInfo:
    """Tell the size, the rate and the length of a source; its first frame is decoded.

    Args:
        source: as for :func:`read_frames`, with the same errors.
    """
    first = next(read_frames(source), None)
    if first is None:
        raise ValueError(f"{source}: it holds no frame; check that it plays, or export it again")
    height, width = first.shape[:2]
    if _CAMERA.fullmatch(str(source)):
        return VideoInfo(DEFAULT_FPS, width, height, None)
    found = _find(source)
    if isinstance(found, list):
        return VideoInfo(DEFAULT_FPS, width, height, len(found))
    with _open_video(found, _import_av(found)) as container:
        stream = container.streams.video[0]
        rate = stream.average_rate or stream.guessed_rate or DEFAULT_FPS
        return VideoInfo(float(rate), width, height, stream.frames or None)


def _find(source: str | Path) -> list[Path] | Path:
    """A list of images, or the path of a video file."""
    path = Path(source).expanduser()
    if path.is_dir():
        candidates = list(path.iterdir())
    elif path.exists():
        return [path] if _is_image(path) else path
    elif glob.has_magic(str(path)):
        candidates = [Path(match) for match in glob.glob(str(path), recursive=True)]
    else:
        raise FileNotFoundError(f"{path}: no such file or folder; give a video, a folder of images, a glob or 'camera'")
    images = sorted(filter(_is_image, candidates), key=_natural_key)
    if not images:
        raise FileNotFoundError(f"{path}: no image is there; these count: {', '.join(sorted(IMAGE_SUFFIXES))}")
    return images


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


def _natural_key(path: Path) -> list[str | int]:
    """Text and numbers in turn, so that any two keys compare."""
    return [int(part) if part.isdecimal() else part.lower() for part in re.split(r"([0-9]+)", str(path))]


def _read_image(path: Path) -> Frame:
    # Not imread: it takes no other than ASCII names on Windows, and says nothing about a file that it can't read.
    data = np.fromfile(path, np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if image is None:
        raise ValueError(f"{path}: this image can't be decoded ({data.size} bytes); replace it or take it out")
    return np.asarray(image, np.uint8)


def _read_camera(index: int) -> Iterator[Frame]:
    camera = cv2.VideoCapture(index)
    try:
        if not camera.isOpened():
            raise FileNotFoundError(f"camera:{index} can't be opened; is it connected, and free of other programs?")
        while True:
            found, frame = camera.read()
            if not found:
                return
            yield np.asarray(frame, np.uint8)
    finally:
        camera.release()


def _import_av(path: Path) -> ModuleType:
    try:
        import av
    except ModuleNotFoundError as error:
        message = f"{path}: video files need PyAV, which is not installed: pip install 'dnt_d2[video]'"
        raise ModuleNotFoundError(message, name="av") from error
    return av


def _open_video(path: Path, av: ModuleType) -> Any:
    try:
        container = av.open(str(path))
    except av.FFmpegError as error:
        raise ValueError(f"{path}: not a video that FFmpeg can open ({error.strerror}); export it again") from error
    if not container.streams.video:
        container.close()
        raise ValueError(f"{path}: this file has no video stream")
    return container


def _read_video(path: Path, av: ModuleType) -> Iterator[Frame]:
    count = 0
    with _open_video(path, av) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        try:
            for frame in container.decode(stream):
                yield _to_bgr(frame)
                count += 1
        except av.FFmpegError as error:
            message = f"{path}: broken after frame {count} ({error.strerror}); cut it there, or export it again"
            raise ValueError(message) from error
        if count < stream.frames:
            _log.warning("%s: %d frames, but its header counts %d; was it cut short?", path, count, stream.frames)


def _to_bgr(frame: Any) -> Frame:
    # PyAV before 16 takes everything for BT.601, unless another colour space is asked for (BGR itself has none).
    space = {"dst_colorspace": _ITU601} if frame.colorspace == _ITU709 else {}
    image = frame.reformat(format="bgr24", **space).to_ndarray()
    # Counter-clockwise, in degrees; PyAV before 15 doesn't tell.
    return np.ascontiguousarray(np.rot90(image, round(getattr(frame, "rotation", 0) / 90)))


class VideoWriter:
    """Write frames to an H.264 mp4 (yuv420p, BT.709) that any browser and player shows.

    The file appears under its name when it is complete, and only then: it is written under a temporary name beside
    it, which goes away when the ``with`` block is left by an error. H.264 takes even sizes: an odd frame is
    padded by repeating its last row or column, so boxes keep their places.

    Args:
        path: ends in ``.mp4``; its folder is made where it is missing, an older file is replaced.
        fps: frames per second, positive.
        crf: x264's quality, 0 (lossless) to 51.

    Raises:
        ModuleNotFoundError: without PyAV.
        RuntimeError: where PyAV comes without x264.
        ValueError: for another suffix, a bad ``fps``, a bad frame, a frame of another size, or no frame at all.
    """

    def __init__(self, path: str | Path, fps: float, *, crf: int = 20) -> None:
        self.path = Path(path).expanduser()
        if self.path.suffix.lower() != ".mp4" or self.path.is_dir():
            raise ValueError(f"{self.path}: give a file name that ends in .mp4")
        self._rate = Fraction(fps).limit_denominator(100_000) if 0 < fps < float("inf") else Fraction(0)
        if not 0 < self._rate <= 1000:
            raise ValueError(f"{self.path}: fps is {fps}, but must lie between 0 and 1000")
        self._av = _import_av(self.path)
        try:
            self._av.codec.Codec("libx264", "w")
        except ValueError as error:
            message = f"{self.path}: this PyAV has no x264 encoder; install the wheel: pip install --only-binary av av"
            raise RuntimeError(message) from error
        self._crf = crf
        self._temporary = self.path.with_name(f".{self.path.stem}.{os.getpid()}.tmp.mp4")
        self._container: Any = None
        self._stream: Any = None
        self._shape: tuple[int, ...] | None = None
        self._closed = False

    def write(self, frame: Frame) -> None:
        """Append one frame, BGR uint8 (H, W, 3), of the size of the first."""
        if self._closed:
            raise ValueError(f"{self.path}: already closed")
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or not frame.size:
            raise ValueError(f"{self.path}: a frame must be uint8 (H, W, 3), got {frame.dtype} {frame.shape}")
        if self._shape is None:
            self._open(frame.shape)
        if frame.shape != self._shape:
            old, new = (f"{shape[1]}x{shape[0]}" for shape in (self._shape or (), frame.shape))
            raise ValueError(f"{self.path}: the frames were {old}, this one is {new}; resize it before writing")
        height, width = frame.shape[:2]
        if height % 2 or width % 2:
            frame = np.asarray(cv2.copyMakeBorder(frame, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE), np.uint8)
        picture = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="bgr24")
        self._container.mux(self._stream.encode(picture.reformat(format="yuv420p", dst_colorspace=_ITU709)))

    def close(self) -> None:
        """Finish the file and give it its name; a second call does nothing."""
        if self._closed:
            return
        if self._container is None:
            self._closed = True
            raise ValueError(f"{self.path}: no frame was written, so there is no video; check the input")
        try:
            self._container.mux(self._stream.encode())
            self._container.close()
            with open(self._temporary, "r+b") as file:
                os.fsync(file.fileno())
            os.replace(self._temporary, self.path)
        finally:
            self.discard()

    def discard(self) -> None:
        """Drop what was written; after :meth:`close` it does nothing."""
        self._closed = True
        if self._container is not None:
            with suppress(self._av.FFmpegError):  # a full disk, say: the file goes anyway
                self._container.close()
            self._temporary.unlink(missing_ok=True)

    def _open(self, shape: tuple[int, ...]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # The index in front, so that a browser plays before it has loaded everything.
        self._container = self._av.open(str(self._temporary), "w", options={"movflags": "faststart"})
        self._stream = self._container.add_stream("libx264", rate=self._rate)
        self._stream.height, self._stream.width = shape[0] + shape[0] % 2, shape[1] + shape[1] % 2
        self._stream.pix_fmt = "yuv420p"
        self._stream.options = {"crf": str(self._crf), "preset": "veryfast"}
        # Players guess the colour space from the size; told, they all show the same colours.
        for name in ("colorspace", "color_primaries", "color_trc"):
            setattr(self._stream.codec_context, name, _ITU709)
        self._stream.codec_context.color_range = 1  # 16 to 235
        self._shape = shape

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()
