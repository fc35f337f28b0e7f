"""Frames and sound into a fragmented mp4: whatever kills the program, what is in the file plays."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

from .audio import AudioTrack
from .frame import Frame
from .pixels import ITU709, from_bgr
from .pyav import import_av

# An index comes with each second, and is handed to the operating system at once; a track without packets holds the
# others back for no longer than that. The head comes with the first of them, so that it can have the edit lists by
# which the first frame is at time 0.
_FRAGMENTED = {
    "movflags": "delay_moov+default_base_moof",
    "frag_duration": "1000000",
    "flush_packets": "1",
    "max_interleave_delta": "1000000",
}


class Encoder:
    """Writes H.264 (yuv420p, BT.709), and the sound of a source, into a file.

    Args:
        path: of the file, in a folder that is there.
        rate: frames per second, for the encoder and for how long the last frame is shown.
        size: of the frames, (height, width).
        crf: x264's quality.
        audio_from: whose sound to keep.
        start: the time of the first frame in that source.

    Raises:
        OSError: where the file can't be written; this holds for all methods.
    """

    def __init__(
        self,
        path: Path,
        rate: Fraction,
        size: tuple[int, int],
        *,
        crf: int,
        audio_from: str | Path | None = None,
        start: Fraction = Fraction(0),
    ) -> None:
        self._av = import_av(str(path))
        # A multiple of the rate, so that its times are exact, and fine enough for any others.
        self._time_base = Fraction(1, rate.numerator * max(1, 90_000 // rate.numerator))
        self._period = 1 / rate
        self._tick = -1
        self._first_dts: int | None = None
        self._container = self._av.open(str(path), "w", format="mp4", options=_FRAGMENTED)
        self._stream = self._add_stream(rate, size, crf)
        self._audio = None if audio_from is None else AudioTrack(audio_from, self._container, start)

    def write(self, image: Frame, time: Fraction) -> None:
        """Append a frame.

        Args:
            image: BGR uint8, of the size given.
            time: in seconds after the first frame, rising.
        """
        picture = from_bgr(image, self._av)
        self._tick = max(round(time / self._time_base), self._tick + 1)
        picture.pts, picture.time_base = self._tick, self._time_base
        self._mux(self._stream.encode(picture))
        if self._audio is not None:
            self._audio.write_until(time)

    def close(self) -> None:
        """Finish the file."""
        packets = self._stream.encode()
        end = self._tick + round(self._period / self._time_base)
        if packets:
            # Decoding runs ahead of showing; so that both last equally long, the last packet has what is left.
            first = packets[0].dts if self._first_dts is None else self._first_dts
            packets[-1].duration = max(end - (packets[-1].dts - first), 1)
        self._mux(packets)
        if self._audio is not None:
            self._audio.write_until(end * self._time_base)
            self._audio.close()
        self._container.close()

    def abandon(self) -> None:
        """Let go of the file, after an error; what the encoder still holds is lost."""
        if self._audio is not None:
            self._audio.close()
        with suppress(self._av.FFmpegError):  # the same again: a full disk, say
            self._container.close()

    def _mux(self, packets: list[Any]) -> None:
        if packets and self._first_dts is None:
            self._first_dts = packets[0].dts
        self._container.mux(packets)

    def _add_stream(self, rate: Fraction, size: tuple[int, int], crf: int) -> Any:
        stream = self._container.add_stream("libx264", rate=rate)
        stream.height, stream.width = size[0] + size[0] % 2, size[1] + size[1] % 2
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": str(crf), "preset": "veryfast"}
        stream.time_base = stream.codec_context.time_base = self._time_base
        # Players guess the colour space from the size; told, they all show the same colours.
        for name in ("colorspace", "color_primaries", "color_trc"):
            setattr(stream.codec_context, name, ITU709)
        stream.codec_context.color_range = 1  # 16 to 235
        return stream
