"""``metrics.json``: one line for each iteration that is recorded, once each, whatever happens on the way."""

from __future__ import annotations

import json
import logging
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

from detectron2.utils.events import EventWriter, get_event_storage

from ..whole_file import whole_file

logger = logging.getLogger(__name__)


class MetricsFile(EventWriter):
    """Writes the lines of Detectron2's ``JSONWriter``, of the same names and the same smoothing.

    Detectron2's own ends a training when the disk is full, leaves half a line when it is killed, and writes the
    iterations since the last checkpoint again when the training is resumed. Here lines that can't be written wait in
    memory, and a resumed training cuts the file back first.
    """

    def __init__(self, path: str | os.PathLike[str], window: int = 20) -> None:
        """
        Args:
            path: of the file; missing folders are made.
            window: over how many iterations the median of a scalar is taken.
        """
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.written = -1
        """The last iteration of which all is in the file, or waits to be."""
        self._window = window
        self._waiting = b""
        self._complained = False

    def write(self) -> None:
        """Add what is new in Detectron2's storage of events."""
        lines: dict[int, dict[str, float]] = defaultdict(dict)
        for name, (value, iteration) in get_event_storage().latest_with_smoothing_hint(self._window).items():
            if iteration > self.written:
                lines[iteration][name] = value
        for iteration in sorted(lines):
            line = json.dumps({**lines[iteration], "iteration": iteration}, sort_keys=True)
            self._waiting += f"{line}\n".encode()
            self.written = iteration
        if self._waiting:
            self._append()

    def cut_back(self, written: int, last: int) -> dict[str, Any]:
        """Take the file back to where it was when a checkpoint was saved.

        Args:
            written: the last iteration to keep.
            last: that of the checkpoint; may be later.

        Returns:
            what the file said of ``last``; {} if that was kept, or isn't there.
        """
        self.written, self._waiting = written, b""
        if not self.path.is_file():
            return {}
        old = self.path.read_bytes()
        lines = _whole_lines(old)
        new = b"".join(line for iteration, line in sorted(lines.items()) if iteration <= written)
        try:
            if new == old[: len(new)]:
                os.truncate(self.path, len(new))  # needs no room
            else:
                with whole_file(self.path) as file:
                    file.write(new)
        except OSError as error:
            self._complain(error)
        return json.loads(lines[last]) if last > written and last in lines else {}

    def _append(self) -> None:
        try:
            with open(self.path, "ab", buffering=0) as file:
                size = file.tell()
                if file.write(self._waiting) < len(self._waiting):
                    os.truncate(self.path, size)  # half a line is none; all of it is tried again
                    raise OSError("only a part could be written, the disk is full")
                os.fsync(file.fileno())
        except OSError as error:
            self._complain(error)
        else:
            self._waiting, self._complained = b"", False

    def _complain(self, error: OSError) -> None:
        if not self._complained:
            logger.error(f"{self.path} can't be written: {error}. The training goes on; its lines wait in memory")
        self._complained = True


def _whole_lines(content: bytes) -> dict[int, bytes]:
    """Lines by iteration, the later one where there are two; what isn't a line of ours is left out."""
    lines = {}
    for line in content.split(b"\n"):
        try:
            iteration = json.loads(line)["iteration"]
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
        if isinstance(iteration, int):
            lines[iteration] = line + b"\n"
    return lines


class Spared(EventWriter):
    """A writer that is left off, with an error in the log, when its file can't be written any more.

    It is made when it is first needed. TensorBoard's writes in a thread of its own that doesn't outlive a full disk.
    """

    def __init__(self, make: Any) -> None:
        """
        Args:
            make: gives the writer.
        """
        self._make, self._writer = make, None
        self._ended = False

    def write(self) -> None:
        """As the writer does."""
        self._try("write")

    def close(self) -> None:
        """As the writer does."""
        if self._writer is not None:
            self._try("close")

    def _try(self, what: str) -> None:
        if self._ended:
            return
        try:
            self._writer = self._writer or self._make()
            getattr(self._writer, what)()
        except OSError as error:
            self._ended = True
            logger.error(f"{type(self._writer).__name__} is left off until the training starts again: {error}")
