"""The sound of a source, beside the frames that are written: cut to their span, in step with them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from io import BytesIO
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .container import first_time, is_broadcast, is_live, open_container, packets_of, shown, video_stream
from .locate import locate
from .pyav import import_av

# Those that mp4 can hold and browsers play.
_COPIED = frozenset({"aac", "mp3", "opus", "flac"})
_AAC_RATES = frozenset({8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000})
_log = logging.getLogger(__name__)


class AudioTrack:
    """Muxes the packets of a sound as the frames go on, so that only a few are in memory.

    Whatever is wrong with the sound is a logged warning, and the end of it, never an error: broken files make PyAV
    raise errors of many kinds.

    Args:
        source: as for :class:`~dnt_d2.video.VideoSource`, or a file of sound alone. What has no sound, or can't be
            read a second time, gives none.
        output: PyAV's container, to which nothing has been written yet.
        start: the time of the first frame written, in seconds after the first frame of the source.
    """

    def __init__(self, source: str | Path, output: Any, start: Fraction) -> None:
        self._name = shown(source)
        self._output = output
        self._open = ExitStack()
        self._packets: Iterator[Any] = iter(())
        self._next: Any = None
        self._target: Any = None
        try:
            self._start(source, start)
        except Exception as error:
            self._give_up(error)

    def write_until(self, time: Fraction) -> None:
        """Mux all that begins before this time, in seconds after the first frame written.

        Raises:
            OSError: where the output can't be written.
        """
        while self._next is not None and self._next.pts * self._next.time_base < time:
            self._next.stream = self._target
            self._output.mux(self._next)
            try:
                self._next = next(self._packets, None)
            except Exception as error:
                self._give_up(error)

    def close(self) -> None:
        """Free the source."""
        self._next = None
        self._open.close()

    def _start(self, source: str | Path, start: Fraction) -> None:
        video = locate(source).video
        if video is None:
            return
        container = None if is_broadcast(video) else self._open.enter_context(open_container(video))
        if container is None or is_live(container, video):
            _log.warning("%s: its sound is not kept, as it can't be read a second time", self._name)
            return
        if not container.streams.audio:
            return
        stream = container.streams.audio[0]
        start += _first_time(video)
        if not self._copy(stream, _packets(container, stream, start)):
            container.seek(0)
            self._encode(_frames(container, stream, start))
        self._next = next(self._packets, None)

    def _copy(self, stream: Any, packets: Iterator[Any]) -> bool:
        """Whether that can be."""
        name = stream.codec_context.codec.canonical_name
        first = next(packets, None) if name in _COPIED else None
        # A track that begins late would hold back the head of the file.
        if first is None or first.pts * first.time_base > 1 or not _fits(stream, first, self._output.options):
            return False
        self._target = self._output.add_stream_from_template(stream)
        self._packets = chain([first], packets)
        return True

    def _encode(self, frames: Iterator[Any]) -> None:
        first = next(frames, None)  # what can't be decoded fails here, before the output has a track for it
        if first is not None:
            self._target = self._output.add_stream("aac", rate=first.sample_rate, layout=first.layout.name)
            self._packets = chain.from_iterable(map(self._target.encode, chain([first], frames, [None])))

    def _give_up(self, error: Exception) -> None:
        reason = getattr(error, "strerror", None) or error
        _log.warning("%s: its sound can't be kept from here on (%s); the video goes on without", self._name, reason)
        self.close()


def _first_time(video: str) -> Fraction:
    with open_container(video) as container:
        try:
            return first_time(container, video_stream(container, video))
        except ValueError:
            return Fraction(0)  # sound alone


def _fits(stream: Any, packet: Any, options: dict[str, str]) -> bool:
    """Whether an mp4 of these options takes this packet, and can be opened then.

    Some sounds can't be copied: AAC of broadcasts, whose head is in each packet; whatever has lost its head.
    """
    av = import_av("sound")
    file = BytesIO()
    try:
        with av.open(file, "w", format="mp4", options=dict(options)) as trial:
            packet.stream = trial.add_stream_from_template(stream)
            trial.mux(packet)
        file.seek(0)
        with av.open(file) as trial:
            return len(trial.streams.audio) == 1
    except av.FFmpegError:
        return False


def _packets(container: Any, stream: Any, start: Fraction) -> Iterator[Any]:
    """Packets as they are, counted from the start; the one before it comes along, as codecs need it for the next."""
    last: int | None = None
    for packet in packets_of(container, stream):
        if packet.dts is None or packet.pts is None or packet.pts < packet.dts:
            continue
        if last is not None and packet.dts <= last:
            continue
        shift = round(start / packet.time_base)
        if packet.pts + 2 * (packet.duration or 0) <= shift:
            continue
        last = packet.dts
        packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
        yield packet


def _frames(container: Any, stream: Any, start: Fraction) -> Iterator[Any]:
    """Decoded sound, mono or stereo, without holes from the start on: silence is where there is nothing."""
    av = import_av("sound")
    layout = "mono" if stream.layout.nb_channels == 1 else "stereo"
    rate = stream.sample_rate if stream.sample_rate in _AAC_RATES else 48000
    resampler = av.AudioResampler("fltp", layout, rate)
    given = 0  # samples
    for frame in chain.from_iterable(map(resampler.resample, _decoded(av, container, stream))):
        samples = frame.to_ndarray()
        begin = given if frame.pts is None else round((frame.pts * frame.time_base - start) * rate)
        # Files round the times of their packets.
        jitter = rate // 20 if given else 0
        if begin > given + jitter:
            for first in range(given, begin, 1024):
                yield _sound(av, np.zeros((len(samples), min(1024, begin - first)), np.float32), first, layout, rate)
            given = begin
        elif begin < given - jitter:
            samples = samples[:, given - begin :]
        if samples.size:
            yield _sound(av, samples, given, layout, rate)
            given += samples.shape[1]


def _decoded(av: ModuleType, container: Any, stream: Any) -> Iterator[Any]:
    told = False
    for packet in packets_of(container, stream):
        try:
            yield from packet.decode()
        except av.FFmpegError:
            if not told:
                _log.warning("%s: some of its sound is broken; silence is in its place", shown(container.name))
            told = True


def _sound(av: ModuleType, samples: NDArray[np.float32], first: int, layout: str, rate: int) -> Any:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=layout)
    frame.sample_rate, frame.pts, frame.time_base = rate, first, Fraction(1, rate)
    return frame
