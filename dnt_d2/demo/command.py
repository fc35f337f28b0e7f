"""The command: a source through the network to the outputs, whatever happens on the way."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence

from detectron2.config import CfgNode
from tqdm import tqdm

from .. import VideoPredictor
from ..data import register_from_config
from ..video import VideoSource
from .choosing import Choice
from .classes import class_names, find_classes
from .drawing import ResultDrawer
from .options import choose_mode, parse
from .outputs import Outputs
from .passes import Shown, read_again, track_live, track_twice
from .playing import play
from .sinks import ProgressBar
from .stopping import Stage, interruptible

INTERRUPTED = 130  # what shells give a command that Ctrl-C ended


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: of the command line; None takes those of the process.

    Returns:
        The exit status: 0 done, 1 an error, 130 stopped by Ctrl-C; what was done is kept.
    """
    warnings.filterwarnings("ignore", message="torch.meshgrid")  # Detectron2's, in the middle of the progress bar
    try:
        args, cfg = parse(arguments)
        with VideoSource(args.input) as source:
            return _run(args, cfg, source)
    except KeyboardInterrupt:
        print("interrupted: unfinished files are not kept", file=sys.stderr)
        return INTERRUPTED
    except (OSError, ValueError, ModuleNotFoundError) as error:
        for message in _messages(error):
            print(f"error: {message}", file=sys.stderr)
        return 1


def _messages(error: BaseException | None) -> Iterator[str]:
    """Of an error and of those before it: a full disk may strike one file after the other."""
    if error is not None:
        # The cause is told in the words of its error; what came before that is another matter.
        yield from _messages(error.__cause__.__context__ if error.__cause__ else error.__context__)
        yield str(error)


def _run(args: argparse.Namespace, cfg: CfgNode, source: VideoSource) -> int:
    mode = choose_mode(args.mode, args.window, source.live)
    register_from_config(cfg)
    names = class_names(cfg)
    choice = Choice(args.score, find_classes(args.classes, names) or None)
    reading, showing = Stage(limit=args.max_frames, keep_going=True), Stage()
    outputs = Outputs(args, source, names, showing.stop)
    predictor = _load(cfg, mode, args)
    draw = ResultDrawer(names, compare=args.compare, scale=args.scale) if outputs.wants_pictures else None
    stages = {
        "Ctrl-C: what was read is being finished; once more stops that, too": reading,
        "Ctrl-C: the files are being finished": showing,
    }
    frames = tqdm(reading(source), total=_length(source, args.max_frames), desc="tracking", unit="frame")
    second_bar = ProgressBar("drawing" if draw else "writing", lambda: reading.count)
    sinks = list(outputs.sinks)
    if mode == "online" or args.window:
        shown = track_live(predictor, frames)
    else:
        shown = track_twice(predictor, frames, read_again(args.input) if outputs.wants_pictures else None)
        sinks.append(second_bar)
    try:
        with interruptible(stages) as interrupts, frames, second_bar, outputs:
            play(_chosen(shown, choice), *sinks, draw=draw, stage=showing)
            if not showing.count:
                raise KeyboardInterrupt  # so early that there is nothing to keep
    finally:
        for line in outputs.report():
            print(line)
    if reading.error is not None:
        print(f"error: {reading.error}; the {reading.count} frames before are done", file=sys.stderr)
        return 1
    return INTERRUPTED if interrupts.count else 0


def _load(cfg: CfgNode, mode: str, args: argparse.Namespace) -> VideoPredictor:
    settings = {"temporal_stride": args.stride, "window": args.window, "min_frames": args.min_frames}
    return VideoPredictor(cfg, mode=mode, **settings)


def _chosen(shown: Iterable[Shown], choice: Choice) -> Iterator[Shown]:
    for one in shown:
        yield one._replace(result=choice(one.result))


def _length(source: VideoSource, limit: int | None) -> int | None:
    """How many frames there will be, if anybody knows."""
    if source.info.num_frames is None:
        return limit
    return source.info.num_frames if limit is None else min(source.info.num_frames, limit)
