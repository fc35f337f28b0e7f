"""From the fragmented mp4 that was written to the file that is wanted: plain, with its index in front."""

from __future__ import annotations

import os
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

from .boxes import whole_fragments
from .pyav import import_av


def salvage(path: Path) -> int:
    """Cut off what is broken at the end of a fragmented mp4.

    Returns:
        how many frames it holds.
    """
    av = import_av(str(path))
    os.truncate(path, whole_fragments(path))
    try:
        with av.open(str(path)) as container:
            return sum(packet.dts is not None for packet in container.demux(container.streams.video[0]))
    except av.FFmpegError:  # it broke before the first fragment
        return 0


def rewrite(fragmented: Path, plain: Path) -> None:
    """Copy the packets of a fragmented mp4 into a plain one, whose first frame is at time 0, with the index in front.

    Raises:
        OSError: where the new file can't be written; what there is of it is removed.
    """
    av = import_av(str(fragmented))
    try:
        with av.open(str(fragmented)) as source:
            # A fragmented file begins before there are any times to write into its head, so its first isn't 0.
            start = _first_time(source, source.streams.video[0])
        with av.open(str(fragmented)) as source:
            _copy(av, source, plain, start)
        sync(plain)
    except BaseException:
        with suppress(OSError):
            plain.unlink(missing_ok=True)
        raise


def sync(path: Path) -> None:
    """Wait until a file is on the disk."""
    with open(path, "r+b") as file:
        os.fsync(file.fileno())


def _first_time(source: Any, stream: Any) -> Fraction:
    """Frames are shown in another order than they are stored: the first is among the first few."""
    stamps = [packet.pts for packet, _ in zip(source.demux(stream), range(32), strict=False) if packet.pts is not None]
    return min(stamps) * stream.time_base


def _copy(av: Any, source: Any, plain: Path, start: Fraction) -> None:
    with av.open(str(plain), "w", format="mp4", options={"movflags": "faststart"}) as target:
        streams = {stream.index: target.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is None:
                continue
            shift = round(start / packet.time_base)
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            packet.stream = streams[packet.stream_index]
            target.mux(packet)
