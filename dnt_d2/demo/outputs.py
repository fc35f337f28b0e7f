"""The files that a command line asks for: tried before the work, kept whatever happens."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ..formats.track_files import TrackWriter, parse_target
from ..video import VideoSource, VideoWriter
from .sinks import Sink, Window, to_tracks, to_video
from .spans import TimelineSink


class Outputs:
    """All that comes out of one run. A context manager: left by an error, it keeps what was done.

    Args:
        args: of the command line.
        source: the open input.
        names: of the classes.
        stop: called when the user closes the window.

    Attributes:
        sinks: to be called with each frame.
        wants_pictures: whether any of them looks at the picture.

    Raises:
        OSError, ValueError, ModuleNotFoundError: one of them can't be; nothing is written.
    """

    def __init__(
        self, args: argparse.Namespace, source: VideoSource, names: Sequence[str], stop: Callable[[], None]
    ) -> None:
        self._files = _named(args)
        _check_names(args.input, [path for _, path in self._files])
        self._before = [_state(path) for _, path in self._files]
        self.wants_pictures = bool(args.output or args.show)
        self._stack = ExitStack()
        self._writers: list[Any] = []
        self.sinks: list[Sink] = []
        if args.output:
            audio = None if args.no_audio or source.live else args.input
            try:
                video = VideoWriter(args.output, source.info.fps, audio_from=audio, keep_partial=True)
            except RuntimeError as error:  # no encoder
                raise OSError(str(error)) from error
            self._add(video, to_video(video))
        for target in args.tracks:
            form, path = parse_target(target)
            tracks = TrackWriter(path, form=form, video=source.name, class_names=names, fps=source.info.fps)
            self._add(tracks, to_tracks(tracks))
        if args.timeline:
            timeline = TimelineSink(args.timeline, names, source.name, source.info.fps)
            self._add(timeline, timeline)
        if args.show:
            window = Window(source.name, stop, None if source.live else source.info.fps)
            self._add(window, window)

    def _add(self, writer: Any, sink: Sink) -> None:
        self._writers.append(writer)
        self.sinks.append(sink)

    def report(self) -> list[str]:
        """A line for each file that was written."""
        files = zip(self._files, self._before, strict=True)
        return [f"{kind}: {path}" for (kind, path), before in files if _state(path) not in (None, before)]

    def __enter__(self) -> Outputs:
        for writer in self._writers:
            self._stack.enter_context(writer)
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)


def _named(args: argparse.Namespace) -> list[tuple[str, Path]]:
    """What each file is, and where."""
    named = [
        ("video", args.output),
        *(("tracks", parse_target(t)[1]) for t in args.tracks),
        ("timeline", args.timeline),
    ]
    return [(kind, Path(path).expanduser()) for kind, path in named if path]


def _check_names(source: str, paths: Sequence[Path]) -> None:
    for i, path in enumerate(paths):
        if path.exists() and Path(source).expanduser().exists() and path.samefile(Path(source).expanduser()):
            raise ValueError(f"{path}: that is the input; give the output another name")
        if path.resolve() in [other.resolve() for other in paths[:i]]:
            raise ValueError(f"{path}: two outputs have this name")


def _state(path: Path) -> tuple[int, int] | None:
    """Another one when the file is replaced; None without a file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns
