"""Frames into an mp4 file, of which nothing is lost."""

from __future__ import annotations

import logging
import os
from fractions import Fraction
from pathlib import Path

import numpy as np

from .encoder import Encoder
from .finishing import rewrite, salvage
from .frame import Frame
from .pyav import import_av
from .times import RisingTimes

_log = logging.getLogger(__name__)


class VideoWriter:
    """Write frames, and the sound of their source, to an H.264 mp4 (yuv420p, BT.709) that any browser and player shows.

    While it is written, the file has a temporary name beside its own, ``out.unfinished-<process>.mp4``, and can be
    played: that is what a kill leaves. When the ``with`` block is left it takes its own name, and an older file's
    place; it needs its size a second time on the disk then, or stays as it is (playable, but slow to seek in).
    H.264 takes even sizes: an odd frame is padded by repeating its last row or column, so boxes keep their places.

    Args:
        path: ends in ``.mp4``; its folder is made where it is missing, an older file is replaced.
        fps: frames per second, positive: for frames without times, and for how long the last one is shown.
        crf: x264's quality, 0 (lossless) to 51.
        audio_from: a source whose sound is kept, cut to the span of the frames. The packets are copied, where they are
            AAC, MP3, Opus or FLAC; others become AAC. A sound that fails is a logged warning.
        keep_partial: when the ``with`` block is left by an error, or the disk is full, what was written before takes
            the name of the file, if that is a frame at least. Otherwise it goes away, and an older file stays.

    Raises:
        ModuleNotFoundError: without PyAV.
        RuntimeError: where PyAV comes without x264.
        ValueError: for another suffix, a bad ``fps``, a bad frame, a frame of another size, or no frame at all.
        OSError: for a folder that can't be written, at once; for a full disk, with the number of frames that are kept.
    """

    def __init__(
        self,
        path: str | Path,
        fps: float,
        *,
        crf: int = 20,
        audio_from: str | Path | None = None,
        keep_partial: bool = False,
    ) -> None:
        self.path = Path(path).expanduser()
        if self.path.suffix.lower() != ".mp4" or self.path.is_dir():
            raise ValueError(f"{self.path}: give a file name that ends in .mp4")
        self._rate = Fraction(fps).limit_denominator(100_000) if 0 < fps < float("inf") else Fraction(0)
        if not 0 < self._rate <= 1000:
            raise ValueError(f"{self.path}: fps is {fps}, but must lie between 0 and 1000")
        self._av = import_av(str(self.path))
        try:
            self._av.codec.Codec("libx264", "w")
        except ValueError as error:
            message = f"{self.path}: this PyAV has no x264 encoder; install the wheel: pip install --only-binary av av"
            raise RuntimeError(message) from error
        self._crf, self._audio_from, self._keep_partial = crf, audio_from, keep_partial
        self._temporary = self.path.with_name(f"{self.path.stem}.unfinished-{os.getpid()}.mp4")
        self._times = RisingTimes(float(self._rate))
        self._encoder: Encoder | None = None
        self._shape: tuple[int, ...] | None = None
        self._count = 0
        self._closed = False
        self._check_folder()

    def write(self, frame: Frame, time: Fraction | None = None) -> None:
        """Append one frame.

        Args:
            frame: BGR uint8 (H, W, 3), of the size of the first.
            time: in seconds after the first frame of the source, as :class:`TimedFrame` has it; it is made to rise.
                Without, the frame comes 1 / fps after the one before.
        """
        if self._closed:
            raise ValueError(f"{self.path}: already closed")
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or not frame.size:
            raise ValueError(f"{self.path}: a frame must be uint8 (H, W, 3), got {frame.dtype} {frame.shape}")
        self._shape = self._shape or frame.shape
        if frame.shape != self._shape:
            old, new = (f"{shape[1]}x{shape[0]}" for shape in (self._shape, frame.shape))
            raise ValueError(f"{self.path}: the frames were {old}, this one is {new}; resize it before writing")
        try:
            encoder = self._encoder or self._open((frame.shape[0], frame.shape[1]), time)
            encoder.write(frame, self._times.next(time))
        except (OSError, self._av.FFmpegError) as error:
            raise self._broken(error) from error
        self._count += 1

    def close(self) -> None:
        """Finish the file and give it its name; a second call does nothing."""
        if self._closed:
            return
        if self._encoder is None:
            self._closed = True
            raise ValueError(f"{self.path}: no frame was written, so there is no video; check the input")
        try:
            self._encoder.close()
        except (OSError, self._av.FFmpegError) as error:
            raise self._broken(error) from error
        self._closed = True
        self._take_name()

    def discard(self) -> None:
        """Drop what was written; after :meth:`close` it does nothing."""
        if self._encoder is not None and not self._closed:
            self._encoder.abandon()
            self._temporary.unlink(missing_ok=True)
        self._closed = True

    def _open(self, size: tuple[int, int], time: Fraction | None) -> Encoder:
        start = time or Fraction(0)
        self._encoder = Encoder(
            self._temporary, self._rate, size, crf=self._crf, audio_from=self._audio_from, start=start
        )
        return self._encoder

    def _check_folder(self) -> None:
        """Try it now: the work may take hours."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._temporary.touch()
            self._temporary.unlink()
        except OSError as error:
            message = f"{self.path}: it can't be written there ({error.strerror}); choose another folder"
            raise _with_number(error, message) from error

    def _broken(self, error: OSError) -> OSError:
        """The disk is full, say. Keep or drop what is written, and tell."""
        count = 0
        if self._encoder is not None and not self._closed:
            self._encoder.abandon()
            count = salvage(self._temporary) if self._keep_partial else 0
        self._closed = True
        if count:
            self._take_name()
            fate = f"the first {count} of {self._count} frames are kept in it"
        else:
            self._temporary.unlink(missing_ok=True)
            fate = f"nothing is kept of {self._count} frames"
        return _with_number(error, f"{self.path}: it can't be written any more ({error.strerror}); {fate}")

    def _take_name(self) -> None:
        """From here on nothing may be lost, whatever happens."""
        plain = self.path.with_name(f".{self.path.stem}.{os.getpid()}.tmp.mp4")
        try:
            rewrite(self._temporary, plain)
        except BaseException as error:
            self._rename()
            if not isinstance(error, (OSError, ValueError)):
                raise
            _log.warning(
                "%s: its index can't be put in front (%s); it plays, but seeking in it may be slow", self.path, error
            )
        else:
            os.replace(plain, self._temporary)
            self._rename()

    def _rename(self) -> None:
        try:
            os.replace(self._temporary, self.path)
        except OSError as error:  # Windows, while a player shows the older file
            message = f"{self.path}: it can't be replaced ({error.strerror}); the whole video is in {self._temporary}"
            raise _with_number(error, message) from error

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None or (self._keep_partial and self._count):
            self.close()
        else:
            self.discard()


def _with_number(error: OSError, message: str) -> OSError:
    """An error of the same kind and number with a message of its own."""
    told = type(OSError(error.errno, message))(message)
    told.errno = error.errno
    return told
