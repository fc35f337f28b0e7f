"""From the fragmented mp4 that was written to the file that is wanted: plain, with its index in front."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

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
    """Copy the packets of a fragmented mp4 into a plain one with the index in front.

    Raises:
        OSError: where the new file can't be written; what there is of it is removed.
    """
    av = import_av(str(fragmented))
    try:
        with (
            av.open(str(fragmented)) as source,
            av.open(str(plain), "w", format="mp4", options={"movflags": "faststart"}) as target,
        ):
            streams = {stream.index: target.add_stream_from_template(stream) for stream in source.streams}
            for packet in source.demux():
                if packet.dts is not None:
                    packet.stream = streams[packet.stream_index]
                    target.mux(packet)
        with open(plain, "r+b") as file:
            os.fsync(file.fileno())
    except BaseException:
        with suppress(OSError):
            plain.unlink(missing_ok=True)
        raise
