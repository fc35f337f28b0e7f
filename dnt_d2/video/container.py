"""Video files and streams, through PyAV."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from contextlib import suppress
from errno import EINVAL
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..bounded.images import PIXELS_VARIABLE, most_pixels
from .boxes import has_index
from .frame import DEFAULT_FPS, Opened, TimedFrame, check_size
from .locate import is_address
from .pixels import to_bgr
from .pyav import import_av
from .times import RisingTimes

_OPEN_SECONDS, _READ_SECONDS = 10.0, 20.0  # a stream that is silent for longer is gone
_SLOWEST, _FASTEST = Fraction(1, 3600), 1000  # frames per second; other rates are mistakes of the header
_log = logging.getLogger(__name__)


def open_video(source: str | Path) -> Opened:
    """A video file or the address of a stream.

    A file that breaks in the middle gives the frames before, then ValueError with the number of the frame. A live
    stream that breaks ends there with a logged warning; pictures that are spoilt on the way are left out.

    Raises:
        ModuleNotFoundError: without PyAV.
        ValueError: for a file that FFmpeg can't open, or without video.
        ConnectionError: for a stream that doesn't answer in 10 seconds, or not with a video.
    """
    container = open_container(source)
    try:
        stream = video_stream(container, shown(source))
        _check_pixels(stream, shown(source))
    except ValueError:
        container.close()
        raise
    live = is_live(container, source)
    # Several frames at once, or parts of one: the former gives them late.
    stream.thread_type = "SLICE" if live else "AUTO"
    rate = stream.average_rate or stream.guessed_rate
    fps = float(rate) if rate and _SLOWEST <= rate <= _FASTEST else DEFAULT_FPS
    reader = _Reader(container, stream, shown(source), fps, live)
    return Opened(reader.frames(), fps, None if live else stream.frames or None, live)


def shown(source: str | Path) -> str:
    """The source as messages name it: the address of a stream may hold a password, which is left out."""
    if not is_address(source):
        return str(source)
    parts = urlsplit(str(source))
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def open_container(source: str | Path) -> Any:
    """PyAV's container; the errors are those of :func:`open_video`."""
    av = import_av(shown(source))
    address = is_address(source)
    # A camera in the network sends over UDP by default, and what is lost there spoils the picture.
    options = {"rtsp_flags": "prefer_tcp"} if str(source).startswith("rtsp") else {}
    options |= _most_pixels()  # FFmpeg decodes a frame to know what it has
    try:
        timeout = (_OPEN_SECONDS, _READ_SECONDS) if address else None
        return av.open(str(source), options=options, timeout=timeout, metadata_errors="replace")
    except av.FFmpegError as error:
        if address:
            message = (
                f"{shown(source)}: no video comes from there ({_reason(error)}); check the address and the network"
            )
            raise ConnectionError(message) from error
        raise ValueError(f"{source}: {_why_not(Path(source), error)}") from error


def _most_pixels() -> dict[str, str]:
    return {"max_pixels": str(most_pixels())}


def _check_pixels(stream: Any, name: str) -> None:
    """Refuse what its header says to be too large, and let the decoder refuse the rest before it makes room."""
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > most_pixels():
        raise ValueError(
            f"{name}: its pictures have {width} x {height} pixels, more than {most_pixels() >> 20} megapixels; shrink "
            f"them, or set {PIXELS_VARIABLE} to more if you trust it"
        )
    stream.codec_context.options = {**stream.codec_context.options, **_most_pixels()}


def video_stream(container: Any, name: str) -> Any:
    """The first video in a container. Raises ValueError where there is none: the cover of an album is none."""
    cover = import_av(name).stream.Disposition.attached_pic
    for stream in container.streams.video:
        if not stream.disposition & cover:
            if stream.codec_context is None:
                raise ValueError(f"{name}: FFmpeg doesn't know the codec of its video; export it as H.264")
            return stream
    heard = ", only sound" if container.streams.audio else ""
    raise ValueError(f"{name}: this file has no video stream{heard}; is it the right file?")


