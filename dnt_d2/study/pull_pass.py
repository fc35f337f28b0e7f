"""How strongly each loss pulls at what both share in a trained D&T, measured by a process of its own.

python -m dnt_d2.study.pull_pass --config-file configs/minivid/study/DnT_EfficientNet_Lite0.yaml --output pulls.json \\
    MODEL.WEIGHTS output/study/seed1_DnT/model_final.pth
"""

from __future__ import annotations

import argparse
from itertools import islice
from typing import Any

from ..data.loaders import build_pair_train_loader
from ..evaluation.tables import write_json
from .commands import Workshop
from .design import PULL_BATCHES, PULLS_AT, Training
from .own_process import ask_apart, get_parser, load_network
from .pulls import measure_pulls
from .rounding import round_numbers


def pulls_of(shop: Workshop, training: Training, *, batches: int = PULL_BATCHES) -> dict[str, Any]:
    """Measure a D&T at :data:`.design.PULLS_AT`, on the first pairs that its training has seen.

    Args:
        shop: where.
        training: that is finished.
        batches: how many.

    Returns:
        ``{file of weights: what :func:`.pulls.measure_pulls` says}``, to five digits.

    Raises:
        RuntimeError: it failed; what it printed says why.
    """
    words = ("--batches", batches, "SEED", training.seed)
    return {when: ask_apart(shop, "pull_pass", training, words, weights=when) for when in PULLS_AT}


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """What the command does, but for writing it down.

    Raises:
        ValueError: the network has no track head, or the config contradicts itself.
    """
    cfg, model = load_network(args, training=True)
    loader = build_pair_train_loader(cfg)
    found: dict[str, Any] = round_numbers(measure_pulls(model, islice(loader, args.batches), seed=max(cfg.SEED, 0)), 5)
    return found


def pull_parser() -> argparse.ArgumentParser:
    """Of the command."""
    parser = get_parser(__doc__)
    parser.add_argument("--batches", type=int, default=PULL_BATCHES, help="of training pairs (default: %(default)s)")
    return parser


if __name__ == "__main__":
    arguments = pull_parser().parse_args()
    write_json(arguments.output, measure(arguments))
