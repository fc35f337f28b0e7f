"""Frames into an mp4 file."""

from __future__ import annotations

import os
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from .frame import Frame
from .pixels import ITU709, from_bgr
from .pyav import import_av


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
        self._crf = crf
        self._temporary = self.path.with_name(f".{self.path.stem}.{os.getpid()}.tmp.mp4")
        self._container: Any = None
        self._stream: Any = None
        self._shape: tuple[int, ...] | None = None
        self._closed = False

    def write(self, frame: Frame, time: Fraction | None = None) -> None:
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
        self._container.mux(self._stream.encode(from_bgr(frame, self._av)))

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
            setattr(self._stream.codec_context, name, ITU709)
        self._stream.codec_context.color_range = 1  # 16 to 235
        self._shape = shape

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()
