"""What people can ask of the demo on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from detectron2.config import CfgNode, get_cfg

from .. import add_dnt_config
from ..config_files import merge_config_file

_EPILOG = """\
Ctrl-C stops reading; what was read is finished. A second one stops drawing, too. The files are whole in any case.
Exit status: 0 done, 1 an error (what was done before it is kept), 2 a bad command line, 130 stopped by Ctrl-C."""


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def _share(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number in [0, 1]")
    return number


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dnt_d2.demo",
        description="Track the objects of a video, draw them, and write them down.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--config-file", required=True, metavar="FILE", help="a D&T config")
    parser.add_argument(
        "--input",
        required=True,
        metavar="SOURCE",
        help='a video, a folder of images, a glob pattern, a camera ("camera" or its number), the address of a stream',
    )
    _add_outputs(parser.add_argument_group("what comes out, one of these at least"))
    _add_choices(parser.add_argument_group("what is tracked"))
    _add_looks(parser.add_argument_group("what it looks like"))
    parser.add_argument("opts", nargs="*", metavar="KEY VALUE", help="of the config, MODEL.WEIGHTS for one")
    return parser


def _add_outputs(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--output", metavar="MP4", help="a drawn video, with the sound of the input")
    group.add_argument(
        "--tracks",
        action="append",
        default=[],
        metavar="TARGET",
        help="boxes and tracks as data: FILE.txt (MOT), FILE.json (COCO-VID), FILE.csv, coco:FILE or ilsvrc:FILE; "
        "may be given several times",
    )
    group.add_argument("--timeline", metavar="FILE", help="the tubes over time: a png, svg, pdf or jpg")
    group.add_argument("--show", action="store_true", help="a window; q or Esc stops")


def _add_choices(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--mode",
        choices=("offline", "online"),
        help="offline: link and re-score over the whole video; online: from the past alone (sec. 5.3), each frame at "
        "once. Default: online for cameras and live streams, offline for the rest",
    )
    group.add_argument(
        "--window", type=_count, metavar="N", help="offline, N frames at a time: results come N frames late"
    )
    group.add_argument(
        "--stride", type=_count, default=1, metavar="N", help="tau: run the network on every N-th frame alone"
    )
    group.add_argument("--max-frames", type=_count, metavar="N", help="read the first N frames alone")
    group.add_argument("--classes", nargs="+", default=[], metavar="NAME", help="these alone, by name or number")
    group.add_argument(
        "--score",
        type=_share,
        default=0.0,
        metavar="S",
        help="show a track from where it reaches this score, in [0, 1], until it falls below half of it",
    )
    group.add_argument(
        "--min-frames",
        type=_count,
        default=5,
        metavar="N",
        help="offline, leave out what flickers up for fewer frames (default 5)",
    )


def _add_looks(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--compare", action="store_true", help="single frames above, tubes below")
    group.add_argument("--scale", type=_count, default=1, metavar="N", help="enlarge the picture N times")
    group.add_argument("--no-audio", action="store_true", help="leave out the sound")


def parse(arguments: Sequence[str] | None = None) -> tuple[argparse.Namespace, CfgNode]:
    """The options, and the config that they name, with its changes, frozen.

    Raises:
        SystemExit: for a bad command line; the message is on stderr.
        OSError: where there is no such config.
    """
    parser = get_parser()
    args = parser.parse_intermixed_args(arguments)
    if not (args.output or args.tracks or args.timeline or args.show):
        parser.error("nothing would come out: give --output, --tracks, --timeline or --show")
    if args.mode == "online" and args.window:
        parser.error("--window is of offline linking: online, each result comes with its frame")
    cfg = get_cfg()
    add_dnt_config(cfg)
    try:
        merge_config_file(cfg, args.config_file)
    except (AssertionError, KeyError, ValueError) as error:
        parser.error(f"the config {args.config_file}: {error.args[0]}")
    # Keys that follow the last class name are no classes: "--classes dog MODEL.WEIGHTS model.pth".
    first = next((i for i, word in enumerate(args.classes) if _is_key(word, cfg)), len(args.classes))
    args.classes, opts = args.classes[:first], args.classes[first:] + args.opts
    try:
        cfg.merge_from_list(opts)
    except (AssertionError, KeyError, ValueError) as error:
        parser.error(f"the config's keys and values, {' '.join(opts)}: {error.args[0]}")
    cfg.freeze()
    return args, cfg


def _is_key(word: str, cfg: CfgNode) -> bool:
    node = cfg
    for part in word.split("."):
        if not isinstance(node, CfgNode) or part not in node:
            return False
        node = node[part]
    return True


def choose_mode(mode: str | None, window: int | None, live: bool) -> str:
    """The mode, where it was left open; see ``--mode``.

    Raises:
        ValueError: offline without a window, for a source that never ends.
    """
    if not live:
        return mode or "offline"
    if mode == "offline" and not window:
        raise ValueError(
            "--mode offline: a live input has no end that tubes could wait for; take --window N (results N frames "
            "late), or --mode online"
        )
    return mode or ("offline" if window else "online")