def packets_of(container: Any, stream: Any) -> Iterator[Any]:
    """The packets of a stream, and an empty one at the end."""
    # PyAV stumbles over the end of a file in which other streams began in the middle, when all packets are given.
    with suppress(IndexError):
        yield from container.demux(stream)


def is_broadcast(source: str | Path) -> bool:
    """Whether it can't even be opened a second time beside the first: an address of anything but a web server."""
    return is_address(source) and not str(source).startswith("http")


def is_live(container: Any, source: str | Path) -> bool:
    """Whether nobody can read it again: the address of a thing without an end, or a pipe."""
    if not is_address(source):
        return not Path(source).is_file()
    return not container.duration and container.size <= 0


def first_time(container: Any, stream: Any) -> Fraction:
    """When the first frame is shown, in seconds by the clock of the container; its frames are used up."""
    if container.format.name == "avi":
        return Fraction(0)
    frame = next(container.decode(stream), None)
    return Fraction(0) if frame is None else _stamp(container, frame) or Fraction(0)


def _stamp(container: Any, frame: Any) -> Fraction | None:
    """In seconds. AVI has no times of showing, only those of decoding, which are as far apart."""
    stamp = frame.dts if container.format.name == "avi" else frame.pts
    return None if stamp is None else Fraction(stamp * frame.time_base)


def _why_not(path: Path, error: Any) -> str:
    if path.is_file() and not path.stat().st_size:
        return "the file is empty (0 bytes); copy or download it again"
    if path.is_file() and has_index(path) is False:
        return "its index (moov) is missing: recording or copying was cut short; copy it again, or record it anew"
    return f"not a video that FFmpeg can open ({_reason(error)}); export it again"


def _reason(error: Any) -> str:
    if type(error).__name__ == "ExitError":  # FFmpeg's name for what a time limit does
        return "nothing came in time"
    return error.strerror or type(error).__name__


class _Reader:
    """Decodes the frames of one stream."""

    def __init__(self, container: Any, stream: Any, name: str, fps: float, live: bool) -> None:
        self._container, self._stream, self._name, self._live = container, stream, name, live
        self._times = RisingTimes(fps)
        self._count = 0
        self._discarded = 0  # the header counts what an edit has cut off

    def frames(self) -> Generator[TimedFrame, None, None]:
        """All of them; the container is closed after the last one."""
        av = import_av(self._name)
        shape: tuple[int, ...] | None = None
        with self._container:
            try:
                for frame in self._decode(av):
                    image = to_bgr(frame)
                    shape = check_size(image, shape, f"{self._name}, frame {self._count}")
                    yield TimedFrame(image, self._times.next(_stamp(self._container, frame)))
                    self._count += 1
            except av.FFmpegError as error:
                self._break_off(error)
            missing = self._stream.frames - self._discarded - self._count
            if missing > 0 and not self._live:
                _log.warning(
                    "%s: %d frames, but its header counts %d more; was it cut short?", self._name, self._count, missing
                )

    def _decode(self, av: Any) -> Iterator[Any]:
        for packet in packets_of(self._container, self._stream):
            self._discarded += packet.is_discard
            try:
                yield from packet.decode()
            except av.error.InvalidDataError:
                if not self._live:
                    raise
                _log.debug("%s: a spoilt picture after frame %d", self._name, self._count)

    def _break_off(self, error: Any) -> None:
        if self._live and self._count:
            _log.warning("%s: it stopped after frame %d (%s)", self._name, self._count, _reason(error))
            return
        reason = _reason(error)
        if error.errno == EINVAL:  # so a decoder says, among other things, that a picture is beyond its limit
            reason += f"; has it pictures of more than {most_pixels() >> 20} megapixels?"
        message = f"{self._name}: broken after frame {self._count} ({reason}); cut it there, or export it again"
        raise ValueError(message) from error
