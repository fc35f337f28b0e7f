"""Clips to read, made by PyAV alone, so that nothing is tested against itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
import pytest

MakeClip = Callable[..., Path]


def _make_clip(
    path: Path,
    ticks: Sequence[int] = range(6),
    *,
    fps: Fraction = Fraction(25),
    size: tuple[int, int] = (48, 64),
    codec: str = "libx264",
    pixels: str = "yuv420p",
    space: int | None = None,
    options: dict[str, str] | None = None,
    rotation: int = 0,
    images: Sequence[np.ndarray] | None = None,
    sound: str | None = None,
    layout: str = "mono",
    click: int = 0,
    silent_until: int = 0,
    rate: int = 44100,
) -> Path:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=fps)
        stream.height, stream.width, stream.pix_fmt = *size, pixels
        stream.options = options or {"crf": "1"}
        if space is not None:
            stream.codec_context.colorspace = space
        if rotation:
            if not hasattr(stream, "set_display_rotation"):
                pytest.skip("this PyAV can't write a rotation")
            stream.set_display_rotation(rotation)
        heard: Any = container.add_stream(sound, rate=rate, layout=layout) if sound else None
        for index, tick in enumerate(ticks):
            image = _flat(size, index) if images is None else images[index]
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame = frame.reformat(format=pixels, **({} if space is None else {"dst_colorspace": space}))
            frame.pts, frame.time_base = tick, 1 / fps
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if heard is not None:
            length = int(len(ticks) / fps * rate)
            samples = np.zeros(length, np.int16)
            onset = int(click / fps * rate)
            samples[onset : onset + 441] = 30000 * np.sign(np.sin(np.arange(441) / rate * 2 * np.pi * 1000))
            for first in range(int(silent_until / fps * rate), length, 1024):
                piece = np.repeat(samples[None, first : first + 1024], 2 if layout == "stereo" else 1, axis=0)
                packed = np.ascontiguousarray(piece.T.reshape(1, -1))
                frame = av.AudioFrame.from_ndarray(packed, format="s16", layout=layout)
                frame.sample_rate, frame.pts, frame.time_base = rate, first, Fraction(1, rate)
                container.mux(heard.encode(frame))
            container.mux(heard.encode())
    return path


def _flat(size: tuple[int, int], index: int) -> np.ndarray:
    return np.full((*size, 3), 40 * (index % 6), np.uint8)


@pytest.fixture(scope="session")
def make_clip() -> MakeClip:
    """``make_clip(path, ticks)``: a clip with a frame at each of these multiples of 1 / fps.

    Frame i is grey 40 * (i % 6), unless ``images`` (BGR) are given. ``sound`` is a codec: silence from the frame
    ``silent_until`` on, with a click of 10 ms that begins with the frame number ``click``.
    """
    return _make_clip


class Written(NamedTuple):
    """What PyAV reads from a file: times in seconds, and the mean grey, of the frames; codec and click of the sound."""

    times: list[float]
    greys: list[float]
    size: tuple[int, int]
    duration: float
    codec: str | None
    click: float | None
    sound: tuple[float, float] | None


def _read_back(path: Path) -> Written:
    times, greys, size = [], [], (0, 0)
    with av.open(str(path)) as container:
        duration = (container.duration or 0) / av.time_base
        for frame in container.decode(video=0):
            times.append(float(frame.time))
            greys.append(float(frame.to_ndarray(format="gray").mean()))
            size = frame.height, frame.width
    return Written(times, greys, size, duration, *_hear(path))


def _hear(path: Path) -> tuple[str | None, float | None, tuple[float, float] | None]:
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return None, None, None
        stream = container.streams.audio[0]
        resampler = av.AudioResampler("fltp", "mono", stream.rate)
        start, end, click = None, 0.0, None
        for frame in container.decode(stream):
            for piece in resampler.resample(frame):
                start = float(piece.time) if start is None else start
                end = float(piece.time) + piece.samples / piece.sample_rate
                loud = np.flatnonzero(np.abs(piece.to_ndarray()) > 0.3)
                if loud.size and click is None:
                    click = float(piece.time) + int(loud[0]) / piece.sample_rate
        return stream.codec_context.codec.canonical_name, click, None if start is None else (start, end)


@pytest.fixture(scope="session")
def read_back() -> Callable[[Path], Written]:
    """Reads a file that the writer wrote, by PyAV alone."""
    return _read_back
