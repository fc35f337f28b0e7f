"""The sound of a source, beside the frames that are written: cut to their span, in step with them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

from .container import is_live, open_container, shown, video_stream
from .locate import locate
from .pyav import import_av

# Those that mp4 can hold and browsers play. AAC of a broadcast lacks the header that mp4 keeps: it is encoded anew.
_COPIED = frozenset({"aac", "mp3", "opus", "flac"})
_HEADLESS = frozenset({"mp3"})
_AAC_RATES = frozenset({8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000})
_LONGEST_GAP = 10  # seconds that are filled with silence
_log = logging.getLogger(__name__)


class AudioTrack:
    """Muxes the packets of a sound as the frames go on, so that only a few are in memory.

    Whatever is wrong with the sound is a logged warning, and the end of it: never an error.

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
        except (OSError, ValueError, RuntimeError) as error:  # PyAV's are these, too
            self._give_up(error)

    def write_until(self, time: Fraction) -> None:
        """Mux all that begins before this time, in seconds after the first frame written.

        Raises:
            OSError: where the output can't be written.
        """
        while self._next is not None and self._next.pts * self._next.time_base < time:
            try:
                self._next.stream = self._target
                self._output.mux(self._next)
            except ValueError as error:  # refused by the container, not by the disk
                self._give_up(error)
                return
            try:
                self._next = next(self._packets, None)
            except (OSError, ValueError, RuntimeError) as error:
                self._give_up(error)

    def close(self) -> None:
        """Free the source."""
        self._next = None
        self._open.close()

    def _start(self, source: str | Path, start: Fraction) -> None:
        video = locate(source).video
        if video is None:
            return
        container = self._open.enter_context(open_container(video))
        if not container.streams.audio:
            return
        if is_live(container, video):
            _log.warning("%s: its sound is not kept, as it can't be read a second time", self._name)
            return
        stream = container.streams.audio[0]
        context = stream.codec_context
        start += _first_time(video)
        copied = context.name in _COPIED and (context.extradata or context.name in _HEADLESS)
        items = _packets(container, stream, start) if copied else _frames(container, stream, start)
        first = next(items, None)  # what can't be read fails here, before the output has a track for it
        if first is None:
            return
        items = chain([first], items)
        if copied:
            self._target = self._output.add_stream_from_template(stream)
            self._packets = items
        else:
            layout = "mono" if first.layout.nb_channels == 1 else "stereo"
            rate = first.sample_rate if first.sample_rate in _AAC_RATES else 48000
            self._target = self._output.add_stream("aac", rate=rate, layout=layout)
            self._packets = chain.from_iterable(map(self._target.encode, chain(items, [None])))
        self._next = next(self._packets, None)

    def _give_up(self, error: Exception) -> None:
        reason = getattr(error, "strerror", None) or error
        _log.warning("%s: its sound can't be kept from here on (%s); the video goes on without", self._name, reason)
        self.close()


def _first_time(video: str) -> Fraction:
    """The stamp of the first frame as it is decoded, which need not be the first that is stored."""
    with open_container(video) as container:
        try:
            stream = video_stream(container, video)
        except ValueError:
            return Fraction(0)  # sound alone
        for frame in container.decode(stream):
            return Fraction(0) if frame.pts is None else Fraction(frame.pts * frame.time_base)
    return Fraction(0)


def _packets(container: Any, stream: Any, start: Fraction) -> Iterator[Any]:
    """Packets as they are, counted from the start; the one before it comes along, as codecs need it for the next."""
    last: int | None = None
    for packet in container.demux(stream):
        if packet.dts is None or packet.pts is None or (last is not None and packet.dts <= last):
            continue
        shift = round(start / packet.time_base)
        if packet.pts + 2 * (packet.duration or 0) <= shift:
            continue
        last = packet.dts
        packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
        yield packet


def _frames(container: Any, stream: Any, start: Fraction) -> Iterator[Any]:
    """Decoded sound, counted from the start and cut there; short gaps are filled with silence."""
    graph: Any = None
    expected = Fraction(0)
    for frame in container.decode(stream):
        if frame.pts is None:
            continue
        time = frame.pts * frame.time_base - start
        duration = Fraction(frame.samples, frame.sample_rate)
        if time + duration <= 0:
            continue
        graph = graph or _cutting_graph(frame)
        if time > expected + _LONGEST_GAP and expected:
            raise ValueError(f"{float(time - expected):.0f} s are missing")
        expected = time + duration
        frame.pts = round(time / frame.time_base)
        graph.push(frame)
        yield from _pulled(graph)
    if graph is not None:
        graph.push(None)
        yield from _pulled(graph)


def _cutting_graph(frame: Any) -> Any:
    graph = import_av("sound").filter.Graph()
    graph.link_nodes(
        graph.add_abuffer(
            sample_rate=frame.sample_rate,
            format=frame.format.name,
            layout=frame.layout.name,
            time_base=frame.time_base,
        ),
        graph.add("atrim", start="0"),
        graph.add("aresample", **{"async": "1"}),
        graph.add("abuffersink"),
    ).configure()
    return graph


def _pulled(graph: Any) -> Iterator[Any]:
    while True:
        try:
            yield graph.pull()
        except (BlockingIOError, EOFError):  # it needs more, or has given all
            return
